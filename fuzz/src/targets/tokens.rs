//! What a subscriber sends.

use std::sync::OnceLock;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use vru_runtime::secret::Secret;
use vru_sink::alerts::TokenVerifier;
use vru_sink::alerts::config::JwtConfig;
use vru_sink::fuzzing::{decode_token, encode_token, verifier};

use super::assert_says;

const KEY: &str = "g3h31m_Zx9, known to nobody who subscribes";

/// Positions survive being written again.
pub(crate) fn resume(case: &[u8]) {
    let text = crate::input::text(case);
    match decode_token(&text) {
        Ok(positions) => assert_eq!(decode_token(&encode_token(&positions)), Ok(positions)),
        Err(problem) => assert!(problem.len() > 8),
    }
    // Past the alphabet and the stream's name, both of which random bytes seldom get right.
    let positions: Vec<i64> = case.iter().map(|&byte| i64::from(byte) << (byte % 56)).collect();
    assert_eq!(decode_token(&encode_token(&positions)), Ok(positions));
}

fn known() -> &'static dyn TokenVerifier {
    static VERIFIER: OnceLock<Box<dyn TokenVerifier>> = OnceLock::new();
    let make = || -> Box<dyn TokenVerifier> {
        let config = JwtConfig { secret: Secret::new(KEY), scope: "alerts".to_owned(), ..JwtConfig::default() };
        Box::new(verifier(&config).expect("a secret makes a verifier"))
    };
    VERIFIER.get_or_init(make).as_ref()
}

/// Nobody gets in without the key.
pub(crate) fn bearer(case: &[u8]) {
    match known().verify(&crate::input::text(case)) {
        Ok(identity) => panic!("a token that nobody signed was taken: {identity:?}"),
        Err(error) => assert_says(&error),
    }
}

/// Claims that are signed: whoever gets in has the scope and has not expired.
pub(crate) fn claims(case: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<serde_json::Value>(case) else { return };
    let key = EncodingKey::from_secret(KEY.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("JSON can be signed");
    match known().verify(&token) {
        Ok(identity) => {
            assert!(claims.to_string().contains("alerts"), "no scope in {claims}");
            let soon = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
            assert!(identity.expires_at.is_none_or(|end| end > soon), "expired: {identity:?}");
        }
        Err(error) => assert_says(&error),
    }
}
