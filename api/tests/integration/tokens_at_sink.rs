//! `vru-sink alerts` accepts the tokens of the API by its key set, and nothing that resembles them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use vru_proto::v1::alerts_client::AlertsClient;
use vru_proto::v1::subscribe_response::Event;
use vru_proto::v1::{SubscribeRequest, SubscribeResponse};
use vru_runtime::test_util::{ServiceLaunch, free_port, kafka};

use super::api::Api;
use super::tokens::{Credentials, kid, published, start};

const DEADLINE: Duration = Duration::from_mins(2);
const ISSUER: &str = "https://vru.example.org";

struct Sink {
    client: AlertsClient<Channel>,
}

impl Sink {
    /// The stream, after its first response.
    async fn open(&self, token: &str) -> Result<Streaming<SubscribeResponse>, Status> {
        let mut request = Request::new(SubscribeRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        let mut stream = self.client.clone().subscribe(request).await?.into_inner();
        let first = tokio::time::timeout(DEADLINE, stream.message()).await.expect("a response in time")?;
        assert!(matches!(first.expect("a response").event, Some(Event::Subscribed(_))));
        Ok(stream)
    }

    async fn assert_accepts(&self, token: &str) {
        if let Err(status) = self.open(token).await {
            panic!("refused: {status}");
        }
    }

    async fn assert_refuses(&self, what: &str, token: &str, code: Code) {
        match self.open(token).await {
            Ok(_) => panic!("{what}: accepted"),
            Err(status) => assert_eq!(status.code(), code, "{what}: {status}"),
        }
    }
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    let text = token.split('.').nth(1).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

/// Signed with another algorithm, and the `kid` of the real key.
fn forged(like: &str, algorithm: Algorithm, key: &EncodingKey, kid: String) -> String {
    encode(&Header { kid: Some(kid), ..Header::new(algorithm) }, &claims(like), key).expect("a token")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grpc_server_accepts_tokens_for_all_sites_and_no_others_and_a_rotation_refuses_none() {
    let api = start(|config| {
        ISSUER.clone_into(&mut config.tokens.issuer);
        config.tokens.publish_ahead = Duration::from_secs(20);
    })
    .await;
    let bus = tokio::task::block_in_place(|| kafka().bus("tokens", 1));
    let address = format!("127.0.0.1:{}", free_port());
    let process = tokio::task::block_in_place(|| {
        let process = ServiceLaunch::new("vru-sink")
            .args(["alerts"])
            .bus(&bus)
            .set("alerts.listen", &address)
            .set("alerts.jwt.jwks_url", format!("http://{}/.well-known/jwks.json", api.address))
            .set("alerts.jwt.jwks_refresh", "10s")
            .set("alerts.jwt.issuer", ISSUER)
            .set("alerts.jwt.audience", "vru")
            .set("alerts.jwt.scope", "alerts:read")
            .set("alerts.jwt.leeway", "0s")
            .set("alerts.heartbeat", "200ms")
            .start();
        process.wait_ready(DEADLINE);
        process
    });
    let client = AlertsClient::connect(format!("http://{address}")).await.expect("the sink can be reached");
    let sink = Sink { client };
    let (admin, anybody) = (api.admin().await, api.client());
    let site = admin.create_site("street").await;
    let credentials = Credentials::create(&admin, None, &["alerts:read"]).await;
    let good = credentials.token(&anybody).await;
    let mut stream = sink.open(&good).await.expect("the token is accepted");

    // Of one site: the API knows sites, this door does not.
    let of_site = Credentials::create(&admin, Some(&site), &["alerts:read"]).await.token(&anybody).await;
    assert_eq!(api.program(&of_site).get(&format!("/api/v1/sites/{site}/alerts")).await.status, 200);
    sink.assert_refuses("of a site", &of_site, Code::Unauthenticated).await;
    let other_scope = Credentials::create(&admin, None, &["tracks:read"]).await.token(&anybody).await;
    sink.assert_refuses("for something else", &other_scope, Code::PermissionDenied).await;
    refuses_forgeries(&api, &sink, &good).await;
    refuses_other_issuers_and_the_past(&api, &sink, &credentials).await;
    sink.assert_accepts(&good).await;

    // Every token is accepted while the key rotates, and a stream that is open goes on.
    let answer = admin.post("/api/v1/signing-keys", &json!({ "at_once": false })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let until = std::time::Instant::now() + DEADLINE;
    let new = loop {
        let token = credentials.token(&anybody).await;
        sink.assert_accepts(&token).await;
        sink.assert_accepts(&good).await;
        if kid(&token) != kid(&good) {
            break token;
        }
        assert!(std::time::Instant::now() < until, "the new key does not sign; {}", process.log_tail());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    sink.assert_accepts(&new).await;
    sink.assert_accepts(&good).await;
    assert_eq!(published(&anybody).await.len(), 2);
    let alive = tokio::time::timeout(DEADLINE, stream.message()).await.expect("a response in time");
    assert!(alive.expect("the stream goes on").is_some());
}

async fn refuses_forgeries(api: &Api, sink: &Sink, good: &str) {
    let set = api.client().get("/.well-known/jwks.json").await.body;
    let public = set["keys"][0].clone();
    let x = public["x"].as_str().expect("a point");
    let point = URL_SAFE_NO_PAD.decode(x).expect("base64url");
    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410).
    let spki = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &point].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::engine::general_purpose::STANDARD.encode(&spki)
    );
    let secrets = [&point[..], &spki, pem.as_bytes(), x.as_bytes(), public.to_string().as_bytes()].map(<[u8]>::to_vec);
    for secret in secrets {
        let token = forged(good, Algorithm::HS256, &EncodingKey::from_secret(&secret), kid(good));
        sink.assert_refuses("HS256 with the public key", &token, Code::Unauthenticated).await;
    }
    let parts: Vec<&str> = good.split('.').collect();
    for header in [json!({ "alg": "none", "kid": kid(good) }), json!({ "alg": "none" })] {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        for signature in ["", parts[2]] {
            let token = format!("{header}.{}.{signature}", parts[1]);
            sink.assert_refuses("without a signature", &token, Code::Unauthenticated).await;
        }
    }
    let (own, secret) = vru_auth::SigningKey::generate().expect("a key");
    let key = EncodingKey::from_ed_der(&ed25519(secret.expose()));
    sink.assert_refuses("another key", &forged(good, Algorithm::EdDSA, &key, kid(good)), Code::Unauthenticated).await;
    let unknown = forged(good, Algorithm::EdDSA, &key, own.kid().to_owned());
    sink.assert_refuses("an unknown kid", &unknown, Code::Unauthenticated).await;
    let more = URL_SAFE_NO_PAD.encode(claims(good).to_string().replace("alerts:read", "alerts:read everything"));
    let changed = format!("{}.{more}.{}", parts[0], parts[2]);
    sink.assert_refuses("other claims", &changed, Code::Unauthenticated).await;
}

/// PKCS #8 of a seed in base64url (RFC 8410).
fn ed25519(seed: &str) -> Vec<u8> {
    let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&head[..], &URL_SAFE_NO_PAD.decode(seed).expect("a seed")].concat()
}

/// Replicas with other settings sign with the same key.
async fn refuses_other_issuers_and_the_past(api: &Api, sink: &Sink, credentials: &Credentials) {
    let issuer = api.replica_with(|config| "https://other.example.org".clone_into(&mut config.tokens.issuer)).await;
    let token = credentials.token(&issuer.client()).await;
    sink.assert_refuses("of another issuer", &token, Code::Unauthenticated).await;
    assert_eq!(api.program(&token).get("/api/v1/alerts").await.problem(), (401, "token_invalid", ""));
    let audience = api.replica_with(|config| "other".clone_into(&mut config.tokens.audience)).await;
    let token = credentials.token(&audience.client()).await;
    sink.assert_refuses("for another audience", &token, Code::Unauthenticated).await;
    let short = api.replica_with(|config| config.tokens.lifetime = Duration::from_secs(1)).await;
    let token = credentials.token(&short.client()).await;
    let expiry = UNIX_EPOCH + Duration::from_secs(claims(&token)["exp"].as_u64().expect("a time") + 1);
    tokio::time::sleep(expiry.duration_since(SystemTime::now()).unwrap_or_default()).await;
    sink.assert_refuses("expired", &token, Code::Unauthenticated).await;
}
