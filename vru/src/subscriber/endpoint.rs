use std::time::Duration;

use anyhow::Context as _;
use tonic::metadata::{Ascii, MetadataValue};
use vru_auth::JwtConfig;
use vru_runtime::clock::now_us;
use vru_sink::alerts::config::{AlertsConfig, AuthMode};

/// Validity of the bearer tokens that [`Endpoint`] signs for itself.
const TOKEN_SECONDS: i64 = 3_600;

/// So many heartbeats may be missing before a stream is dead.
const HEARTBEATS: u32 = 3;
/// On a busy machine, heartbeats that follow each other fast may be late.
const MIN_SILENCE: Duration = Duration::from_secs(10);

/// Where to subscribe, and how to authenticate.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) url: String,
    /// A stream is dead when nothing comes for this long.
    pub(super) silence: Duration,
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
        let silence = (config.heartbeat * HEARTBEATS).max(MIN_SILENCE);
        (!config.tls.is_on()).then_some(Self { url, silence, jwt })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_not_dead_before_the_server_had_to_send_something() {
        for heartbeat in [Duration::from_millis(100), Duration::from_secs(10), Duration::from_mins(5)] {
            let config = AlertsConfig { auth: AuthMode::None, heartbeat, ..AlertsConfig::default() };
            let silence = Endpoint::of(&config).unwrap().silence;
            assert!(silence >= heartbeat * 2 && silence >= MIN_SILENCE, "{heartbeat:?}: {silence:?}");
        }
    }
}
