//! Keys from the URL of an identity provider, a small HTTP server here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vru_auth::{AuthError, JwtConfig, JwtVerifier, TokenVerifier as _};
use vru_runtime::admin::Readiness;
use vru_runtime::metrics::counter_sum;
use vru_runtime::test_util::{CertificateFiles, eventually};
use vru_runtime::tls::ServerTls;

use crate::keys::{Pair, accepted, config, set, start};

const DEADLINE: Duration = Duration::from_mins(2);

/// Answers with a status and a body, which a test changes, and counts the requests.
#[derive(Clone)]
struct Provider {
    answer: Arc<std::sync::Mutex<(StatusCode, String)>>,
    requests: Arc<AtomicUsize>,
    url: String,
}

impl Provider {
    async fn start(text: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let provider =
            Self { answer: Arc::new(std::sync::Mutex::new((StatusCode::OK, text))), requests: Arc::default(), url };
        let this = provider.clone();
        let answer = move || {
            this.requests.fetch_add(1, Ordering::SeqCst);
            let (status, text) = this.answer.lock().unwrap().clone();
            let location = (header::LOCATION, "/elsewhere");
            async move { (status, [location], text).into_response() }
        };
        let elsewhere = provider.clone();
        let app = Router::new()
            .route("/keys", get(answer))
            .route("/elsewhere", get(move || async move { elsewhere.answer.lock().unwrap().1.clone() }));
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    fn set(&self, status: StatusCode, text: &str) {
        *self.answer.lock().unwrap() = (status, text.to_owned());
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn config(&self) -> JwtConfig {
        JwtConfig { jwks_url: self.url.clone(), jwks_refresh: Duration::from_hours(1), ..config() }
    }
}

fn failed() -> u64 {
    counter_sum("auth_key_refreshes_total", |labels| labels.contains(&("outcome", "failed")))
}

async fn eventually_accepted(verifier: &JwtVerifier, pair: &Pair) {
    eventually(DEADLINE, &format!("the key {} to be accepted", pair.kid), async || {
        verifier.verify(&pair.good()).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_rotates_without_a_restart_and_unknown_keys_are_asked_for_at_a_bounded_rate() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Pair::ed(folder.path(), "old"), Pair::ed(folder.path(), "new"));
    let stranger = Pair::ed(folder.path(), "stranger");
    let provider = Provider::start(set(&[old.jwk(&json!({}))])).await;
    let begun = Instant::now();
    let verifier = start(&provider.config()).unwrap();
    // The first call waits for the first fetch.
    let identity = accepted(verifier.verify(&old.good()).await);

    provider.set(StatusCode::OK, &set(&[old.jwk(&json!({})), new.jwk(&json!({}))]));
    eventually_accepted(&verifier, &new).await;
    accepted(verifier.verify(&old.good()).await);
    assert!(!identity.revoked.is_cancelled());

    // Tokens with unknown keys cost the provider nothing.
    let before = provider.requests();
    for _ in 0..1_000 {
        let stranger = verifier.verify(&stranger.good()).await;
        assert!(matches!(stranger, Err(AuthError::UnknownKey)));
    }
    let allowed = 2 + begun.elapsed().as_secs() / 10;
    assert!((provider.requests() - before) as u64 <= allowed, "{} fetches", provider.requests() - before);

    // A key that the provider removes is refused after the next fetch, which another unknown key brings about here.
    provider.set(StatusCode::OK, &set(&[new.jwk(&json!({}))]));
    eventually(DEADLINE, "the removed key to be refused", async || {
        verifier.verify(&stranger.good()).await.err();
        if verifier.verify(&old.good()).await.is_err() { Ok(()) } else { Err("it is accepted".to_owned()) }
    })
    .await;
    assert!(identity.revoked.is_cancelled(), "a stream of the removed key must end");
    accepted(verifier.verify(&new.good()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_refresh_keeps_the_last_keys_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Pair::ed(folder.path(), "old"), Pair::ed(folder.path(), "new"));
    let good = set(&[old.jwk(&json!({}))]);
    let provider = Provider::start(good.clone()).await;
    let verifier = start(&provider.config()).unwrap();
    accepted(verifier.verify(&old.good()).await);
    let duplicate = set(&[old.jwk(&json!({})), new.jwk(&json!({"kid": "old"}))]);
    let too_large = format!("{}{}", set(&[new.jwk(&json!({}))]), " ".repeat(1024 * 1024));
    let answers = [
        (StatusCode::INTERNAL_SERVER_ERROR, good.as_str()),
        // A redirect is not followed, even to a good set.
        (StatusCode::FOUND, &set(&[new.jwk(&json!({}))])),
        (StatusCode::OK, "<html>maintenance</html>"),
        (StatusCode::OK, r#"{"keys": []}"#),
        (StatusCode::OK, &duplicate),
        (StatusCode::OK, &too_large),
    ];
    for (status, text) in answers {
        let before = failed();
        provider.set(status, text);
        eventually(DEADLINE, "a failed fetch", async || {
            // Brings about a fetch.
            assert!(verifier.verify(&new.good()).await.is_err(), "{status} {text:.40}");
            if failed() > before { Ok(()) } else { Err("none".to_owned()) }
        })
        .await;
        accepted(verifier.verify(&old.good()).await);
    }
    provider.set(StatusCode::OK, &set(&[old.jwk(&json!({})), new.jwk(&json!({}))]));
    eventually_accepted(&verifier, &new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_before_its_provider_is_not_ready_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::ed(folder.path(), "key");
    let provider = Provider::start(String::new()).await;
    provider.set(StatusCode::SERVICE_UNAVAILABLE, "");
    let readiness = Readiness::default();
    let verifier = JwtVerifier::start(&provider.config(), readiness.part("keys"), CancellationToken::new()).unwrap();
    assert!(matches!(verifier.verify(&pair.good()).await, Err(AuthError::NoKeys)));
    eventually(DEADLINE, "the reason in /ready", async || {
        let reason = readiness.waiting_for()["keys"].clone();
        if reason.contains("503") { Ok(()) } else { Err(reason) }
    })
    .await;
    provider.set(StatusCode::OK, &set(&[pair.jwk(&json!({}))]));
    eventually_accepted(&verifier, &pair).await;
    assert!(readiness.waiting_for().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_never_finishes_its_answer_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::ed(folder.path(), "key");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            // An answer before the request is a fault of another kind.
            stream.read_exact(&mut [0; 16]).await.ok();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{").await.ok();
            open.push(stream);
        }
    });
    let readiness = Readiness::default();
    let config = JwtConfig { jwks_url: url, ..config() };
    let verifier = JwtVerifier::start(&config, readiness.part("keys"), CancellationToken::new()).unwrap();
    let verified = tokio::time::timeout(DEADLINE, verifier.verify(&pair.good())).await.expect("an answer in time");
    assert!(matches!(verified, Err(AuthError::NoKeys)));
    assert!(readiness.waiting_for()["keys"].contains("no complete answer"), "{:?}", readiness.waiting_for());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_of_the_provider_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::ed(folder.path(), "key");
    let files = CertificateFiles::create(folder.path(), "provider");
    let other = CertificateFiles::create(folder.path(), "other");
    let tls = ServerTls::start("provider", &files.certificate, &files.key, &[], CancellationToken::new()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/keys", listener.local_addr().unwrap().port());
    let body = set(&[pair.jwk(&json!({}))]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = tokio_rustls::TlsAcceptor::from(tls.current()).accept(stream).await else { continue };
            stream.read_exact(&mut [0; 16]).await.ok();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.ok();
            stream.shutdown().await.ok();
        }
    });
    let with_ca = |ca: &std::path::Path| JwtConfig { jwks_url: url.clone(), jwks_ca: ca.to_owned(), ..config() };
    let trusting = start(&with_ca(&files.certificate)).unwrap();
    accepted(trusting.verify(&pair.good()).await);
    for config in
        [with_ca(&other.certificate), JwtConfig { jwks_ca: std::path::PathBuf::new(), ..with_ca(&other.certificate) }]
    {
        let verifier = start(&config).unwrap();
        assert!(matches!(verifier.verify(&pair.good()).await, Err(AuthError::NoKeys)));
    }
}
