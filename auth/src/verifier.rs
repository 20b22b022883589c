use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use jsonwebtoken::{Algorithm, Validation};
use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;

use crate::claims::Claims;
use crate::key_source::{KeySource, Pace};
use crate::sources::{self, Keys};
use crate::{AuthError, JwtConfig, KeyError};

/// No issuer makes larger tokens, and each byte of a token is hashed.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The client that a verified token identifies.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Claim `sub`; empty when the token has none.
    pub subject: String,
    /// What claim `scope` grants.
    pub scopes: Vec<String>,
    /// From when on the token is not accepted any more: its expiry and the leeway. A connection that outlives it must end.
    pub expires_at: Option<SystemTime>,
    /// Cancelled when the key that signed the token is no longer trusted. A connection must end then.
    pub revoked: CancellationToken,
}

impl Identity {
    /// The client of a server that lets everybody pass.
    pub fn anonymous() -> Self {
        Self { subject: String::new(), scopes: Vec::new(), expires_at: None, revoked: CancellationToken::new() }
    }
}

/// Verifies bearer tokens. Servers depend on this trait, so that the rules of another issuer are another implementation.
pub trait TokenVerifier: Send + Sync {
    /// May wait some seconds for the issuer's newest keys.
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Identity, AuthError>>;
}

/// Verifies JSON Web Tokens by the rules of [`JwtConfig`].
pub struct JwtVerifier {
    keys: Keys,
    validation: Validation,
    leeway: Duration,
    scope: String,
}

impl JwtVerifier {
    /// Loads the keys, and follows them until `stop`. `ready` becomes ready when there are keys.
    ///
    /// Must be called inside a Tokio runtime unless the key is a secret.
    pub fn start(config: &JwtConfig, ready: ReadyFlag, stop: CancellationToken) -> Result<Self, KeyError> {
        if config.insecure_accept_any_issuer {
            tracing::warn!("tokens of every issuer are accepted: jwt.insecure_accept_any_issuer is set");
        }
        if config.insecure_accept_any_audience {
            tracing::warn!("tokens for every service are accepted: jwt.insecure_accept_any_audience is set");
        }
        let (keys, following) = sources::start(config, ready)?;
        if let Some(following) = following {
            tokio::spawn(stop.run_until_cancelled_owned(following.run()));
        }
        Ok(Self::new(config, keys))
    }

    /// Follows the keys of a source instead of those that the configuration names.
    ///
    /// Must be called inside a Tokio runtime.
    pub fn of_source(
        config: &JwtConfig,
        source: Box<dyn KeySource>,
        pace: Pace,
        ready: ReadyFlag,
        stop: CancellationToken,
    ) -> Self {
        let (keys, following) = sources::follow(source, pace, ready);
        tokio::spawn(stop.run_until_cancelled_owned(following.run()));
        Self::new(config, keys)
    }

    fn new(config: &JwtConfig, keys: Keys) -> Self {
        Self { keys, validation: validation(config), leeway: config.leeway, scope: config.scope.clone() }
    }

    /// Verifies with the keys that are known now.
    pub fn verify_now(&self, token: &str) -> Result<Identity, AuthError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::Unsupported { reason: "it is larger than 16 KiB" });
        }
        let header = jsonwebtoken::decode_header(token).map_err(AuthError::Invalid)?;
        if header.crit.is_some() {
            return Err(AuthError::Unsupported { reason: "its header has critical extensions (`crit`)" });
        }
        let keys = self.keys.current().ok_or(AuthError::NoKeys)?;
        let key = keys.find(header.kid.as_deref()).ok_or(AuthError::UnknownKey)?;
        let mut validation = self.validation.clone();
        validation.algorithms.clone_from(&key.algorithms);
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &validation).map_err(AuthError::Invalid)?.claims;
        if !self.scope.is_empty() && !claims.grant(&self.scope) {
            return Err(AuthError::Scope { wanted: self.scope.clone() });
        }
        Ok(Identity {
            expires_at: SystemTime::UNIX_EPOCH.checked_add(claims.expiry()).and_then(|at| at.checked_add(self.leeway)),
            scopes: claims.scopes(),
            subject: claims.sub,
            revoked: key.revoked.clone(),
        })
    }
}

/// What `jsonwebtoken` checks while it decodes a token, except for the algorithms, which depend on the key.
///
/// Empty issuers and audiences are accepted only where the configuration says so ([`JwtConfig`] refuses them otherwise).
fn validation(config: &JwtConfig) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = config.leeway.as_secs();
    validation.validate_exp = true;
    validation.validate_nbf = true;
    if !config.insecure_accept_any_issuer {
        validation.set_issuer(&[&config.issuer]);
        validation.required_spec_claims.insert("iss".to_owned());
    }
    if config.insecure_accept_any_audience {
        validation.validate_aud = false;
    } else {
        validation.set_audience(&[&config.audience]);
        validation.required_spec_claims.insert("aud".to_owned());
    }
    validation
}

impl TokenVerifier for JwtVerifier {
    fn verify<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Identity, AuthError>> {
        Box::pin(async move {
            match self.verify_now(token) {
                Err(AuthError::UnknownKey | AuthError::NoKeys) => {
                    self.keys.renew().await;
                    self.verify_now(token)
                }
                verified => verified,
            }
        })
    }
}
