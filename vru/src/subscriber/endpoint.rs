use anyhow::Context as _;
use tonic::metadata::{Ascii, MetadataValue};
use vru_auth::JwtConfig;
use vru_runtime::clock::now_us;
use vru_sink::alerts::config::{AlertsConfig, AuthMode};

/// Validity of the bearer tokens that [`Endpoint`] signs for itself.
const TOKEN_SECONDS: i64 = 3_600;

/// Where to subscribe, and how to authenticate.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) url: String,
    jwt: Option<JwtConfig>,
}

impl Endpoint {
    /// The endpoint of the server that runs with this configuration. None when this process cannot subscribe to it: it has no private
    /// key to sign a bearer token with, or the server uses TLS, with a certificate for another name.
    pub fn of(config: &AlertsConfig) -> Option<Self> {
        let host =
            if config.listen.ip().is_unspecified() { "127.0.0.1".to_owned() } else { config.listen.ip().to_string() };
        let host = if config.listen.is_ipv6() && host.contains(':') { format!("[{host}]") } else { host };
        let url = format!("http://{host}:{}", config.listen.port());
        let jwt = match config.auth {
            AuthMode::None => None,
            AuthMode::Jwt if config.jwt.secret.is_empty() => return None,
            AuthMode::Jwt => Some(config.jwt.clone()),
        };
        config.tls.certificate.as_os_str().is_empty().then_some(Self { url, jwt })
    }

    /// The `authorization` header; none when the server requires no authentication.
    pub(super) fn authorization(&self) -> anyhow::Result<Option<MetadataValue<Ascii>>> {
        let Some(jwt) = &self.jwt else { return Ok(None) };
        let claims = serde_json::json!({
            "sub": "vru",
            "exp": now_us() / 1_000_000 + TOKEN_SECONDS,
            "iss": jwt.issuer,
            "aud": jwt.audience,
            "scope": jwt.scope,
        });
        let key = jsonwebtoken::EncodingKey::from_secret(jwt.secret.expose().as_bytes());
        let token =
            jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).context("sign a bearer token")?;
        Ok(Some(format!("Bearer {token}").parse().context("put the bearer token into a header")?))
    }
}
