//! Keys that `openssl` makes, the sets that an identity provider would publish, and tokens that it would sign.

use std::path::{Path, PathBuf};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use vru_auth::{AuthError, Identity, JwtConfig, JwtVerifier, KeyError};
use vru_runtime::admin::Readiness;
use vru_runtime::test_util::openssl;

pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "vru";

/// A key pair of an identity provider.
pub struct Pair {
    pub kid: &'static str,
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    /// The public key, in PEM.
    pub public: PathBuf,
    decoding: DecodingKey,
}

impl Pair {
    pub fn rsa(folder: &Path, kid: &'static str, bits: u32, algorithm: Algorithm) -> Self {
        let bits = format!("rsa_keygen_bits:{bits}");
        let (private, public) = generate(folder, kid, &["-algorithm", "RSA", "-pkeyopt", &bits]);
        let (private, decoding) = (EncodingKey::from_rsa_pem(&private), DecodingKey::from_rsa_pem(&read(&public)));
        Self { kid, algorithm, private: private.unwrap(), decoding: decoding.unwrap(), public }
    }

    pub fn ec(folder: &Path, kid: &'static str, curve: &str, algorithm: Algorithm) -> Self {
        let curve = format!("ec_paramgen_curve:{curve}");
        let (private, public) = generate(folder, kid, &["-algorithm", "EC", "-pkeyopt", &curve]);
        let (private, decoding) = (EncodingKey::from_ec_pem(&private), DecodingKey::from_ec_pem(&read(&public)));
        Self { kid, algorithm, private: private.unwrap(), decoding: decoding.unwrap(), public }
    }

    pub fn ed(folder: &Path, kid: &'static str) -> Self {
        let (private, public) = generate(folder, kid, &["-algorithm", "ED25519"]);
        let (private, decoding) = (EncodingKey::from_ed_pem(&private), DecodingKey::from_ed_pem(&read(&public)));
        Self { kid, algorithm: Algorithm::EdDSA, private: private.unwrap(), decoding: decoding.unwrap(), public }
    }

    /// The public key as an entry of a set, with its `kid`, and with more members.
    pub fn jwk(&self, more: &Value) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_decoding_key(&self.decoding, None).unwrap()).unwrap();
        let members = jwk.as_object_mut().unwrap();
        members.insert("kid".to_owned(), self.kid.into());
        members.extend(more.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        jwk
    }

    /// A token with these claims.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.private).unwrap()
    }

    /// A token that must be accepted.
    pub fn good(&self) -> String {
        self.sign(&claims())
    }
}

fn generate(folder: &Path, name: &str, arguments: &[&str]) -> (Vec<u8>, PathBuf) {
    let path = |ending: &str| folder.join(format!("{name}.{ending}"));
    let (private, public) = (path("key"), path("pub"));
    openssl(&[&["genpkey"], arguments, &["-out", private.to_str().unwrap()]].concat());
    openssl(&["pkey", "-in", private.to_str().unwrap(), "-pubout", "-out", public.to_str().unwrap()]);
    (read(&private), public)
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

pub fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub fn now() -> u64 {
    get_current_timestamp()
}

pub fn claims() -> Value {
    json!({"sub": "ann", "exp": now() + 600, "iss": ISSUER, "aud": AUDIENCE})
}

/// [`claims`] with changes; null removes a claim.
pub fn claims_with(changes: &Value) -> Value {
    let mut all = claims();
    let members = all.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    all
}

pub fn config() -> JwtConfig {
    JwtConfig { issuer: ISSUER.to_owned(), audience: AUDIENCE.to_owned(), ..JwtConfig::default() }
}

/// A verifier of this configuration, which follows its keys until the end of the test.
pub fn start(config: &JwtConfig) -> Result<JwtVerifier, KeyError> {
    JwtVerifier::start(config, Readiness::default().part("keys"), CancellationToken::new())
}

/// A verifier of a set in a file.
pub fn of_set(folder: &Path, keys: &[Value]) -> Result<JwtVerifier, KeyError> {
    let file = folder.join("set.json");
    std::fs::write(&file, set(keys)).unwrap();
    start(&JwtConfig { jwks_file: file, ..config() })
}

pub fn accepted(result: Result<Identity, AuthError>) -> Identity {
    result.unwrap_or_else(|error| panic!("{}", vru_runtime::report::chain(&error)))
}
