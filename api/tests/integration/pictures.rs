//! Snapshots and clips, with a real S3 server.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use vru_runtime::test_util::{S3Server, ServiceLaunch, eventually, free_port, s3};
use vru_storage::s3::Bucket;

use super::api::{Api, ApiClient};
use super::bucket::{ApiWithBucket, put};

async fn start(s3: &S3Server, url_lifetime: Duration) -> (Api, ApiClient, Bucket, String) {
    let with_bucket = Box::pin(ApiWithBucket::with_pictures(s3, |api| api.s3.url_lifetime = url_lifetime)).await;
    let ApiWithBucket { api, site, bucket, .. } = with_bucket;
    let viewer = api.member("viewer", &site, 1).await;
    (api, viewer, bucket, format!("/api/v1/sites/{site}"))
}

/// As a browser does, without log-in.
pub async fn fetch(url: &str) -> (u16, Bytes) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client.get(url.parse().expect("a URL")).await.expect("an answer of the store");
    let status = answer.status().as_u16();
    (status, answer.into_body().collect().await.expect("a body").to_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_fetched_by_an_address_that_ends_and_the_audit_log_tells_who_asked() {
    let (api, client, bucket, site) = start(s3(), Duration::from_secs(2)).await;
    api.add_alert("cam-a", "a", 0, "");
    let track = api.add_track("cam-a", 1, 0, "snapshot_key = 'snapshots/a.jpg'");
    put(&bucket, "snapshots/a.jpg", "image/jpeg", b"a picture\xff\x00").await;
    put(&bucket, "clips/a.mp4", "video/mp4", b"a clip").await;
    let mut addresses = Vec::new();
    for (path, bytes) in [
        (format!("{site}/alerts/a/snapshot"), &b"a picture\xff\x00"[..]),
        (format!("{site}/alerts/a/clip"), b"a clip"),
        (format!("{site}/tracks/{track}/snapshot"), b"a picture\xff\x00"),
    ] {
        // A machine that is busy for as long as the address is good must ask again.
        let url = eventually(Duration::from_mins(1), "the picture is fetched", async || {
            let answer = client.get(&path).await;
            assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "no-store"), "{answer:?}");
            assert!(answer.body["expires_at"].is_string(), "{answer:?}");
            let url = answer.body["url"].as_str().expect("an address").to_owned();
            assert!(!url.contains(S3Server::READER_SECRET_KEY), "{url}");
            match fetch(&url).await {
                (200, body) if body == bytes => Ok(url),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        addresses.push(url);
    }
    for url in addresses {
        eventually(Duration::from_mins(1), "the address ends", async || match fetch(&url).await {
            (403, _) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
        // Nobody makes one up.
        let forged = url.replace("X-Amz-Expires=2", "X-Amz-Expires=3600");
        assert_ne!(forged, url);
        assert_eq!(fetch(&forged).await.0, 403);
    }
    let log = api.query("SELECT DISTINCT action, object, details->>'camera_id', user_id <> '', site_id <> '' FROM audit_log WHERE action LIKE '%.see_%' ORDER BY action");
    let row = |action: &str, object: &str| [action, object, "cam-a", "t", "t"].map(str::to_owned).to_vec();
    assert_eq!(log, [row("alert.see_clip", "a"), row("alert.see_snapshot", "a"), row("track.see_snapshot", &track)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_not_there_is_a_404_that_says_why() {
    let (api, client, _, site) = start(s3(), Duration::from_mins(1)).await;
    api.add_alert("cam-a", "a", 0, "");
    api.add_crossing("cam-a", "x", 0, 1, "kerb", 1);
    let track = api.add_track("cam-a", 1, 0, "");
    for (path, code) in [
        (format!("{site}/alerts/a/snapshot"), "picture_missing"),
        (format!("{site}/alerts/a/clip"), "picture_missing"),
        (format!("{site}/alerts/x/snapshot"), "no_picture"),
        (format!("{site}/tracks/{track}/snapshot"), "no_picture"),
    ] {
        assert_eq!(client.get(&path).await.problem(), (404, code, ""), "{path}");
    }
    // Nothing was shown.
    assert_eq!(api.query("SELECT count(*) FROM audit_log WHERE action LIKE '%.see_%'")[0][0], "0");
    let without = Api::start().await;
    let admin = without.admin().await;
    without.add_alert("cam-a", "a", 0, "");
    assert_eq!(admin.get("/api/v1/alerts/a/clip").await.problem(), (404, "pictures_not_configured", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_a_503_and_everything_else_is_served() {
    let s3 = tokio::task::block_in_place(S3Server::start);
    let (api, client, bucket, site) = start(&s3, Duration::from_mins(1)).await;
    api.add_alert("cam-a", "a", 0, "");
    put(&bucket, "snapshots/a.jpg", "image/jpeg", b"a picture").await;
    let path = format!("{site}/alerts/a/snapshot");
    assert_eq!(client.get(&path).await.status, StatusCode::OK);
    s3.server.pause();
    // More than there are connections to the database.
    let waiting = (0..api.config.database.pool_size + 4).map(|_| {
        let (client, path) = (client.clone(), path.clone());
        tokio::spawn(async move { client.get(&path).await })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(client.get(&format!("{site}/alerts")).await.status, StatusCode::OK);
    for answer in waiting {
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.problem(), (503, "pictures_unavailable", ""));
        assert_eq!(answer.header("retry-after"), "1");
    }
    s3.server.resume();
    eventually(Duration::from_mins(1), "pictures are shown again", async || {
        let answer = client.get(&path).await;
        if answer.status == StatusCode::OK { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    tokio::task::block_in_place(|| s3.server.kill());
    assert_eq!(client.get(&path).await.problem(), (503, "pictures_unavailable", ""));
    assert_eq!(client.get(&format!("{site}/alerts/a")).await.body["id"], json!("a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_credentials_nor_the_address_of_a_picture_are_in_the_log() {
    let (api, client, bucket, site) = start(s3(), Duration::from_mins(1)).await;
    api.add_alert("cam-a", "a", 0, "");
    put(&bucket, "snapshots/a.jpg", "image/jpeg", b"a picture").await;
    let address: SocketAddr = ([127, 0, 0, 1], free_port()).into();
    let config = &api.config.s3.bucket;
    let launch = ServiceLaunch::new("vru-api")
        .set("telemetry.level", "debug")
        .set("http.listen", address.to_string())
        .set("database.url", &api.database)
        .set("kafka.brokers", format!("127.0.0.1:{}", free_port()))
        .set("s3.enabled", "true")
        .set("s3.bucket", &config.bucket)
        .set("s3.prefix", &config.prefix)
        .set("s3.endpoint", &config.endpoint)
        .set("s3.access_key", S3Server::READER_ACCESS_KEY)
        .set("s3.secret_key", S3Server::READER_SECRET_KEY);
    let service = tokio::task::block_in_place(|| launch.start());
    eventually(Duration::from_mins(1), "the API is served", async || {
        tokio::net::TcpStream::connect(address).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let client = client.at_address(address);
    let shown = client.get(&format!("{site}/alerts/a/snapshot")).await;
    let missing = client.get(&format!("{site}/alerts/a/clip")).await;
    assert_eq!((shown.status, missing.status), (StatusCode::OK, StatusCode::NOT_FOUND), "{shown:?} {missing:?}");
    let url = shown.body["url"].as_str().expect("an address");
    let (_, signature) = url.split_once("X-Amz-Signature=").expect("a signature");
    let signature = signature.split('&').next().unwrap_or_default();
    let log = eventually(Duration::from_mins(1), "the log has the requests", async || {
        let log = service.log();
        if log.contains("/alerts/a/clip") { Ok(log) } else { Err(service.log_tail()) }
    })
    .await;
    let audit = api.query("SELECT json_agg(a)::text FROM audit_log a")[0][0].clone();
    for secret in [signature, S3Server::READER_SECRET_KEY] {
        assert!(!log.contains(secret) && !audit.contains(secret), "{secret} is in a log");
    }
}
