//! Tokens that subscribers send, resume tokens and bearer tokens, and the keys of their issuers.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use vru_auth::{JwtConfig, JwtVerifier};
use vru_runtime::admin::Readiness;
use vru_runtime::secret::Secret;
use vru_runtime::shutdown::Shutdown;
use vru_sink::fuzzing::{decode_token, encode_token};

use super::check_error;

const SECRET: &str = "g3h31m_Zx9, known to nobody who subscribes";

/// Positions are the same after encoding and decoding.
pub(crate) fn resume(case: &[u8]) {
    let text = crate::input::text(case);
    match decode_token(&text) {
        Ok(positions) => assert_eq!(decode_token(&encode_token(&positions)), Ok(positions)),
        Err(problem) => assert!(problem.len() > 8),
    }
    // Random bytes are seldom a valid token. A token that is made from random positions reaches more code.
    let positions: Vec<i64> = case.iter().map(|&byte| i64::from(byte) << (byte % 56)).collect();
    assert_eq!(decode_token(&encode_token(&positions)), Ok(positions));
}

fn verifier() -> &'static JwtVerifier {
    static VERIFIER: OnceLock<JwtVerifier> = OnceLock::new();
    VERIFIER.get_or_init(|| {
        let config = JwtConfig {
            secret: Secret::new(SECRET),
            scope: "alerts".to_owned(),
            insecure_accept_any_issuer: true,
            insecure_accept_any_audience: true,
            ..JwtConfig::default()
        };
        let ready = Readiness::default().part("keys");
        JwtVerifier::start(&config, ready, Shutdown::default().soft).expect("a secret needs no file")
    })
}

/// No token is accepted that was not signed with the secret.
pub(crate) fn bearer(case: &[u8]) {
    match verifier().verify_now(&crate::input::text(case)) {
        Ok(identity) => panic!("an unsigned token was accepted: {identity:?}"),
        Err(error) => check_error(&error),
    }
}

/// A signed token is accepted only if it has the scope and has not expired.
pub(crate) fn claims(case: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<serde_json::Value>(case) else { return };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("JSON can be signed");
    match verifier().verify_now(&token) {
        Ok(identity) => {
            assert!(claims.to_string().contains("alerts"), "no scope in {claims}");
            let soon = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
            assert!(identity.expires_at.is_none_or(|end| end > soon), "expired: {identity:?}");
        }
        Err(error) => check_error(&error),
    }
}

/// The keys of a set are told apart by their `kid`.
pub(crate) fn key_set(case: &[u8]) {
    match vru_auth::fuzzing::key_set(case) {
        Ok(kids) => {
            let different: std::collections::HashSet<_> = kids.iter().collect();
            assert!(!kids.is_empty() && different.len() == kids.len(), "ambiguous: {kids:?}");
            assert!(kids.len() == 1 || kids.iter().all(Option::is_some), "a key without kid among others: {kids:?}");
        }
        Err(error) => check_error(&error),
    }
    if let Err(problem) = vru_auth::fuzzing::pem(case) {
        assert!(problem.len() > 8, "an error has no message: {problem:?}");
    }
}
