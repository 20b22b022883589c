//! Tokens that a forger, a client of another service or a careless issuer would send.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use vru_auth::{AuthError, JwtConfig};
use vru_runtime::secret::Secret;

use crate::keys::{Pair, accepted, claims, claims_with, config, now, of_set, start};

/// A token with this header and these claims, and a signature of another token.
fn with_header(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn every_kind_of_key_is_verified_with_its_own_algorithms_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let pairs = [
        Pair::rsa(path, "rs", 2048, Algorithm::RS256),
        Pair::rsa(path, "ps", 2048, Algorithm::PS256),
        Pair::ec(path, "es", "P-256", Algorithm::ES256),
        Pair::ec(path, "es384", "P-384", Algorithm::ES384),
        Pair::ed(path, "ed"),
    ];
    let all: Vec<Value> = pairs.iter().map(|pair| pair.jwk(&json!({"use": "sig"}))).collect();
    let verifier = of_set(path, &all).unwrap();
    for pair in &pairs {
        assert_eq!(accepted(verifier.verify_now(&pair.good())).subject, "ann", "{}", pair.kid);
        // The same key from a PEM file.
        let from_pem = start(&JwtConfig { public_key: pair.public.clone(), ..config() }).unwrap();
        accepted(from_pem.verify_now(&pair.good()));
        // A forger knows the public key: as text of the file, and as member of the set.
        let known = [std::fs::read(&pair.public).unwrap(), pair.jwk(&json!({})).to_string().into_bytes()];
        for secret in known {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let header = Header { kid: Some(pair.kid.to_owned()), ..Header::new(algorithm) };
                let forged = encode(&header, &claims(), &EncodingKey::from_secret(&secret)).unwrap();
                assert!(matches!(verifier.verify_now(&forged), Err(AuthError::Invalid(_))), "{}", pair.kid);
                assert!(matches!(from_pem.verify_now(&forged), Err(AuthError::Invalid(_))), "{}", pair.kid);
            }
        }
        // Signed by one key, with the `kid` of another.
        for other in pairs.iter().filter(|other| other.kid != pair.kid) {
            let header = Header { kid: Some(other.kid.to_owned()), ..Header::new(pair.algorithm) };
            let forged = encode(&header, &claims(), &pair.private).unwrap();
            assert!(verifier.verify_now(&forged).is_err(), "{} as {}", pair.kid, other.kid);
        }
    }
    // A key that names its algorithm is used for that one only.
    let bound = of_set(path, &[pairs[0].jwk(&json!({"alg": "PS256"}))]).unwrap();
    assert!(matches!(bound.verify_now(&pairs[0].good()), Err(AuthError::Invalid(_))));
}

#[tokio::test]
async fn hostile_tokens_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Pair::ed(folder.path(), "first"), Pair::ed(folder.path(), "second"));
    let stranger = Pair::ed(folder.path(), "stranger");
    let verifier = of_set(folder.path(), &[first.jwk(&json!({})), second.jwk(&json!({}))]).unwrap();
    accepted(verifier.verify_now(&first.good()));
    let good = first.good();
    let signature = good.rsplit('.').next().unwrap();
    let header = |more: Value| {
        let mut all = json!({"alg": "EdDSA", "typ": "JWT", "kid": "first"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        all
    };
    let no_kid = encode(&Header::new(Algorithm::EdDSA), &claims(), &first.private).unwrap();
    let critical =
        Header { crit: Some(vec!["x".to_owned()]), kid: Some("first".to_owned()), ..Header::new(Algorithm::EdDSA) };
    let critical = encode(&critical, &claims(), &first.private).unwrap();
    let huge = first.sign(&claims_with(&json!({"x": "x".repeat(20_000)})));
    let cases = [
        ("no algorithm", with_header(&header(json!({"alg": "none"})), &claims(), "")),
        ("no algorithm, in other letters", with_header(&header(json!({"alg": "nOnE"})), &claims(), "")),
        ("an unknown algorithm", with_header(&header(json!({"alg": "ES512"})), &claims(), signature)),
        ("no signature", format!("{}.", good.rsplit_once('.').unwrap().0)),
        ("two parts", good.rsplit_once('.').unwrap().0.to_owned()),
        ("four parts", format!("{good}.x")),
        (
            "other claims under the same signature",
            with_header(&header(json!({})), &claims_with(&json!({"sub": "eve"})), signature),
        ),
        (
            "a key in the header",
            with_header(
                &header(json!({"jwk": stranger.jwk(&json!({}))})),
                &claims(),
                stranger.good().rsplit('.').next().unwrap(),
            ),
        ),
        (
            "a URL of keys in the header",
            with_header(&header(json!({"jku": "http://127.0.0.1:1/keys"})), &claims(), signature),
        ),
        ("an unknown key", stranger.good()),
        ("a path as kid", with_header(&header(json!({"kid": "../../../../dev/null"})), &claims(), signature)),
        ("a number as kid", with_header(&header(json!({"kid": 1})), &claims(), signature)),
        ("no kid, several keys", no_kid),
        ("critical extensions", critical),
        ("too large", huge),
        ("not a token", "not a token".to_owned()),
        ("nothing", String::new()),
        ("no expiry", first.sign(&claims_with(&json!({"exp": null})))),
        ("an expiry that is text", first.sign(&claims_with(&json!({"exp": "9999999999"})))),
        ("a negative expiry", first.sign(&claims_with(&json!({"exp": -1})))),
        ("expired", first.sign(&claims_with(&json!({"exp": now() - 600})))),
        ("not yet valid", first.sign(&claims_with(&json!({"nbf": now() + 600})))),
        ("no issuer", first.sign(&claims_with(&json!({"iss": null})))),
        ("an empty issuer", first.sign(&claims_with(&json!({"iss": ""})))),
        ("another issuer", first.sign(&claims_with(&json!({"iss": "https://id.example.evil"})))),
        ("no audience", first.sign(&claims_with(&json!({"aud": null})))),
        ("an empty audience", first.sign(&claims_with(&json!({"aud": ""})))),
        ("an empty list of audiences", first.sign(&claims_with(&json!({"aud": []})))),
        ("another audience", first.sign(&claims_with(&json!({"aud": "other"})))),
        ("another audience that begins alike", first.sign(&claims_with(&json!({"aud": ["vru-admin", "v"]})))),
    ];
    for (kind, token) in cases {
        let Err(error) = verifier.verify_now(&token) else { panic!("{kind} was accepted") };
        // The text goes to the client.
        let text = vru_runtime::report::chain(&error).to_string();
        assert!(!text.contains("eve") && text.len() < 300, "{kind}: {text}");
    }
    for (kind, token) in [
        ("a list of audiences", first.sign(&claims_with(&json!({"aud": ["other", "vru"]})))),
        ("an expiry with a fraction", first.sign(&claims_with(&json!({"exp": now() as f64 + 600.5})))),
        ("the second key", second.good()),
    ] {
        verifier.verify_now(&token).unwrap_or_else(|error| panic!("{kind}: {error:?}"));
    }
}

#[tokio::test]
async fn a_scope_is_required_when_it_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::ed(folder.path(), "key");
    let verifier =
        start(&JwtConfig { public_key: pair.public.clone(), scope: "alerts:read".to_owned(), ..config() }).unwrap();
    for granted in
        [json!({"scope": "a alerts:read"}), json!({"scope": ["alerts:read"]}), json!({"role": "alerts:read"})]
    {
        accepted(verifier.verify_now(&pair.sign(&claims_with(&granted))));
    }
    for refused in [json!({}), json!({"scope": "alerts:readers"}), json!({"scope": ["a alerts:read"]})] {
        let result = verifier.verify_now(&pair.sign(&claims_with(&refused)));
        assert!(matches!(result, Err(AuthError::Scope { .. })), "{refused}");
    }
}

#[tokio::test]
async fn any_issuer_or_audience_is_accepted_only_when_the_configuration_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::ed(folder.path(), "key");
    let neither = pair.sign(&claims_with(&json!({"iss": null, "aud": null})));
    let only_issuer = pair.sign(&claims_with(&json!({"aud": "other"})));
    let strict = JwtConfig { public_key: pair.public.clone(), ..config() };
    // What `JwtConfig` refuses must not be accepted by a verifier that was given it nevertheless.
    let empty = JwtConfig { issuer: String::new(), audience: String::new(), ..strict.clone() };
    for config in [&strict, &empty] {
        let verifier = start(config).unwrap();
        assert!(verifier.verify_now(&neither).is_err() && verifier.verify_now(&only_issuer).is_err());
    }
    let any_audience = start(&JwtConfig { insecure_accept_any_audience: true, ..strict.clone() }).unwrap();
    accepted(any_audience.verify_now(&only_issuer));
    assert!(any_audience.verify_now(&neither).is_err());
    let any = JwtConfig { insecure_accept_any_audience: true, insecure_accept_any_issuer: true, ..strict };
    accepted(start(&any).unwrap().verify_now(&neither));
}

#[tokio::test]
async fn a_token_within_the_leeway_is_accepted_until_the_leeway_ends() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::ed(folder.path(), "key");
    let leeway = Duration::from_mins(5);
    let verifier = start(&JwtConfig { public_key: pair.public.clone(), leeway, ..config() }).unwrap();
    let expired = now() - 10;
    let identity = accepted(verifier.verify_now(&pair.sign(&claims_with(&json!({ "exp": expired })))));
    let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(expired) + leeway;
    assert_eq!(identity.expires_at, Some(ends), "a stream of this token must go on until then");
    // An expiry that no clock reaches. `jsonwebtoken` refuses what is not in the range of u64.
    for exp in [u64::MAX, 9_223_372_036_854_775_000] {
        let identity = accepted(verifier.verify_now(&pair.sign(&claims_with(&json!({ "exp": exp })))));
        assert!(identity.expires_at.is_none_or(|at| at > SystemTime::now()));
    }
    assert!(verifier.verify_now(&pair.sign(&claims_with(&json!({ "exp": 1e300 })))).is_err());
}

#[test]
fn a_shared_secret_verifies_its_own_algorithm_only() {
    let secret = "0123456789abcdef0123456789abcdef";
    let verifier = start(&JwtConfig { secret: Secret::new(secret), ..config() }).unwrap();
    let sign = |algorithm, secret: &str| {
        encode(&Header::new(algorithm), &claims(), &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    };
    accepted(verifier.verify_now(&sign(Algorithm::HS256, secret)));
    for refused in [sign(Algorithm::HS512, secret), sign(Algorithm::HS256, "another secret of more than 32 bytes")] {
        assert!(matches!(verifier.verify_now(&refused), Err(AuthError::Invalid(_))));
    }
}
