use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};
use vru_runtime::secret::Secret;

/// Section `jwt`: how bearer tokens are verified. The keys come from one of `secret`, `public_key`, `jwks_file` and `jwks_url`. The
/// algorithm depends on the key: RS256 to RS512 and PS256 to PS512 for RSA of 2048 to 4096 bits, ES256 for P-256, ES384 for P-384, EdDSA for
/// Ed25519, and HS256 for the secret only. A key of a set that names its algorithm (`alg`) is used for that one only.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtConfig {
    /// Shared secret for HS256, at least 32 bytes; may be `env:NAME` or `file:PATH`. Whoever verifies with it can also sign.
    pub secret: Secret,
    /// File with the issuer's public key (PEM). It is read again when it changes.
    pub public_key: PathBuf,
    /// File with the issuer's keys (JSON Web Key Set). It is read again when it changes.
    pub jwks_file: PathBuf,
    /// URL of the issuer's keys (JSON Web Key Set): `https`, or `http` on loopback. Fetched at the start, every `jwks_refresh`, and when a
    /// token names an unknown key. When a fetch fails, the keys of the last success stay in use.
    pub jwks_url: String,
    /// CA certificates (PEM) for `jwks_url`; the system's when empty.
    pub jwks_ca: PathBuf,
    /// How often `jwks_url` is fetched (default 5 min). A key that the issuer removes is accepted for this long at most.
    #[serde(with = "humantime_serde")]
    pub jwks_refresh: Duration,
    /// The issuer that `iss` must name. Required.
    pub issuer: String,
    /// The audience that `aud` must contain. Required: without it, tokens that the issuer made for other services are accepted.
    pub audience: String,
    /// The scope that `scope` (a list, or a text separated by spaces) or `role` must contain; empty requires none.
    pub scope: String,
    /// Accepts tokens of every issuer that signs with these keys, instead of `issuer`.
    pub insecure_accept_any_issuer: bool,
    /// Accepts tokens that were made for other services, instead of `audience`.
    pub insecure_accept_any_audience: bool,
    /// Allowed difference between the issuer's clock and ours (default 30 s). A token is accepted, and its streams go on, until it has
    /// been expired for this long.
    #[serde(with = "humantime_serde")]
    pub leeway: Duration,
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self {
            secret: Secret::default(),
            public_key: PathBuf::new(),
            jwks_file: PathBuf::new(),
            jwks_url: String::new(),
            jwks_ca: PathBuf::new(),
            jwks_refresh: Duration::from_mins(5),
            issuer: String::new(),
            audience: String::new(),
            scope: String::new(),
            insecure_accept_any_issuer: false,
            insecure_accept_any_audience: false,
            leeway: Duration::from_secs(30),
        }
    }
}

impl JwtConfig {
    /// Whether it says where the keys come from.
    pub fn names_keys(&self) -> bool {
        let files = [&self.public_key, &self.jwks_file];
        !self.secret.is_empty() || !self.jwks_url.is_empty() || files.iter().any(|file| !file.as_os_str().is_empty())
    }
}

/// Whoever can change the answer decides who is let in: plain HTTP is accepted on this host only.
pub(crate) fn parse_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password: key sets are public");
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err("names no host"),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err("is http, which is allowed on loopback only: use https"),
        _ => Err("is neither https nor http"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_fetched_over_https_or_from_this_host() {
        for url in ["https://id.example/keys", "http://127.0.0.1:8080/keys", "http://[::1]/keys", "http://localhost/k"]
        {
            assert!(parse_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://id.example/keys",
            "http://10.0.0.1/keys",
            "http://localhost.example/keys",
            "https://user:password@id.example/keys",
            "file:///keys",
            "keys",
            "https://",
        ] {
            assert!(parse_url(url).is_err(), "{url}");
        }
    }
}
