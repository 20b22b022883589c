//! A replica that stops while it receives bytes of an upload. Clients give an upload up after a status of 400 to 499, so it answers otherwise.

use hyper::StatusCode;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use vru_runtime::test_util::eventually;

use super::api::Api;
use super::uploads::{DEADLINE, PART, Uploads, begin, film, held_is, offset, patch};

/// A whole part and some of the next.
const SENT: usize = PART + 700_000;
const LENGTH: usize = 3 * PART;

/// A request that the replica has accepted, with less than its whole body.
async fn begun(uploads: &Uploads, replica: &Api, path: &str, headers: &str, content: &[u8]) -> TcpStream {
    let client = uploads.admin.at(replica);
    let connection = begin(&client, replica, path, headers, content.len(), &content[..SENT]).await;
    held_is(uploads, path, "t").await;
    connection
}

/// The head of its answer when the replica stops.
async fn stopped(replica: &Api, mut connection: TcpStream) -> String {
    replica.stop();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let read = tokio::time::timeout(DEADLINE, connection.read_buf(&mut answer)).await.expect("in time");
        assert!(read.expect("the connection stays") > 0, "no answer: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stops_tells_where_the_upload_goes_on() {
    let uploads = Uploads::start(|_| {}).await;
    let content = film(LENGTH);
    let path = uploads.create(LENGTH).await;
    let replica = uploads.api.replica().await;
    let connection = begun(&uploads, &replica, &path, "upload-offset: 0", &content).await;
    eventually(DEADLINE, "the first part to be kept", async || {
        let kept = offset(&uploads.admin, &path).await;
        if kept == PART { Ok(()) } else { Err(kept.to_string()) }
    })
    .await;
    let answer = stopped(&replica, connection).await;
    assert!(answer.starts_with("http/1.1 204 "), "{answer}");
    let told = answer.lines().find_map(|line| line.strip_prefix("upload-offset: ")).expect("an offset");
    let told: usize = told.parse().expect("a number");
    assert!((PART..=SENT).contains(&told), "{answer}");
    assert_eq!(offset(&uploads.admin, &path).await, told);
    let rest = patch(&uploads.admin, &path, told, &content[told..], &[]).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT, "{rest:?}");
    uploads.is_stored(&path, &content).await;
}

/// What is not whole cannot be checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stops_keeps_nothing_of_a_body_with_a_checksum_and_asks_for_it_again() {
    let uploads = Uploads::start(|_| {}).await;
    let content = film(LENGTH);
    let path = uploads.create(LENGTH).await;
    let replica = uploads.api.replica().await;
    let headers = "upload-offset: 0\r\nupload-checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let connection = begun(&uploads, &replica, &path, headers, &content).await;
    let answer = stopped(&replica, connection).await;
    assert!(answer.starts_with("http/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    assert_eq!(offset(&uploads.admin, &path).await, 0);
    let again = patch(&uploads.admin, &path, 0, &content, &[]).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT, "{again:?}");
    uploads.is_stored(&path, &content).await;
}
