//! Who may subscribe, for how long, and which settings the server refuses.

use tokio::runtime::Runtime;
use tonic::Code;
use vru_runtime::test_util::{kafka, openssl, run_to_end};

use crate::alerts::{ids, publish, request, start};
use crate::subscriber::{AUDIENCE, ISSUER, SECRET, Subscriber, bearer, claims, connect, trailer};

#[test]
fn a_token_within_the_leeway_gets_a_stream_that_lasts() {
    let bus = kafka().bus("grpc-leeway", 1);
    let (_service, address) = start(&bus, &[("alerts.jwt.leeway", "5m")]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&address).await;
        let mut subscriber = Subscriber::with_bearer(&client, request(""), &bearer(-5)).await.unwrap();
        publish(&bus, "cam", 0..3);
        assert_eq!(subscriber.take(3).await, ids("cam", 0..3));
        let refused = Subscriber::with_bearer(&client, request(""), &bearer(-600)).await;
        assert_eq!(refused.err().map(|status| status.code()), Some(Code::Unauthenticated));
    });
}

#[test]
fn a_stream_ends_when_its_key_is_removed_and_a_token_of_a_new_key_resumes() {
    let bus = kafka().bus("grpc-revoked", 1);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let pair = |kid: &str| {
        openssl(&["genpkey", "-algorithm", "ED25519", "-out", &path(kid)]);
        openssl(&["pkey", "-in", &path(kid), "-pubout", "-out", &path("public")]);
        let public = jsonwebtoken::DecodingKey::from_ed_pem(&std::fs::read(path("public")).unwrap()).unwrap();
        let mut jwk = jsonwebtoken::jwk::Jwk::from_decoding_key(&public, None).unwrap();
        jwk.common.key_id = Some(kid.to_owned());
        let private = jsonwebtoken::EncodingKey::from_ed_pem(&std::fs::read(path(kid)).unwrap()).unwrap();
        let header = jsonwebtoken::Header {
            kid: Some(kid.to_owned()),
            ..jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA)
        };
        (jwk, format!("Bearer {}", jsonwebtoken::encode(&header, &claims(3_600), &private).unwrap()))
    };
    let ((old_key, old_token), (new_key, new_token)) = (pair("old"), pair("new"));
    let write = |keys: Vec<jsonwebtoken::jwk::Jwk>| {
        std::fs::write(path("set"), serde_json::json!({ "keys": keys }).to_string()).unwrap();
    };
    write(vec![old_key.clone(), new_key.clone()]);
    let file = path("set");
    let (_service, address) = start(&bus, &[("alerts.jwt.secret", ""), ("alerts.jwt.jwks_file", &file)]);
    Runtime::new().unwrap().block_on(async {
        let client = connect(&address).await;
        let mut old = Subscriber::with_bearer(&client, request(""), &old_token).await.unwrap();
        let mut new = Subscriber::with_bearer(&client, request(""), &new_token).await.unwrap();
        publish(&bus, "cam", 0..3);
        assert_eq!(old.take(3).await, ids("cam", 0..3));
        assert_eq!(new.take(3).await, ids("cam", 0..3));
        write(vec![new_key]);
        let (none, status) = old.read_to_end().await;
        assert_eq!((none.len(), status.code()), (0, Code::Unauthenticated), "{status:?}");
        assert!(Subscriber::with_bearer(&client, request(""), &old_token).await.is_err());
        publish(&bus, "cam", 3..5);
        let mut resumed = Subscriber::with_bearer(&client, request(&trailer(&status)), &new_token).await.unwrap();
        assert_eq!(resumed.take(2).await, ids("cam", 3..5));
        assert_eq!(new.take(2).await, ids("cam", 3..5));
    });
}

#[test]
fn a_server_that_would_let_in_too_many_does_not_start() {
    let jwt = [("alerts.jwt.secret", SECRET), ("alerts.jwt.issuer", ISSUER), ("alerts.jwt.audience", AUDIENCE)];
    let check = |more: &[(&str, &str)]| {
        let output = run_to_end("vru-sink", &["alerts", "--check-config"], &[&jwt, more].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (more, wanted) in [
        (&[("alerts.listen", "0.0.0.0:50051")][..], "allow_plaintext"),
        (&[("alerts.listen", "[::]:50051")], "allow_plaintext"),
        (&[("alerts.listen", "0.0.0.0:50051"), ("alerts.auth", "none")], "loopback"),
        (&[("alerts.listen", "127.0.0.1:50051"), ("alerts.jwt.issuer", "")], "insecure_accept_any_issuer"),
        (&[("alerts.listen", "127.0.0.1:50051"), ("alerts.jwt.audience", "")], "insecure_accept_any_audience"),
        (&[("alerts.listen", "127.0.0.1:50051"), ("alerts.jwt.jwks_url", "http://id.example/keys")], "jwks_url"),
    ] {
        let (code, text) = check(more);
        assert_eq!(code, Some(2), "{more:?}: {text}");
        assert!(text.contains(wanted), "{wanted} is not in {text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    for more in [
        &[("alerts.listen", "0.0.0.0:50051"), ("alerts.allow_plaintext", "true")][..],
        &[("alerts.listen", "127.0.0.1:50051"), ("alerts.auth", "none")],
        &[("alerts.listen", "127.0.0.1:50051")],
    ] {
        let (code, text) = check(more);
        assert_eq!(code, Some(0), "{more:?}: {text}");
    }
}
