//! What every route shares.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vru_runtime::test_util::eventually;

use super::api::Api;
use super::limits::Replica;

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_and_every_error_is_a_problem() {
    let api = Api::start().await;
    let client = api.client();
    let unknown = client.get("/api/v1/nothing").await;
    assert_eq!(unknown.problem(), (404, "no_such_route", ""));
    assert_eq!(unknown.header("x-request-id").len(), 16);
    let method = client.send(Method::PATCH, "/api/v1/session", &[], "").await;
    assert_eq!(method.problem(), (405, "method_not_allowed", ""));
    assert!(method.header("allow").contains("DELETE"), "{method:?}");
    let given = client.send(Method::GET, "/api/v1/session", &[("x-request-id", "from-the-client.7")], "").await;
    assert_eq!(given.header("x-request-id"), "from-the-client.7");
    let odd = client.send(Method::GET, "/api/v1/session", &[("x-request-id", "a b\"c")], "").await;
    assert_eq!(odd.header("x-request-id").len(), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted_by_resource_and_what_clients_make_up_is_no_label() {
    let api = Api::start().await;
    let replica = tokio::task::block_in_place(|| Replica::start(&api, &[]));
    let client = api.client().at_address(replica.address);
    client.get("/api/v1/sites").await;
    client.get("/api/v1/sites/no-uuid/cameras").await;
    client.get("/api/v1/made-up").await;
    client.get("/made/up").await;
    client.send(Method::from_bytes(b"MADEUP").unwrap(), "/api/v1/sites", &[], "").await;
    let metrics = tokio::task::block_in_place(|| replica.process.metrics());
    let requests = |labels: &[(&str, &str)]| metrics.count("api_http_requests_total", labels);
    assert_eq!(requests(&[("resource", "sites"), ("method", "GET")]), 2);
    assert_eq!(requests(&[("resource", "sites"), ("method", "other")]), 1);
    assert_eq!(requests(&[("resource", "web"), ("status", "404")]), 2);
    assert_eq!(requests(&[]), 5);
    assert_eq!(metrics.count("api_http_request_seconds_count", &[("resource", "sites")]), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_body_is_refused_with_the_field_that_is_wrong() {
    let api = Api::start_with(|config| config.http.max_body_bytes = 4096).await;
    let client = api.admin().await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(5000));
    for (body, expected) in [
        ("{", (400, "malformed_json", "")),
        ("{} {}", (422, "invalid_field", "")),
        ("[]", (422, "invalid_field", "")),
        ("{\"name\":\"a\",\"time_zone\":\"UTC\"} x", (400, "malformed_json", "")),
        ("{\"name\":7,\"time_zone\":\"UTC\"}", (422, "invalid_field", "name")),
        ("{\"name\":\"\",\"time_zone\":\"UTC\"}", (422, "invalid_field", "name")),
        ("{\"name\":\"a\\u0000\",\"time_zone\":\"UTC\"}", (422, "invalid_field", "name")),
        ("{\"name\":\"a\",\"time_zone\":\"Mars/Olympus\"}", (422, "invalid_field", "time_zone")),
        ("{\"name\":\"a\",\"time_zone\":\"UTC\",\"colour\":1}", (422, "invalid_field", "colour")),
        ("{\"name\":\"a\",\"time_zone\":\"UTC\",\"units\":1}", (422, "invalid_field", "units")),
        ("{\"name\":\"a\",\"time_zone\":\"UTC\",\"units\":\"furlongs\"}", (422, "invalid_field", "units")),
        (
            "{\"name\":\"a\",\"time_zone\":\"UTC\",\"location\":{\"latitude\":91,\"longitude\":0}}",
            (422, "invalid_field", "location.latitude"),
        ),
        (
            "{\"name\":\"a\",\"time_zone\":\"UTC\",\"location\":{\"latitude\":1,\"longitude\":\"x\"}}",
            (422, "invalid_field", "location.longitude"),
        ),
        (large.as_str(), (413, "body_too_large", "")),
    ] {
        let answer = client.send(Method::POST, "/api/v1/sites", &[], body).await;
        assert_eq!(answer.problem(), expected, "{body}");
    }
    assert_eq!(api.query("SELECT count(*) FROM sites")[0][0], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_named_and_comes_back() {
    let api = Api::start().await;
    let client = api.admin().await;
    api.execute("ALTER TABLE sites RENAME TO elsewhere");
    assert_eq!(client.get("/api/v1/sites").await.problem(), (500, "internal", ""));
    api.execute("ALTER TABLE elsewhere RENAME TO sites");
    assert_eq!(client.get("/api/v1/sites").await.status, StatusCode::OK);
    api.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vru-api' AND datname = current_database()");
    // Connections that ended are replaced, as soon as somebody finds that they ended.
    eventually(Duration::from_mins(1), "the API answers again", async || {
        let answer = client.get("/api/v1/sites").await;
        if answer.status == StatusCode::OK {
            return Ok(());
        }
        assert_eq!(answer.problem(), (503, "database_unavailable", ""));
        Err(format!("{answer:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_sends_no_whole_request_is_closed() {
    let api = Api::start_with(|config| config.http.idle = Duration::from_secs(1)).await;
    let request = "GET /api/v1/session HTTP/1.1\r\nhost: x\r\n\r\n";
    for sent in ["", "GET /api", request] {
        let mut stream = TcpStream::connect(api.address).await.expect("a connection");
        stream.write_all(sent.as_bytes()).await.expect("the bytes are sent");
        let mut answer = String::new();
        let closed = tokio::time::timeout(Duration::from_mins(1), stream.read_to_string(&mut answer)).await;
        closed.expect("it is closed").expect("it is closed in order");
        assert_eq!(answer.starts_with("HTTP/1.1 401"), sent == request, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait_until_others_end() {
    let api = Api::start_with(|config| config.http.max_connections = 2).await;
    let held = [TcpStream::connect(api.address).await, TcpStream::connect(api.address).await];
    let client = api.client();
    let mut waiting = std::pin::pin!(client.get("/api/v1/session"));
    // Served at once otherwise.
    assert!(tokio::time::timeout(Duration::from_millis(500), waiting.as_mut()).await.is_err());
    drop(held);
    assert_eq!(waiting.await.status, StatusCode::UNAUTHORIZED);
}

/// The body is larger than what the kernel takes of it at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_still_sends_gets_the_answer() {
    let api = Api::start().await;
    let body = Bytes::from(vec![b' '; 3_500_000]);
    for _ in 0..20 {
        let refused = api.client().send_bytes(Method::POST, "/api/v1/users", &[], body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{refused:?}");
    }
}
