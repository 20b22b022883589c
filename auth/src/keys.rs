use jsonwebtoken::{Algorithm, DecodingKey};
use thiserror::Error;

use crate::JwtConfig;

/// The configured key cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("cannot read the public key {path}")]
    Read {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{path} holds no RSA, P-256 or Ed25519 public key in PEM")]
    Kind { path: String },
}

/// A key that verifies signatures, and the algorithms for which it may be used.
///
/// The algorithms depend on the key alone. If a token could choose, a forger could sign with HS256 and the text of a public key as
/// the secret.
pub(crate) struct VerificationKey {
    pub(crate) key: DecodingKey,
    /// At least one, all of one family.
    pub(crate) algorithms: &'static [Algorithm],
}

impl VerificationKey {
    /// The secret in the configuration, or the key in its file.
    pub(crate) fn load(config: &JwtConfig) -> Result<Self, KeyError> {
        if !config.secret.is_empty() {
            let key = DecodingKey::from_secret(config.secret.expose().as_bytes());
            return Ok(Self { key, algorithms: &[Algorithm::HS256] });
        }
        let path = config.public_key.display().to_string();
        match std::fs::read(&config.public_key) {
            Ok(pem) => Self::from_pem(&pem).ok_or(KeyError::Kind { path }),
            Err(source) => Err(KeyError::Read { path, source }),
        }
    }

    /// None when the text holds no public key of a supported kind.
    fn from_pem(pem: &[u8]) -> Option<Self> {
        if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            return Some(Self { key, algorithms: &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512] });
        }
        if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            return Some(Self { key, algorithms: &[Algorithm::ES256] });
        }
        let key = DecodingKey::from_ed_pem(pem).ok()?;
        Some(Self { key, algorithms: &[Algorithm::EdDSA] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_file_that_holds_no_key() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let config = JwtConfig { public_key: file.path().to_owned(), ..JwtConfig::default() };
        let Err(error) = VerificationKey::load(&config) else { panic!("an empty file was accepted as a key") };
        assert!(matches!(error, KeyError::Kind { .. }));
        assert!(error.to_string().contains(file.path().to_str().unwrap()));
    }
}
