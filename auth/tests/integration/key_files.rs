//! Keys in files: what is refused, and what happens when a file changes.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use vru_auth::{AuthError, JwtConfig};
use vru_runtime::metrics::counter_sum;
use vru_runtime::report::chain;
use vru_runtime::test_util::eventually;

use crate::keys::{Pair, accepted, config, of_set, set, start};

const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn sets_that_are_ambiguous_or_hold_no_usable_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (first, second) = (Pair::ed(path, "first"), Pair::ed(path, "second"));
    let weak = Pair::rsa(path, "weak", 1024, Algorithm::RS256);
    let secp256k1 = json!({"kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA"});
    let oct = json!({"kty": "oct", "kid": "k", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"});
    let wrong: [(&[Value], &str); 13] = [
        (&[], "no key"),
        (&[first.jwk(&json!({})), second.jwk(&json!({"kid": "first"}))], "`first`"),
        (&[first.jwk(&json!({})), second.jwk(&json!({"kid": null}))], "no kid"),
        (&[first.jwk(&json!({"use": "enc"}))], "no key"),
        (&[first.jwk(&json!({"key_ops": ["encrypt"]}))], "no key"),
        (&[weak.jwk(&json!({}))], "1024 bits"),
        (&[oct], "shared secret"),
        (&[secp256k1], "`k`"),
        (&[first.jwk(&json!({"alg": "RS256"}))], "does not fit"),
        (&[first.jwk(&json!({"alg": "HS256"}))], "does not fit"),
        (&[first.jwk(&json!({"x": "AAAA"}))], "wrong length"),
        (&[first.jwk(&json!({"d": "AAAA"}))], "private key"),
        (&[json!({"kty": "RSA", "kid": "k", "n": "!", "e": "AQAB"})], "base64url"),
    ];
    for (keys, wanted) in wrong {
        let Err(error) = of_set(path, keys) else { panic!("{keys:?} was accepted") };
        let text = chain(&error).to_string();
        assert!(text.contains(wanted) && text.contains("set.json"), "{wanted}: {text}");
    }
    // Keys that cannot be used do not keep the others from being used. The same kid for another purpose is no ambiguity.
    let keys = [first.jwk(&json!({})), weak.jwk(&json!({})), second.jwk(&json!({"kid": "first", "use": "enc"}))];
    let verifier = of_set(path, &keys).unwrap();
    accepted(verifier.verify_now(&first.good()));
    assert!(matches!(verifier.verify_now(&weak.good()), Err(AuthError::UnknownKey)));
    for text in ["", "[]", "{}", r#"{"keys": {}}"#, r#"{"keys": [1]}"#] {
        let file = path.join("other.json");
        std::fs::write(&file, text).unwrap();
        assert!(start(&JwtConfig { jwks_file: file, ..config() }).is_err(), "{text}");
    }
}

#[tokio::test]
async fn pem_files_without_a_strong_public_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let weak = Pair::rsa(folder.path(), "weak", 1024, Algorithm::RS256);
    let strong = Pair::rsa(folder.path(), "strong", 2048, Algorithm::RS256);
    let private = strong.public.with_extension("key");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    for (file, wanted) in [(&weak.public, "1024 bits"), (&private, "strong.key"), (&empty, "empty")] {
        let Err(error) = start(&JwtConfig { public_key: file.clone(), ..config() }) else { panic!("{wanted}") };
        let text = chain(&error).to_string();
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[tokio::test]
async fn a_changed_file_rotates_the_keys_and_a_broken_one_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Pair::ed(folder.path(), "old"), Pair::ed(folder.path(), "new"));
    let verifier = of_set(folder.path(), &[old.jwk(&json!({}))]).unwrap();
    let identity = accepted(verifier.verify_now(&old.good()));
    let write = |text: &str| std::fs::write(folder.path().join("set.json"), text).unwrap();
    let becomes = async |what: &str, holds: &dyn Fn() -> bool| {
        eventually(DEADLINE, what, async || if holds() { Ok(()) } else { Err("not yet".to_owned()) }).await;
    };

    // Both are valid while both are in the set.
    write(&set(&[old.jwk(&json!({})), new.jwk(&json!({}))]));
    becomes("the new key", &|| verifier.verify_now(&new.good()).is_ok()).await;
    accepted(verifier.verify_now(&old.good()));
    assert!(!identity.revoked.is_cancelled());

    let failed = || counter_sum("auth_key_refreshes_total", |labels| labels.contains(&("outcome", "failed")));
    let before = failed();
    write("{");
    becomes("the broken file to be counted", &|| failed() > before).await;
    accepted(verifier.verify_now(&old.good()));
    accepted(verifier.verify_now(&new.good()));

    write(&set(&[new.jwk(&json!({}))]));
    becomes("the old key to be refused", &|| verifier.verify_now(&old.good()).is_err()).await;
    accepted(verifier.verify_now(&new.good()));
    assert!(identity.revoked.is_cancelled(), "a stream of the removed key must end");
}

#[tokio::test]
async fn a_key_that_changes_under_the_same_kid_is_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Pair::ed(folder.path(), "old"), Pair::ed(folder.path(), "new"));
    let verifier = of_set(folder.path(), &[old.jwk(&json!({}))]).unwrap();
    let identity = accepted(verifier.verify_now(&old.good()));
    std::fs::write(folder.path().join("set.json"), set(&[new.jwk(&json!({"kid": "old"}))])).unwrap();
    tokio::time::timeout(DEADLINE, identity.revoked.cancelled()).await.expect("the old key is revoked");
    assert!(verifier.verify_now(&old.good()).is_err());
}
