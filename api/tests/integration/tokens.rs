//! Tokens of programs: who gets one, what it opens, and how the keys that sign them change.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use vru_api::{ApiConfig, rotate_signing_key};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::eventually;

use super::api::{Answer, Api, ApiClient};

const DEADLINE: Duration = Duration::from_mins(1);
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PATH: &str = "/api/v1/oauth/token";

pub async fn start(change: impl FnOnce(&mut ApiConfig)) -> Api {
    Api::start_with(|config| {
        config.cameras.secrets_key = Secret::new("5".repeat(64));
        change(config);
    })
    .await
}

/// `client_id` and `client_secret`.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub id: String,
    pub secret: String,
}

impl Credentials {
    /// Of a new client for the site, or without one for all sites, that is good for an hour.
    pub async fn create(admin: &ApiClient, site: Option<&str>, scopes: &[&str]) -> Self {
        let path = site.map_or("/api/v1/clients".to_owned(), |site| format!("/api/v1/sites/{site}/clients"));
        let hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let body = json!({ "name": "a program", "scopes": scopes, "expires_at": hour.to_string() });
        let answer = admin.post(&path, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let text = |name: &str| answer.body[name].as_str().expect("a text").to_owned();
        Self { id: text("id"), secret: text("client_secret") }
    }

    /// Asks with the credentials in the body.
    pub async fn ask(&self, client: &ApiClient, more: &str) -> Answer {
        let Self { id, secret } = self;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{more}");
        client.send(Method::POST, PATH, &[FORM], &form).await
    }

    pub async fn token(&self, client: &ApiClient) -> String {
        let answer = self.ask(client, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body["access_token"].as_str().expect("a token").to_owned()
    }
}

fn error(answer: &Answer) -> (u16, &str) {
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.body["error_description"].is_string(), "{answer:?}");
    (answer.status.as_u16(), answer.body["error"].as_str().expect("a code"))
}

/// The `kid`s of the key set.
pub async fn published(client: &ApiClient) -> Vec<String> {
    let set = client.get("/.well-known/jwks.json").await;
    assert_eq!(set.status, StatusCode::OK, "{set:?}");
    let keys = set.body["keys"].as_array().expect("keys");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// The header of a token says which key signed it.
pub fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).expect("a header").kid.expect("a kid")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_client_may_until_it_is_revoked_or_expires() {
    let api = start(|_| {}).await;
    let admin = api.admin().await;
    let (own, other) = (admin.create_site("own").await, admin.create_site("other").await);
    let manager = api.member("manager", &own, 3).await;
    let credentials = Credentials::create(&manager, Some(&own), &["sites:read", "sites:write"]).await;
    assert!(credentials.id.starts_with("client_") && credentials.secret.starts_with("vrusecret_"), "{credentials:?}");
    let answer = credentials.ask(&api.client(), "").await;
    assert_eq!(
        (answer.body["token_type"].as_str(), answer.body["expires_in"].as_u64(), answer.body["scope"].as_str()),
        (Some("Bearer"), Some(300), Some("sites:read sites:write")),
        "{answer:?}"
    );
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let token = answer.body["access_token"].as_str().expect("a token");
    let program = api.program(token);
    let (site, members) = (format!("/api/v1/sites/{own}"), format!("/api/v1/sites/{own}/members"));
    assert_eq!(program.get(&site).await.status, StatusCode::OK);
    assert_eq!(program.get(&format!("/api/v1/sites/{other}")).await.problem(), (404, "not_found", ""));
    assert_eq!(program.get(&members).await.problem(), (403, "forbidden", ""));
    let body = json!({ "name": "by a program", "time_zone": "UTC" });
    assert_eq!(program.put(&site, "\"1\"", &body).await.status, StatusCode::OK);
    let log = api.query("SELECT user_id, key_id FROM audit_log WHERE action = 'site.change'");
    assert_eq!(log, [["", credentials.id.as_str()]]);
    // A token for less than the client may.
    let narrow = credentials.ask(&api.client(), "&scope=sites:read").await;
    assert_eq!(narrow.body["scope"], "sites:read");
    let narrow = api.program(narrow.body["access_token"].as_str().expect("a token"));
    assert_eq!(narrow.get(&site).await.status, StatusCode::OK);
    assert_eq!(narrow.put(&site, "\"2\"", &body).await.problem(), (403, "forbidden", ""));

    let clients = format!("/api/v1/sites/{own}/clients");
    let listed = manager.get(&clients).await.body["items"][0].clone();
    assert!(listed["used_at"].is_string() && listed.get("client_secret").is_none(), "{listed}");
    assert_eq!(listed["id"], credentials.id);
    assert_eq!(api.query("SELECT octet_length(token_hash) FROM oauth_clients"), [["32"]]);
    // The secret is no API key, and a client is no key.
    assert_eq!(api.program(&credentials.secret).get(&site).await.problem(), (401, "key_invalid", ""));
    assert_eq!(manager.get(&format!("/api/v1/sites/{own}/keys")).await.body["items"], json!([]));
    api.execute("UPDATE oauth_clients SET expires_at = now()");
    assert_eq!(program.get(&site).await.problem(), (401, "token_invalid", ""));
    assert_eq!(error(&credentials.ask(&api.client(), "").await), (401, "invalid_client"));
    api.execute("UPDATE oauth_clients SET expires_at = now() + interval '1 hour'");
    assert_eq!(program.get(&site).await.status, StatusCode::OK);
    let path = format!("{clients}/{}", credentials.id);
    let global = format!("/api/v1/clients/{}", credentials.id);
    assert_eq!(admin.delete(&global).await.problem(), (404, "not_found", ""));
    assert_eq!(manager.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(program.get(&site).await.problem(), (401, "token_invalid", ""));
    assert_eq!(error(&credentials.ask(&api.client(), "").await), (401, "invalid_client"));
    assert_eq!(manager.delete(&path).await.problem(), (404, "not_found", ""));
    let log = api.query("SELECT action, object FROM audit_log WHERE action LIKE 'client.%' ORDER BY id");
    assert_eq!(log, [["client.create", &credentials.id], ["client.revoke", &credentials.id]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_for_tokens_are_refused_as_the_rfc_says() {
    use base64::Engine as _;
    let api = start(|_| {}).await;
    let (admin, client) = (api.admin().await, api.client());
    let good = Credentials::create(&admin, None, &["sites:read"]).await;
    let basic = |text: &str| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text));
    let right = basic(&format!("{}:{}", good.id, good.secret));
    let grant = "grant_type=client_credentials";
    let answer = client.send(Method::POST, PATH, &[FORM, ("authorization", &right)], grant).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let Credentials { id, secret } = &good;
    for (body, header, status, code) in [
        ("", None, 400, "invalid_request"),
        ("scope=sites:read", Some(&*right), 400, "invalid_request"),
        ("grant_type=", Some(&*right), 400, "invalid_request"),
        ("grant_type=password", Some(&*right), 400, "unsupported_grant_type"),
        (&format!("{grant}&{grant}"), Some(&*right), 400, "invalid_request"),
        (&format!("{grant}&scope=sites:write"), Some(&*right), 400, "invalid_scope"),
        (&format!("{grant}&scope=nothing"), Some(&*right), 400, "invalid_scope"),
        (&format!("{grant}&client_id={id}&client_secret={secret}"), Some(&*right), 400, "invalid_request"),
        (&format!("{grant}&client_id=other"), Some(&*right), 400, "invalid_request"),
        (grant, None, 401, "invalid_client"),
        (&format!("{grant}&client_id={id}"), None, 401, "invalid_client"),
        (&format!("{grant}&client_id={id}&client_secret=x"), None, 401, "invalid_client"),
        (&format!("{grant}&client_id=%00&client_secret={secret}"), None, 401, "invalid_client"),
        (grant, Some(&*basic(&format!("{id}:x"))), 401, "invalid_client"),
        (grant, Some("Basic !"), 401, "invalid_client"),
        (grant, Some("Bearer x"), 401, "invalid_client"),
    ] {
        let headers: Vec<_> = [FORM].into_iter().chain(header.map(|value| ("authorization", value))).collect();
        let answer = client.send(Method::POST, PATH, &headers, body).await;
        assert_eq!(error(&answer), (status, code), "{body} {header:?}");
        assert!(status != 401 || header.is_none() || answer.header("www-authenticate").starts_with("Basic"));
    }
    let json = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    assert_eq!(error(&client.post(PATH, &json).await), (400, "invalid_request"));
    let twice = [FORM, ("authorization", &*right), ("authorization", &*right)];
    assert_eq!(error(&client.send(Method::POST, PATH, &twice, grant).await), (400, "invalid_request"));
    assert_eq!(api.query("SELECT count(*) FROM oauth_clients WHERE used_at IS NULL")[0][0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_for_secrets_there_are_no_tokens() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let hour = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let body = json!({ "name": "a", "scopes": ["sites:read"], "expires_at": hour.to_string() });
    assert_eq!(admin.post("/api/v1/clients", &body).await.problem(), (409, "no_secrets_key", ""));
    assert_eq!(admin.post("/api/v1/signing-keys", &json!({ "at_once": true })).await.problem().1, "no_secrets_key");
    assert_eq!(published(&admin).await, Vec::<String>::new());
    assert_eq!(api.program("a.b.c").get("/api/v1/sites").await.problem(), (401, "token_invalid", ""));
    assert_eq!(api.query("SELECT count(*) FROM signing_keys")[0][0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_says_where_tokens_and_keys_are() {
    let api =
        start(|config| config.http.origins = vec!["https://vru.example.org".to_owned().try_into().unwrap()]).await;
    let metadata = api.client().get("/.well-known/oauth-authorization-server").await.body;
    assert_eq!(metadata["issuer"], "https://vru.example.org");
    assert_eq!(metadata["token_endpoint"], "https://vru.example.org/api/v1/oauth/token");
    assert_eq!(metadata["jwks_uri"], "https://vru.example.org/.well-known/jwks.json");
    let set = api.client().get("/.well-known/jwks.json").await;
    assert_eq!(set.header("cache-control"), "public, max-age=300");
    let key = &set.body["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"], &key["use"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
    );
    assert!(key.get("d").is_none(), "{key}");
    let sealed = &api.query("SELECT sealed FROM signing_keys")[0][0];
    assert!(sealed.starts_with("sealed:"), "{sealed}");
}

/// Replicas that start together make one key, and each accepts what the other signs.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_refuses_no_token_on_any_replica() {
    let api = start(|config| {
        "https://vru.example.org".clone_into(&mut config.tokens.issuer);
        config.tokens.publish_ahead = Duration::from_secs(20);
    })
    .await;
    let replica = api.replica().await;
    let admin = api.admin().await;
    let credentials = Credentials::create(&admin, None, &["sites:read"]).await;
    let replicas = [&api, &replica];
    for replica in replicas {
        eventually(DEADLINE, "one key", async || match published(&replica.client()).await.len() {
            1 => Ok(()),
            count => Err(format!("{count} keys")),
        })
        .await;
    }
    let old = credentials.token(&api.client()).await;
    // It is due: the scheduled rotation is as the one by a call.
    api.execute("UPDATE signing_keys SET signs_from = signs_from - interval '31 days'");
    eventually(DEADLINE, "the next key to be published", async || match published(&api.client()).await.len() {
        2 => Ok(()),
        count => Err(format!("{count} keys")),
    })
    .await;
    assert_eq!(admin.post("/api/v1/signing-keys", &json!({ "at_once": false })).await.problem().1, "rotation_pending");
    let new = eventually(DEADLINE, "the new key to sign", async || {
        for replica in replicas {
            let token = credentials.token(&replica.client()).await;
            for replica in replicas {
                let answer = replica.program(&token).get("/api/v1/sites").await;
                assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
            }
            if kid(&token) != kid(&old) {
                return Ok(token);
            }
        }
        Err("it does not".to_owned())
    })
    .await;
    // It was published before.
    let ahead =
        "SELECT signs_from - made_at >= interval '20 seconds' FROM signing_keys ORDER BY signs_from DESC LIMIT 1";
    assert_eq!(api.query(ahead), [["t"]]);
    for replica in replicas {
        assert_eq!(replica.program(&old).get("/api/v1/sites").await.status, StatusCode::OK);
        assert_eq!(published(&replica.client()).await.len(), 2);
    }
    // The old key goes when its last token is dead.
    api.execute("UPDATE signing_keys SET signs_from = signs_from - interval '2 hours'");
    eventually(DEADLINE, "the old key to go", async || {
        let kids = published(&replica.client()).await;
        if kids == [kid(&new)] { Ok(()) } else { Err(format!("{kids:?}")) }
    })
    .await;
    assert_eq!(api.query("SELECT count(*) FROM audit_log WHERE action = 'signing_key.create'")[0][0], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_wrong_hands_is_withdrawn_by_a_call_and_by_the_command() {
    let api = start(|_| {}).await;
    let admin = api.admin().await;
    let credentials = Credentials::create(&admin, None, &["sites:read"]).await;
    let mut old = credentials.token(&api.client()).await;
    for command in [false, true] {
        assert_eq!(api.program(&old).get("/api/v1/sites").await.status, StatusCode::OK);
        if command {
            rotate_signing_key(&api.config, true).await.expect("a rotation");
        } else {
            let answer = admin.post("/api/v1/signing-keys", &json!({ "at_once": true })).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
            assert_eq!(answer.body["items"].as_array().map(Vec::len), Some(1));
        }
        let new = credentials.token(&api.client()).await;
        assert_ne!(kid(&new), kid(&old));
        assert_eq!(api.program(&new).get("/api/v1/sites").await.status, StatusCode::OK);
        eventually(DEADLINE, "the old token to be refused", async || {
            match api.program(&old).get("/api/v1/sites").await.status {
                StatusCode::UNAUTHORIZED => Ok(()),
                status => Err(status.to_string()),
            }
        })
        .await;
        old = new;
    }
    let listed: Value = admin.get("/api/v1/signing-keys").await.body;
    assert_eq!((listed["items"][0]["kid"].as_str(), &listed["items"][0]["signs"]), (Some(&*kid(&old)), &json!(true)));
}
