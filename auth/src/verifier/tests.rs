use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use vru_runtime::secret::Secret;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn config() -> JwtConfig {
    JwtConfig { secret: Secret::new(SECRET), leeway: Duration::from_secs(1), ..JwtConfig::default() }
}

fn in_a_minute() -> u64 {
    get_current_timestamp() + 60
}

fn sign(secret: &str, claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn verify(config: &JwtConfig, token: &str) -> Result<Identity, AuthError> {
    JwtVerifier::new(config).unwrap().verify(token)
}

#[test]
fn a_signed_token_is_accepted_until_it_expires() {
    let identity = verify(&config(), &sign(SECRET, &json!({"sub": "ann", "exp": in_a_minute()}))).unwrap();
    assert_eq!(identity.subject, "ann");
    assert!(identity.expires_at.unwrap() > SystemTime::now());
}

#[test]
fn forged_expired_and_malformed_tokens_are_rejected() {
    for token in [
        sign("another secret of more than 32 bytes", &json!({"sub": "ann", "exp": in_a_minute()})),
        // Without an expiry.
        sign(SECRET, &json!({"sub": "ann"})),
        sign(SECRET, &json!({"sub": "ann", "exp": 1})),
        // Not yet valid.
        sign(SECRET, &json!({"sub": "ann", "exp": 99_999_999_999_u64, "nbf": 99_999_999_998_u64})),
        // Algorithm `none`.
        "eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTk5fQ.".to_owned(),
        "not a token".to_owned(),
    ] {
        assert!(matches!(verify(&config(), &token), Err(AuthError::Invalid(_))), "{token}");
    }
}

#[test]
fn issuer_audience_and_scope_are_required_when_configured() {
    let strict = JwtConfig {
        issuer: "vru".to_owned(),
        audience: "alerts".to_owned(),
        scope: "alerts:read".to_owned(),
        ..config()
    };
    let verify = |claims: Value| {
        let mut all = json!({"exp": in_a_minute(), "iss": "vru", "aud": "alerts", "scope": "a alerts:read"});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        verify(&strict, &sign(SECRET, &all))
    };
    assert!(verify(json!({})).is_ok());
    assert!(verify(json!({"scope": null, "role": "alerts:read"})).is_ok());
    for refused in [json!({"iss": null}), json!({"iss": "other"}), json!({"aud": null}), json!({"aud": "other"})] {
        assert!(matches!(verify(refused.clone()), Err(AuthError::Invalid(_))), "{refused}");
    }
    assert!(matches!(verify(json!({"scope": "alerts:readers"})), Err(AuthError::Scope { .. })));
}

fn openssl(args: &[&str]) {
    let output = std::process::Command::new("openssl").args(args).output().unwrap();
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn tokens_signed_with_a_private_key_are_verified_with_its_public_key() {
    type Load = fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>;
    let kinds: [(Algorithm, &[&str], Load); 3] = [
        (Algorithm::RS256, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], EncodingKey::from_rsa_pem),
        (Algorithm::ES256, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], EncodingKey::from_ec_pem),
        (Algorithm::EdDSA, &["-algorithm", "ED25519"], EncodingKey::from_ed_pem),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut tokens = Vec::new();
    for (algorithm, arguments, load) in kinds {
        let (private, public) = (path(&format!("{algorithm:?}.key")), path(&format!("{algorithm:?}.pem")));
        openssl(&[&["genpkey"], arguments, &["-out", &private]].concat());
        openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
        let claims = json!({"exp": in_a_minute()});
        let key = load(&std::fs::read(&private).unwrap()).unwrap();
        let token = encode(&Header::new(algorithm), &claims, &key).unwrap();
        let config = JwtConfig { public_key: public.into(), ..JwtConfig::default() };
        verify(&config, &token).unwrap_or_else(|error| panic!("{algorithm:?}: {error:?}"));
        // A forger knows the public key. A token that is signed with its text as an HS256 secret must not pass.
        let pem = String::from_utf8(std::fs::read(&config.public_key).unwrap()).unwrap();
        assert!(verify(&config, &sign(&pem, &claims)).is_err());
        tokens.push((config, token));
    }
    assert!(verify(&tokens[0].0, &tokens[1].1).is_err(), "a token of another key passed");
}
