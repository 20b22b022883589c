use std::time::{Duration, SystemTime};

use jsonwebtoken::Validation;
use thiserror::Error;

use crate::claims::Claims;
use crate::keys::VerificationKey;
use crate::{JwtConfig, KeyError};

/// The client that a verified token identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Claim `sub`; empty when the token has none.
    pub subject: String,
    /// When the token expires. A connection that outlives it must end.
    pub expires_at: Option<SystemTime>,
}

/// Verifies bearer tokens. Servers depend on this trait, so that the rules of another issuer are another implementation.
pub trait TokenVerifier: Send + Sync {
    fn verify(&self, token: &str) -> Result<Identity, AuthError>;
}

/// Why a client is refused.
#[derive(Debug, Error)]
pub enum AuthError {
    /// There is no `authorization` header, or it holds something else.
    #[error("`authorization` holds no bearer token")]
    Missing,
    /// Wrong signature, expired, not yet valid, or of another issuer or audience.
    #[error("the bearer token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// The token is valid, but does not grant the required scope.
    #[error("the bearer token does not grant the scope {wanted}")]
    Scope { wanted: String },
}

/// Verifies JSON Web Tokens by the rules of [`JwtConfig`].
pub struct JwtVerifier {
    key: VerificationKey,
    validation: Validation,
    scope: String,
}

impl JwtVerifier {
    pub fn new(config: &JwtConfig) -> Result<Self, KeyError> {
        let key = VerificationKey::load(config)?;
        let validation = validation(config, &key);
        Ok(Self { key, validation, scope: config.scope.clone() })
    }
}

/// What `jsonwebtoken` checks while it decodes a token that is signed with this key.
fn validation(config: &JwtConfig, key: &VerificationKey) -> Validation {
    let mut validation = Validation::new(key.algorithms[0]);
    validation.algorithms = key.algorithms.to_vec();
    validation.leeway = config.leeway.as_secs();
    validation.validate_exp = true;
    validation.validate_nbf = true;
    if !config.issuer.is_empty() {
        validation.set_issuer(&[&config.issuer]);
        validation.required_spec_claims.insert("iss".to_owned());
    }
    if config.audience.is_empty() {
        validation.validate_aud = false;
    } else {
        validation.set_audience(&[&config.audience]);
        validation.required_spec_claims.insert("aud".to_owned());
    }
    validation
}

impl TokenVerifier for JwtVerifier {
    fn verify(&self, token: &str) -> Result<Identity, AuthError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.key.key, &self.validation);
        let claims = decoded.map_err(AuthError::Invalid)?.claims;
        if !self.scope.is_empty() && !claims.grant(&self.scope) {
            return Err(AuthError::Scope { wanted: self.scope.clone() });
        }
        let expires_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(claims.exp));
        Ok(Identity { subject: claims.sub, expires_at })
    }
}

#[cfg(test)]
mod tests;
