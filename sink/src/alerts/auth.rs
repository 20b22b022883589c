//! Who may subscribe.

use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use thiserror::Error;
use vru_runtime::report::chain;

use super::config::JwtConfig;

/// Somebody whose token was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Claim `sub`; empty where there is none.
    pub subject: String,
    /// When the token ends, and with it the stream.
    pub expires_at: Option<SystemTime>,
}

/// Verifies bearer tokens. A seam: another issuer's rules are another implementation.
pub trait TokenVerifier: Send + Sync {
    /// Says who holds the token, or why it is worth nothing.
    fn verify(&self, token: &str) -> Result<Identity, AuthError>;
}

/// Why a subscriber is refused.
#[derive(Debug, Error)]
pub enum AuthError {
    /// No `authorization: Bearer …`.
    #[error("no bearer token in the metadata `authorization`")]
    Missing,
    /// Wrong signature, expired, not yet valid, or of another issuer or audience.
    #[error("the token is not valid")]
    Invalid(#[source] jsonwebtoken::errors::Error),
    /// Valid, but not for this.
    #[error("the token does not grant the scope {wanted}")]
    Scope {
        /// What it should grant.
        wanted: String,
    },
}

/// The key in the configuration cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the public key {path}")]
    Read {
        /// Its path.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It holds no key that we know.
    #[error("{path} holds no RSA, P-256 or Ed25519 public key in PEM")]
    Kind {
        /// Its path.
        path: String,
    },
}

/// JSON Web Tokens.
pub(crate) struct JwtVerifier {
    key: DecodingKey,
    validation: Validation,
    scope: String,
}

#[derive(Debug, Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    exp: u64,
    #[serde(default)]
    scope: OneOrMany,
    #[serde(default)]
    role: OneOrMany,
}

/// Issuers write several as one text with spaces, or as a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::One(text) => text.split_whitespace().any(|one| one == wanted),
            Self::Many(list) => list.iter().any(|one| one == wanted),
        }
    }
}

impl JwtVerifier {
    pub(crate) fn new(config: &JwtConfig) -> Result<Self, KeyError> {
        let (key, algorithms) = key(config)?;
        let mut validation = Validation::new(algorithms[0]);
        validation.algorithms = algorithms;
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
        Ok(Self { key, validation, scope: config.scope.clone() })
    }
}

/// The algorithm follows from our key, never from the token alone.
fn key(config: &JwtConfig) -> Result<(DecodingKey, Vec<Algorithm>), KeyError> {
    if !config.secret.is_empty() {
        return Ok((DecodingKey::from_secret(config.secret.expose().as_bytes()), vec![Algorithm::HS256]));
    }
    let path = config.public_key.display().to_string();
    let pem = std::fs::read(&config.public_key).map_err(|source| KeyError::Read { path: path.clone(), source })?;
    if let Ok(key) = DecodingKey::from_rsa_pem(&pem) {
        return Ok((key, vec![Algorithm::RS256, Algorithm::RS384, Algorithm::RS512]));
    }
    if let Ok(key) = DecodingKey::from_ec_pem(&pem) {
        return Ok((key, vec![Algorithm::ES256]));
    }
    match DecodingKey::from_ed_pem(&pem) {
        Ok(key) => Ok((key, vec![Algorithm::EdDSA])),
        Err(_) => Err(KeyError::Kind { path }),
    }
}

impl TokenVerifier for JwtVerifier {
    fn verify(&self, token: &str) -> Result<Identity, AuthError> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).map_err(AuthError::Invalid)?;
        let Claims { sub, exp, scope, role } = data.claims;
        if !(self.scope.is_empty() || scope.holds(&self.scope) || role.holds(&self.scope)) {
            return Err(AuthError::Scope { wanted: self.scope.clone() });
        }
        let expires_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(exp));
        Ok(Identity { subject: sub, expires_at })
    }
}

impl From<AuthError> for tonic::Status {
    fn from(error: AuthError) -> Self {
        let message = chain(&error).to_string();
        match error {
            AuthError::Missing | AuthError::Invalid(_) => Self::unauthenticated(message),
            AuthError::Scope { .. } => Self::permission_denied(message),
        }
    }
}

#[cfg(test)]
mod tests;
