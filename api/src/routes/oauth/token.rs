use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_auth::policy::Scope;
use vru_storage::api_keys;

use super::refusal::{ErrorCode, Refusal, RefusalDocument};
use crate::auth::hash;
use crate::http::{Problems, unreadable};
use crate::metrics::TOKENS;
use crate::state::ApiState;

const MOST_PARAMETERS: usize = 20;

/// The client shows its `client_id` and `client_secret` here, or by `Authorization: Basic`, not both.
#[derive(Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "for the document: the form is read by hand, because a parameter that comes twice is an error"
)]
struct TokenRequest {
    grant_type: GrantType,
    /// What the token is for, separated by spaces. Without it, all that the client may.
    #[schema(example = "tracks:read counts:read")]
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GrantType {
    ClientCredentials,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(super) struct IssuedToken {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// From now, in seconds.
    #[schema(example = 300)]
    expires_in: u64,
    /// What it is for, separated by spaces.
    #[schema(example = "tracks:read counts:read")]
    scope: String,
}

/// Nothing on the way may keep it.
type Answer = ([(HeaderName, &'static str); 2], Json<IssuedToken>);

/// Get a token with client credentials (RFC 6749, section 4.4).
///
/// Clients authenticate with `client_secret_basic` or `client_secret_post`. Errors of the request and of the client have the form of the
/// RFC.
#[utoipa::path(
    post,
    path = "/api/v1/oauth/token",
    tag = "tokens",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = IssuedToken),
        (status = 400, description = "The request is wrong", body = RefusalDocument),
        (status = 401, description = "The client is not known", body = RefusalDocument),
        Problems
    )
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Answer, Refusal> {
    let issued = issue(&state, &headers, body).await;
    let result = match &issued {
        Ok(_) => "issued",
        Err(Refusal::Client { .. } | Refusal::Request { .. }) => "refused",
        Err(Refusal::Problem(_)) => "failed",
    };
    TOKENS.with_label_values(&[result]).inc();
    issued
}

async fn issue(state: &ApiState, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Answer, Refusal> {
    let form = Form::read(headers, &body.map_err(|rejection| unreadable(&rejection))?)?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        None => return Err(Refusal::request("grant_type is missing")),
        Some(_) => {
            let why = "grant_type must be client_credentials";
            return Err(Refusal::Request { code: ErrorCode::UnsupportedGrantType, why });
        }
    }
    let Credentials { id, secret, basic } = Credentials::read(headers, &form)?;
    state.tokens.check()?;
    let database = state.database.get().await?;
    let client = if is_storable(&id) { api_keys::find_client(&database, &id, &hash(&secret)).await? } else { None };
    let Some(client) = client else {
        tracing::info!(client = ?id.chars().take(40).collect::<String>(), "a client was refused");
        return Err(Refusal::Client { basic });
    };
    let scopes = match form.scope.as_deref() {
        None => client.scopes.clone(),
        Some(wanted) => granted(wanted, &client.scopes)?,
    };
    let issued = state.tokens.issue(&database, &client, &scopes).await?;
    let token = IssuedToken {
        access_token: issued.token,
        token_type: "Bearer",
        expires_in: issued.lifetime.as_secs(),
        scope: scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" "),
    };
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(token)))
}

/// PostgreSQL refuses texts with a zero byte.
fn is_storable(id: &str) -> bool {
    !id.contains('\0')
}

fn granted(wanted: &str, may: &[Scope]) -> Result<Vec<Scope>, Refusal> {
    let mut scopes = Vec::new();
    for word in wanted.split(' ').filter(|word| !word.is_empty()) {
        let Some(scope) = Scope::from_word(word).filter(|scope| may.contains(scope)) else {
            let why = "scope has something that is unknown, or that the client may not have";
            return Err(Refusal::Request { code: ErrorCode::InvalidScope, why });
        };
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        return Err(Refusal::Request { code: ErrorCode::InvalidScope, why: "scope names nothing" });
    }
    Ok(scopes)
}

/// The parameters that are known. One without a value counts as absent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Form {
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

impl Form {
    fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refusal::request("the body must be a form: content-type application/x-www-form-urlencoded"));
        }
        // The library replaces what is not UTF-8.
        if std::str::from_utf8(body).is_err() {
            return Err(Refusal::request("the body is not UTF-8"));
        }
        let mut form = Self::default();
        let mut seen = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if seen.contains(&name) {
                return Err(Refusal::request("a parameter comes twice"));
            }
            if seen.len() == MOST_PARAMETERS {
                return Err(Refusal::request("the body has too many parameters"));
            }
            let value = (!value.is_empty()).then(|| value.into_owned());
            match &*name {
                "grant_type" => form.grant_type = value,
                "scope" => form.scope = value,
                "client_id" => form.client_id = value,
                "client_secret" => form.client_secret = value,
                // The RFC wants others ignored.
                _ => {}
            }
            seen.push(name);
        }
        Ok(form)
    }
}

struct Credentials {
    id: String,
    secret: String,
    /// From the header.
    basic: bool,
}

impl Credentials {
    fn read(headers: &HeaderMap, form: &Form) -> Result<Self, Refusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (None, _) => {
                let id = form.client_id.clone().ok_or(Refusal::Client { basic: true })?;
                let secret = form.client_secret.clone().ok_or(Refusal::Client { basic: true })?;
                Ok(Self { id, secret, basic: false })
            }
            (Some(_), Some(_)) => Err(Refusal::request("there are several Authorization headers")),
            (Some(value), None) => {
                let basic = value.to_str().ok().and_then(basic);
                let (id, secret) = basic.ok_or(Refusal::Client { basic: true })?;
                if form.client_secret.is_some() || form.client_id.as_ref().is_some_and(|named| *named != id) {
                    return Err(Refusal::request("the client authenticates in two ways: use the header, or the body"));
                }
                Ok(Self { id, secret, basic: true })
            }
        }
    }
}

/// Name and password are each form encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let joined = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
    let joined = String::from_utf8(joined).ok()?;
    let (id, secret) = joined.split_once(':')?;
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    Some((decode(id)?, decode(secret)?))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn form(body: &str) -> Result<Form, Refusal> {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        Form::read(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind)]), body.as_bytes())
    }

    #[test]
    fn a_form_has_each_parameter_once_and_empty_ones_are_absent() {
        let read = form("grant_type=client_credentials&scope=&client_id=a%20b&other=1").unwrap();
        let wanted = Form {
            grant_type: Some("client_credentials".to_owned()),
            client_id: Some("a b".to_owned()),
            ..Form::default()
        };
        assert_eq!(read, wanted);
        assert!(matches!(form("scope=a&scope=a"), Err(Refusal::Request { .. })));
        let many: Vec<String> = (0..100).map(|number| format!("p{number}=1")).collect();
        assert!(matches!(form(&many.join("&")), Err(Refusal::Request { .. })));
        assert!(matches!(Form::read(&HeaderMap::new(), b"a=b"), Err(Refusal::Request { .. })));
    }

    #[test]
    fn a_basic_header_is_decoded_as_the_rfc_says() {
        let header = |text: &str| basic(&format!("Basic {}", STANDARD.encode(text)));
        assert_eq!(header("a:b"), Some(("a".to_owned(), "b".to_owned())));
        assert_eq!(header("a%3Ab:c+d%2B:e"), Some(("a:b".to_owned(), "c d+:e".to_owned())));
        for text in ["", "Basic", "Basic !", "Bearer YTpi", &format!("Basic {}", STANDARD.encode("no colon"))] {
            assert_eq!(basic(text), None, "{text}");
        }
    }

    #[test]
    fn a_scope_is_granted_if_the_client_may_have_all_of_it() {
        let may = [Scope::SitesRead, Scope::TracksRead];
        assert_eq!(granted("tracks:read  tracks:read", &may).unwrap(), [Scope::TracksRead]);
        for wanted in ["sites:write", "sites:read sites:write", "everything", " "] {
            assert!(matches!(granted(wanted, &may), Err(Refusal::Request { code: ErrorCode::InvalidScope, .. })));
        }
    }
}
