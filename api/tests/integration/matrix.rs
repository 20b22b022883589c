//! Who may do what, asked of every operation of the OpenAPI document. The table here is written by hand: it must agree with the policy,
//! and an operation that it lacks fails.

use hyper::Method;
use serde_json::Value;

use super::api::{Answer, Api, ApiClient};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Everybody,
    LoggedIn,
    /// With this role or a higher one at the site.
    Role(i16),
    SystemAdmin,
}

const ADMIN: Who = Who::Role(3);
const OPERATOR: Who = Who::Role(2);
const VIEWER: Who = Who::Role(1);

/// Operation, who may, and the scope with which a key may.
const TABLE: &[(&str, Who, Option<&str>)] = &[
    ("get /api/v1/openapi.json", Who::Everybody, None),
    ("post /api/v1/first-admin", Who::Everybody, None),
    ("post /api/v1/session", Who::Everybody, None),
    ("get /api/v1/session", Who::LoggedIn, None),
    ("put /api/v1/session/password", Who::LoggedIn, None),
    ("delete /api/v1/session", Who::LoggedIn, None),
    ("get /api/v1/sign-in", Who::Everybody, None),
    ("get /api/v1/sign-in/{provider_id}", Who::Everybody, None),
    ("get /api/v1/sign-in/{provider_id}/callback", Who::Everybody, None),
    ("get /api/v1/users/{user_id}/identities", Who::SystemAdmin, None),
    ("post /api/v1/users/{user_id}/identities", Who::SystemAdmin, None),
    ("delete /api/v1/users/{user_id}/identities/{identity_id}", Who::SystemAdmin, None),
    ("post /api/v1/users/{user_id}/invitation", Who::SystemAdmin, None),
    ("get /api/v1/users", Who::SystemAdmin, None),
    ("post /api/v1/users", Who::SystemAdmin, None),
    ("get /api/v1/users/{user_id}", Who::SystemAdmin, None),
    ("put /api/v1/users/{user_id}", Who::SystemAdmin, None),
    ("delete /api/v1/users/{user_id}", Who::SystemAdmin, None),
    ("put /api/v1/users/{user_id}/password", Who::SystemAdmin, None),
    ("get /api/v1/sites", Who::LoggedIn, Some("sites:read")),
    ("post /api/v1/sites", Who::SystemAdmin, Some("sites:write")),
    ("get /api/v1/sites/{site_id}", VIEWER, Some("sites:read")),
    ("put /api/v1/sites/{site_id}", ADMIN, Some("sites:write")),
    ("get /api/v1/sites/{site_id}/cameras", VIEWER, Some("cameras:read")),
    ("post /api/v1/sites/{site_id}/cameras", OPERATOR, Some("cameras:write")),
    ("get /api/v1/sites/{site_id}/cameras/{camera_id}", VIEWER, Some("cameras:read")),
    ("put /api/v1/sites/{site_id}/cameras/{camera_id}", OPERATOR, Some("cameras:write")),
    ("delete /api/v1/sites/{site_id}/cameras/{camera_id}", OPERATOR, Some("cameras:write")),
    ("get /api/v1/sites/{site_id}/cameras/{camera_id}/versions", VIEWER, Some("cameras:read")),
    ("post /api/v1/sites/{site_id}/cameras/{camera_id}/restore", OPERATOR, Some("cameras:write")),
    ("get /api/v1/sites/{site_id}/cameras/{camera_id}/live", VIEWER, Some("live:read")),
    ("get /api/v1/sites/{site_id}/live", VIEWER, Some("live:read")),
    ("get /api/v1/cameras/{camera_id}/live", Who::SystemAdmin, Some("live:read")),
    ("get /api/v1/live", Who::SystemAdmin, Some("live:read")),
    ("get /api/v1/sites/{site_id}/events", VIEWER, Some("alerts:read")),
    ("get /api/v1/live/feed", Who::LoggedIn, Some("live:read")),
    ("post /api/v1/sites/{site_id}/camera-tests", OPERATOR, Some("cameras:write")),
    ("get /api/v1/sites/{site_id}/camera-tests/{test_id}", OPERATOR, Some("cameras:write")),
    ("get /api/v1/sites/{site_id}/camera-tests/{test_id}/snapshot", VIEWER, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/counts", VIEWER, Some("counts:read")),
    ("get /api/v1/sites/{site_id}/cameras/{camera_id}/heat-map", VIEWER, Some("tracks:read")),
    ("post /api/v1/sites/{site_id}/cameras/{camera_id}/rule-preview", VIEWER, Some("tracks:read")),
    ("get /api/v1/sites/{site_id}/tracks", VIEWER, Some("tracks:read")),
    ("get /api/v1/tracks", Who::SystemAdmin, Some("tracks:read")),
    ("get /api/v1/sites/{site_id}/tracks/{track_id}", VIEWER, Some("tracks:read")),
    ("get /api/v1/tracks/{track_id}", Who::SystemAdmin, Some("tracks:read")),
    ("get /api/v1/sites/{site_id}/tracks/{track_id}/detections", VIEWER, Some("tracks:read")),
    ("get /api/v1/tracks/{track_id}/detections", Who::SystemAdmin, Some("tracks:read")),
    ("get /api/v1/sites/{site_id}/tracks/{track_id}/snapshot", VIEWER, Some("pictures:read")),
    ("get /api/v1/tracks/{track_id}/snapshot", Who::SystemAdmin, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/track-snapshots", VIEWER, Some("pictures:read")),
    ("get /api/v1/track-snapshots", Who::SystemAdmin, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/track-counts", VIEWER, Some("tracks:read")),
    ("get /api/v1/sites/{site_id}/alerts", VIEWER, Some("alerts:read")),
    ("get /api/v1/alerts", Who::SystemAdmin, Some("alerts:read")),
    ("get /api/v1/sites/{site_id}/alerts/{alert_id}", VIEWER, Some("alerts:read")),
    ("get /api/v1/alerts/{alert_id}", Who::SystemAdmin, Some("alerts:read")),
    ("get /api/v1/sites/{site_id}/alerts/{alert_id}/review", VIEWER, Some("alerts:read")),
    ("get /api/v1/alerts/{alert_id}/review", Who::SystemAdmin, Some("alerts:read")),
    ("put /api/v1/sites/{site_id}/alerts/{alert_id}/review", OPERATOR, Some("alerts:write")),
    ("put /api/v1/alerts/{alert_id}/review", Who::SystemAdmin, Some("alerts:write")),
    ("put /api/v1/sites/{site_id}/alerts/{alert_id}/seen", VIEWER, None),
    ("put /api/v1/alerts/{alert_id}/seen", Who::SystemAdmin, None),
    ("delete /api/v1/sites/{site_id}/alerts/{alert_id}/seen", VIEWER, None),
    ("delete /api/v1/alerts/{alert_id}/seen", Who::SystemAdmin, None),
    ("get /api/v1/sites/{site_id}/alerts/{alert_id}/comments", VIEWER, Some("alerts:read")),
    ("get /api/v1/alerts/{alert_id}/comments", Who::SystemAdmin, Some("alerts:read")),
    ("post /api/v1/sites/{site_id}/alerts/{alert_id}/comments", OPERATOR, Some("alerts:write")),
    ("post /api/v1/alerts/{alert_id}/comments", Who::SystemAdmin, Some("alerts:write")),
    ("delete /api/v1/sites/{site_id}/alerts/{alert_id}/comments/{comment_id}", OPERATOR, Some("alerts:write")),
    ("delete /api/v1/alerts/{alert_id}/comments/{comment_id}", Who::SystemAdmin, Some("alerts:write")),
    ("get /api/v1/sites/{site_id}/alerts/{alert_id}/snapshot", VIEWER, Some("pictures:read")),
    ("get /api/v1/alerts/{alert_id}/snapshot", Who::SystemAdmin, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/alerts/{alert_id}/clip", VIEWER, Some("pictures:read")),
    ("get /api/v1/alerts/{alert_id}/clip", Who::SystemAdmin, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/object", VIEWER, Some("pictures:read")),
    ("get /api/v1/object", Who::SystemAdmin, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/uploads", VIEWER, Some("uploads:read")),
    ("post /api/v1/sites/{site_id}/uploads", OPERATOR, Some("uploads:write")),
    ("options /api/v1/sites/{site_id}/uploads", Who::Everybody, None),
    ("get /api/v1/sites/{site_id}/uploads/{upload_id}", VIEWER, Some("uploads:read")),
    ("head /api/v1/sites/{site_id}/uploads/{upload_id}", VIEWER, Some("uploads:read")),
    ("patch /api/v1/sites/{site_id}/uploads/{upload_id}", OPERATOR, Some("uploads:write")),
    ("delete /api/v1/sites/{site_id}/uploads/{upload_id}", OPERATOR, Some("uploads:write")),
    ("post /api/v1/sites/{site_id}/uploads/{upload_id}/cancel", OPERATOR, Some("uploads:write")),
    ("post /api/v1/sites/{site_id}/cameras/{camera_id}/deletions", ADMIN, None),
    ("get /api/v1/sites/{site_id}/deletions", ADMIN, None),
    ("get /api/v1/sites/{site_id}/deletions/{deletion_id}", ADMIN, None),
    ("post /api/v1/sites/{site_id}/cameras/{camera_id}/exports", ADMIN, None),
    ("get /api/v1/sites/{site_id}/exports", ADMIN, None),
    ("get /api/v1/sites/{site_id}/exports/{export_id}", ADMIN, None),
    ("delete /api/v1/sites/{site_id}/exports/{export_id}", ADMIN, None),
    ("get /api/v1/sites/{site_id}/exports/{export_id}/archive", ADMIN, None),
    ("get /api/v1/sites/{site_id}/retention", VIEWER, Some("sites:read")),
    ("put /api/v1/sites/{site_id}/retention", ADMIN, Some("sites:write")),
    ("get /api/v1/sites/{site_id}/uploads/{upload_id}/frames", VIEWER, Some("tracks:read")),
    ("get /api/v1/sites/{site_id}/uploads/{upload_id}/video", VIEWER, Some("pictures:read")),
    ("get /api/v1/sites/{site_id}/webhooks", ADMIN, Some("webhooks:read")),
    ("post /api/v1/sites/{site_id}/webhooks", ADMIN, Some("webhooks:write")),
    ("get /api/v1/sites/{site_id}/webhooks/{webhook_id}", ADMIN, Some("webhooks:read")),
    ("put /api/v1/sites/{site_id}/webhooks/{webhook_id}", ADMIN, Some("webhooks:write")),
    ("delete /api/v1/sites/{site_id}/webhooks/{webhook_id}", ADMIN, Some("webhooks:write")),
    ("post /api/v1/sites/{site_id}/webhooks/{webhook_id}/secret", ADMIN, Some("webhooks:write")),
    ("post /api/v1/sites/{site_id}/webhooks/{webhook_id}/test", ADMIN, Some("webhooks:write")),
    ("get /api/v1/sites/{site_id}/webhooks/{webhook_id}/deliveries", ADMIN, Some("webhooks:read")),
    (
        "post /api/v1/sites/{site_id}/webhooks/{webhook_id}/deliveries/{delivery_id}/retry",
        ADMIN,
        Some("webhooks:write"),
    ),
    ("get /api/v1/sites/{site_id}/members", ADMIN, None),
    ("post /api/v1/sites/{site_id}/members", ADMIN, None),
    ("put /api/v1/sites/{site_id}/members/{user_id}", ADMIN, None),
    ("delete /api/v1/sites/{site_id}/members/{user_id}", ADMIN, None),
    ("get /api/v1/sites/{site_id}/keys", ADMIN, None),
    ("post /api/v1/sites/{site_id}/keys", ADMIN, None),
    ("delete /api/v1/sites/{site_id}/keys/{key_id}", ADMIN, None),
    ("get /api/v1/keys", Who::SystemAdmin, None),
    ("post /api/v1/keys", Who::SystemAdmin, None),
    ("delete /api/v1/keys/{key_id}", Who::SystemAdmin, None),
    ("get /api/v1/sites/{site_id}/clients", ADMIN, None),
    ("post /api/v1/sites/{site_id}/clients", ADMIN, None),
    ("delete /api/v1/sites/{site_id}/clients/{client_id}", ADMIN, None),
    ("get /api/v1/clients", Who::SystemAdmin, None),
    ("post /api/v1/clients", Who::SystemAdmin, None),
    ("delete /api/v1/clients/{client_id}", Who::SystemAdmin, None),
    ("get /api/v1/signing-keys", Who::SystemAdmin, None),
    ("post /api/v1/signing-keys", Who::SystemAdmin, None),
    ("post /api/v1/oauth/token", Who::Everybody, None),
    ("get /.well-known/jwks.json", Who::Everybody, None),
    ("get /.well-known/oauth-authorization-server", Who::Everybody, None),
    ("get /api/v1/sites/{site_id}/audit", ADMIN, Some("audit:read")),
    ("get /api/v1/audit", Who::SystemAdmin, Some("audit:read")),
    ("get /api/v1/system/health", Who::SystemAdmin, Some("system:read")),
];

pub const SCOPES: [&str; 16] = [
    "sites:read",
    "sites:write",
    "audit:read",
    "cameras:read",
    "cameras:write",
    "live:read",
    "counts:read",
    "tracks:read",
    "alerts:read",
    "alerts:write",
    "pictures:read",
    "uploads:read",
    "uploads:write",
    "webhooks:read",
    "webhooks:write",
    "system:read",
];

/// Somebody who asks.
struct Caller {
    name: String,
    client: ApiClient,
    kind: Kind,
}

enum Kind {
    Nobody,
    Member(i16),
    SystemAdmin,
    Key { scopes: Vec<&'static str>, global: bool },
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Admitted,
    NotLoggedIn,
    Forbidden,
    /// As if the site did not exist.
    NoSuchSite,
}

impl Caller {
    /// `own`: at their own site, or at another; `None`: the operation concerns no site.
    fn expected(&self, who: Who, scope: Option<&str>, own: Option<bool>) -> Outcome {
        let theirs = own != Some(false);
        let admitted = match &self.kind {
            _ if who == Who::Everybody => true,
            Kind::Nobody => return Outcome::NotLoggedIn,
            Kind::SystemAdmin => true,
            Kind::Member(role) => match who {
                Who::Everybody | Who::LoggedIn => true,
                Who::Role(least) => theirs && *role >= least,
                Who::SystemAdmin => false,
            },
            Kind::Key { scopes, global } => {
                let reaches = match who {
                    Who::Everybody | Who::LoggedIn => true,
                    Who::Role(_) => theirs || *global,
                    Who::SystemAdmin => *global,
                };
                reaches && scope.is_some_and(|scope| scopes.contains(&scope))
            }
        };
        let knows = theirs || matches!(self.kind, Kind::Key { global: true, .. });
        match (admitted, knows) {
            (true, _) => Outcome::Admitted,
            (false, true) => Outcome::Forbidden,
            (false, false) => Outcome::NoSuchSite,
        }
    }
}

fn outcome(answer: &Answer) -> Outcome {
    let code = answer.body["code"].as_str().unwrap_or_default();
    match (answer.status.as_u16(), code) {
        (401, _) => Outcome::NotLoggedIn,
        (403, "forbidden") => Outcome::Forbidden,
        (404, "not_found") if answer.body["detail"] == "there is no such site" => Outcome::NoSuchSite,
        (status, _) => {
            assert!(status < 500, "{answer:?}");
            Outcome::Admitted
        }
    }
}

async fn callers(api: &Api, own: &str) -> Vec<Caller> {
    let admin = api.admin().await;
    let mut callers = Vec::new();
    let mut add = |name: &str, client, kind| callers.push(Caller { name: name.to_owned(), client, kind });
    add("nobody", api.client(), Kind::Nobody);
    add("a foreign token", api.program("vru_unknown"), Kind::Nobody);
    for (name, role) in [("viewer", 1), ("operator", 2), ("manager", 3)] {
        add(name, api.member(name, own, role).await, Kind::Member(role));
    }
    for scope in SCOPES {
        for global in [false, true] {
            let key = admin.create_key((!global).then_some(own), &[scope]).await;
            add(&format!("key {scope} {global}"), api.program(&key), Kind::Key { scopes: vec![scope], global });
        }
    }
    let key = admin.create_key(Some(own), &SCOPES).await;
    add("key with all scopes", api.program(&key), Kind::Key { scopes: SCOPES.to_vec(), global: false });
    add("system admin", admin, Kind::SystemAdmin);
    callers
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_admits_whom_the_table_names_and_nobody_else() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (own, other) = (admin.create_site("own").await, admin.create_site("other").await);
    let callers = callers(&api, &own).await;
    let document = serde_json::to_value(vru_api::openapi::document()).expect("JSON");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("operations") {
            let name = format!("{method} {path}");
            let row = TABLE.iter().find(|(known, _, _)| *known == name);
            let (_, who, scope) = *row.unwrap_or_else(|| panic!("the table lacks {name}"));
            check_document(&name, operation, who, scope);
            operations.push((method.to_uppercase(), path.clone(), who, scope));
        }
    }
    assert_eq!(operations.len(), TABLE.len(), "the table names operations that do not exist");
    // It ends the session with which the others are asked.
    operations.sort_by_key(|(method, path, _, _)| method == "DELETE" && path == "/api/v1/session");
    for caller in &callers {
        for (method, path, who, scope) in &operations {
            let of_site = path.contains("{site_id}");
            let sites = if of_site { vec![(&own, Some(true)), (&other, Some(false))] } else { vec![(&own, None)] };
            for (site, at_own) in sites {
                let mut path = path.replace("{site_id}", site);
                let ids = ["{user_id}", "{key_id}", "{camera_id}", "{track_id}", "{alert_id}", "{comment_id}"];
                for id in ids.into_iter().chain([
                    "{webhook_id}",
                    "{delivery_id}",
                    "{client_id}",
                    "{provider_id}",
                    "{identity_id}",
                    "{test_id}",
                    "{upload_id}",
                    "{deletion_id}",
                    "{export_id}",
                ]) {
                    path = path.replace(id, "none");
                }
                let method: Method = method.parse().expect("a method");
                let answer = caller
                    .client
                    .send(method.clone(), &path, &[("if-match", "\"1\""), ("accept", "application/json")], "{}")
                    .await;
                let expected = caller.expected(*who, *scope, at_own);
                if method == Method::HEAD {
                    // Without a body, what is not there looks like what is not theirs; without an upload, nothing is there.
                    let status = match expected {
                        Outcome::Admitted => 409,
                        Outcome::NotLoggedIn => 401,
                        Outcome::Forbidden => 403,
                        Outcome::NoSuchSite => 404,
                    };
                    assert_eq!(answer.status.as_u16(), status, "{}: {method} {path}: {answer:?}", caller.name);
                    continue;
                }
                assert_eq!(outcome(&answer), expected, "{}: {method} {path}: {answer:?}", caller.name);
            }
        }
    }
    // Nothing of it changed anything: the bodies were empty.
    assert_eq!(api.query("SELECT count(*) FROM sites")[0][0], "2");
}

fn check_document(name: &str, operation: &Value, who: Who, scope: Option<&str>) {
    let schemes = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let schemes: Vec<&String> = schemes.filter_map(Value::as_object).flat_map(|scheme| scheme.keys()).collect();
    let wanted: &[&str] = match (who, scope) {
        (Who::Everybody, _) => &[],
        (_, None) => &["session"],
        (_, Some(_)) => &["session", "key"],
    };
    assert_eq!(schemes, wanted, "{name}");
    assert!(operation["responses"]["4XX"].is_object() || name == "get /api/v1/openapi.json", "{name}: no problems");
}
