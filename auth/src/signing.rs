use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use thiserror::Error;
use vru_runtime::secret::Secret;

const SEED_BYTES: usize = 32;
/// What stands before the seed in PKCS #8 (RFC 8410).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Signs bearer tokens (EdDSA, Ed25519). Its `kid` follows from the public key (RFC 7638), so that no two keys share one.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    public: Jwk,
    key: EncodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// No token can be signed.
#[derive(Debug, Error)]
pub enum SigningError {
    #[error("the signing key is not 32 bytes in base64url")]
    Secret,
    #[error("the signing key cannot be used")]
    Key(#[from] jsonwebtoken::errors::Error),
    #[error("the public key cannot be written")]
    Public(#[from] serde_json::Error),
}

/// What a token says.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    pub issuer: &'a str,
    /// Whom it is for.
    pub audience: &'a [&'a str],
    /// The client that it identifies.
    pub client: &'a str,
    /// Separated by spaces.
    pub scope: &'a str,
    pub lifetime: Duration,
}

/// The claims of RFC 9068.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a [&'a str],
    sub: &'a str,
    client_id: &'a str,
    scope: &'a str,
    iat: u64,
    exp: u64,
    jti: String,
}

impl SigningKey {
    /// A new key, and the secret from which [`Self::from_secret`] makes it again.
    pub fn generate() -> Result<(Self, Secret), SigningError> {
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(rand::random::<[u8; SEED_BYTES]>()));
        Ok((Self::from_secret(&secret)?, secret))
    }

    pub fn from_secret(secret: &Secret) -> Result<Self, SigningError> {
        let seed = URL_SAFE_NO_PAD.decode(secret.expose()).ok().filter(|seed| seed.len() == SEED_BYTES);
        let seed = seed.ok_or(SigningError::Secret)?;
        let key = EncodingKey::from_ed_der(&[&PKCS8[..], &seed].concat());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, public, key })
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key, as a key set has it.
    pub fn public(&self) -> Result<serde_json::Value, SigningError> {
        Ok(serde_json::to_value(&self.public)?)
    }

    pub fn sign(&self, grant: Grant<'_>) -> Result<String, SigningError> {
        let Grant { issuer, audience, client, scope, lifetime } = grant;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims {
            iss: issuer,
            aud: audience,
            sub: client,
            client_id: client,
            scope,
            iat: now,
            exp: now + lifetime.as_secs(),
            jti: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        };
        let header =
            Header { typ: Some("at+jwt".to_owned()), kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, &claims, &self.key)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    #[test]
    fn a_key_is_published_as_the_rfc_says() {
        let key = SigningKey::from_secret(&Secret::new(SEED)).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let wanted = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": key.kid(), "use": "sig", "alg": "EdDSA",
        });
        assert_eq!(key.public().unwrap(), wanted);
        assert!(!format!("{key:?}").contains(SEED));
    }

    #[test]
    fn a_generated_key_is_made_again_from_its_secret() {
        let (key, secret) = SigningKey::generate().unwrap();
        assert_eq!(SigningKey::from_secret(&secret).unwrap().public().unwrap(), key.public().unwrap());
        assert_ne!(SigningKey::generate().unwrap().0.kid(), key.kid());
        for text in ["", "AAAA", &"A".repeat(44), "not base64url, but 43 letters long, like it"] {
            assert!(matches!(SigningKey::from_secret(&Secret::new(text)), Err(SigningError::Secret)), "{text}");
        }
    }
}
