//! Uploads by tus on a real S3 server: what HEAD tells is in the bucket, whatever happens to connections and replicas.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::{Method, StatusCode};
use ring::digest;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vru_api::ApiConfig;
use vru_runtime::test_util::eventually;
use vru_storage::s3::Bucket;

use super::api::{Answer, Api, ApiClient};
use super::bucket::ApiWithBucket;

pub const DEADLINE: Duration = Duration::from_mins(2);
pub const PART: usize = 5 * 1024 * 1024;
pub const PART_TYPE: (&str, &str) = ("content-type", "application/offset+octet-stream");
pub const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

/// An API that takes uploads, with a bucket of its own.
pub struct Uploads {
    pub api: Api,
    pub admin: ApiClient,
    pub site: String,
    pub bucket: Bucket,
}

impl Uploads {
    pub async fn start(change: impl FnOnce(&mut ApiConfig)) -> Self {
        let with_bucket = ApiWithBucket::start(|api| {
            api.uploads.enabled = true;
            api.uploads.part_bytes = PART;
            api.uploads.idle = Duration::from_secs(5);
            api.uploads.delete_for = Duration::from_secs(1);
            api.uploads.group = format!("uploads-{}", api.http.listen.port());
            change(api);
        })
        .await;
        let ApiWithBucket { api, admin, site, bucket } = with_bucket;
        Self { api, admin, site, bucket }
    }

    pub fn path(&self) -> String {
        format!("/api/v1/sites/{}/uploads", self.site)
    }

    pub async fn create_with(&self, length: usize, headers: &[(&str, &str)]) -> Answer {
        let length = length.to_string();
        let headers = [&[TUS, ("upload-length", length.as_str())][..], headers].concat();
        self.admin.send(Method::POST, &self.path(), &headers, "").await
    }

    /// Returns the path of the upload.
    pub async fn create(&self, length: usize) -> String {
        let created = self.create_with(length, &[]).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        assert_eq!(created.header("tus-resumable"), "1.0.0");
        created.header("location").to_owned()
    }

    /// Uploads the whole file, and returns the path of the upload.
    pub async fn upload(&self, content: &[u8]) -> String {
        let path = self.create(content.len()).await;
        let sent = patch(&self.admin, &path, 0, content, &[]).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{sent:?}");
        path
    }

    pub async fn reaches(&self, path: &str, state: &str) -> Answer {
        eventually(DEADLINE, &format!("the upload is {state}"), async || {
            let answer = self.admin.get(path).await;
            if answer.body["state"] == state { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
        self.admin.get(path).await
    }

    /// All bytes have arrived, and the object is the file.
    pub async fn is_stored(&self, path: &str, content: &[u8]) {
        self.reaches(path, "queued").await;
        let id = path.rsplit('/').next().unwrap_or_default();
        let stored = self.bucket.get(&format!("uploads/{}/{id}/video", self.site)).await.expect("an answer");
        assert!(stored.is_some_and(|stored| stored == content), "the object is not the file");
    }

    /// Of the upload, with what is not finished.
    pub async fn left(&self, path: &str) -> Vec<String> {
        let folder = format!("uploads/{}/{}/", self.site, path.rsplit('/').next().unwrap_or_default());
        let mut left = self.bucket.keys(&folder).await.expect("a list");
        left.extend(self.bucket.unfinished_parts(&folder).await.expect("a list"));
        left
    }
}

pub async fn patch(client: &ApiClient, path: &str, offset: usize, body: &[u8], more: &[(&str, &str)]) -> Answer {
    let offset = offset.to_string();
    let headers = [&[TUS, PART_TYPE, ("upload-offset", offset.as_str())][..], more].concat();
    client.send_bytes(Method::PATCH, path, &headers, Bytes::copy_from_slice(body)).await
}

pub async fn offset(client: &ApiClient, path: &str) -> usize {
    let head = client.send(Method::HEAD, path, &[TUS], "").await;
    assert_eq!((head.status, head.header("cache-control")), (StatusCode::OK, "no-store"), "{head:?}");
    head.header("upload-offset").parse().expect("a number")
}

/// Bytes that no two places share, with the first bytes of an AVI file.
pub fn film(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    })
    .take(length)
    .collect();
    bytes[..12].copy_from_slice(b"RIFF\0\0\0\0AVI ");
    bytes
}

/// A request whose body is begun and not ended.
pub async fn begin(client: &ApiClient, api: &Api, path: &str, headers: &str, length: usize, body: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(api.address).await.expect("a connection");
    let cookie = client.cookie.as_deref().expect("logged in");
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\ntus-resumable: 1.0.0\r\ncontent-type: application/offset+octet-stream\r\n\
         {headers}\r\ncontent-length: {length}\r\n\r\n",
        api.address
    );
    connection.write_all(head.as_bytes()).await.expect("it is sent");
    connection.write_all(body).await.expect("it is sent");
    connection
}

/// More than any upload of these tests may have.
static TOO_LARGE: [u8; 1_000_001] = [1; 1_000_001];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_whole_through_lost_connections_restarts_and_other_replicas() {
    let uploads = Uploads::start(|_| {}).await;
    let content = film(4 * PART + 123_457);
    let path = uploads.create(content.len()).await;
    let mut replica = uploads.api.replica().await;
    let mut client = uploads.admin.at(&replica);
    let mut sent = 0;
    // Chunks that fit no part, whole and cut off.
    for (number, chunk) in [1, 999_983, 4 * 1024 * 1024 + 7, PART, 2, 3_000_017, PART + 3].into_iter().enumerate() {
        let end = (sent + chunk).min(content.len());
        if number % 2 == 0 {
            let answer = patch(&client, &path, sent, &content[sent..end], &[]).await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
            assert_eq!(answer.header("upload-offset"), end.to_string());
            assert_eq!(answer.headers.contains_key("upload-expires"), end < content.len());
        } else {
            let at = format!("upload-offset: {sent}");
            let connection = begin(&client, &replica, &path, &at, end - sent + 1000, &content[sent..end]).await;
            held_is(&uploads, &path, "t").await;
            if number == 3 {
                // The replica ends instead.
                let next = uploads.api.replica().await;
                client = uploads.admin.at(&next);
                replica = next;
            }
            drop(connection);
        }
        held_is(&uploads, &path, "f").await;
        let told = offset(&client, &path).await;
        assert!(told >= sent && told <= end, "{told} is not between {sent} and {end}");
        let elsewhere = offset(&uploads.admin, &path).await;
        assert_eq!(elsewhere, told, "another replica tells the same");
        sent = told;
    }
    let rest = patch(&client, &path, sent, &content[sent..], &[]).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT, "{rest:?}");
    let queued = uploads.reaches(&path, "queued").await;
    assert_eq!(queued.body["received_bytes"], json!(content.len()));
    let id = path.rsplit('/').next().unwrap_or_default();
    let stored = uploads.bucket.get(&format!("uploads/{}/{id}/video", uploads.site)).await.expect("an answer");
    let hash = |bytes: &[u8]| digest::digest(&digest::SHA256, bytes).as_ref().to_vec();
    assert_eq!(hash(&stored.expect("the object")), hash(&content));
    assert_eq!(uploads.left(&path).await.len(), 1, "no tail and no parts are left");
    // A camera that says what it is, and is changed by nothing but the upload.
    let camera = queued.body["camera_id"].as_str().expect("a camera").to_owned();
    let cameras = format!("/api/v1/sites/{}/cameras/{camera}", uploads.site);
    let shown = uploads.admin.get(&cameras).await;
    assert_eq!(shown.body["upload_id"], json!(id), "{shown:?}");
    let wanted = json!({ "settings": { "push": {} } });
    let changed = uploads.admin.put(&cameras, shown.header("etag"), &wanted).await;
    assert_eq!(changed.problem(), (409, "camera_of_upload", ""));
}

/// Waits until somebody sends, or nobody does any more.
pub async fn held_is(uploads: &Uploads, path: &str, wanted: &str) {
    let id = path.rsplit('/').next().unwrap_or_default();
    let held = format!("SELECT coalesce(held_until > now(), false) FROM uploads WHERE id = '{id}'");
    eventually(DEADLINE, "it is held or not", async || {
        let found = uploads.api.query(&held);
        if found[0][0] == wanted { Ok(()) } else { Err(format!("{found:?} is not {wanted}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_requests_at_once_one_sends_and_the_other_is_refused() {
    let uploads = Uploads::start(|_| {}).await;
    let content = film(2 * PART);
    let path = uploads.create(content.len()).await;
    let other = uploads.api.replica().await;
    let mut first =
        begin(&uploads.admin, &uploads.api, &path, "upload-offset: 0", content.len(), &content[..1000]).await;
    let elsewhere = uploads.admin.at(&other);
    eventually(DEADLINE, "the other replica refuses", async || {
        let answer = patch(&elsewhere, &path, 0, b"", &[]).await;
        if answer.status == StatusCode::LOCKED { Ok(()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    let refused = patch(&elsewhere, &path, 0, &film(content.len())[..], &[]).await;
    assert_eq!((refused.problem(), refused.header("retry-after")), ((423, "upload_locked", ""), "2"));
    assert_eq!(offset(&elsewhere, &path).await, 0);
    first.write_all(&content[1000..]).await.expect("it is sent");
    let mut answer = vec![0; 12];
    first.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 204");
    let queued = uploads.reaches(&path, "queued").await;
    assert_eq!(queued.body["received_bytes"], json!(content.len()));
    // Whoever asks at the same moment: one of them.
    let path = uploads.create(content.len()).await;
    let (admin, body) = (&uploads.admin, &content[..]);
    let sent = futures::future::join_all([admin, &elsewhere].map(|client| patch(client, &path, 0, body, &[]))).await;
    let mut statuses: Vec<u16> = sent.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert!(statuses == [204, 423] || statuses == [204, 409], "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_checksum_changes_nothing_and_a_right_one_is_kept() {
    let uploads = Uploads::start(|_| {}).await;
    let content = film(PART + 1000);
    let path = uploads.create(content.len()).await;
    let sum = |algorithm: &'static digest::Algorithm, bytes: &[u8]| {
        STANDARD.encode(digest::digest(algorithm, bytes).as_ref())
    };
    let wrong = format!("sha1 {}", sum(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"other"));
    let first = patch(&uploads.admin, &path, 0, &content[..700], &[("upload-checksum", &wrong)]).await;
    assert_eq!(first.problem(), (460, "checksum_mismatch", "upload-checksum"));
    assert_eq!(offset(&uploads.admin, &path).await, 0);
    let right = format!("sha1 {}", sum(&digest::SHA1_FOR_LEGACY_USE_ONLY, &content[..700]));
    let kept = patch(&uploads.admin, &path, 0, &content[..700], &[("upload-checksum", &right)]).await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT, "{kept:?}");
    // Larger than a part: its first part has reached the bucket when the checksum is known to be wrong.
    let wrong = format!("sha256 {}", sum(&digest::SHA256, b"other"));
    let mut damaged = content[700..].to_vec();
    damaged[5] ^= 1;
    let second = patch(&uploads.admin, &path, 700, &damaged, &[("upload-checksum", &wrong)]).await;
    assert_eq!(second.problem(), (460, "checksum_mismatch", "upload-checksum"));
    assert_eq!(offset(&uploads.admin, &path).await, 700);
    let right = format!("sha256 {}", sum(&digest::SHA256, &content[700..]));
    let kept = patch(&uploads.admin, &path, 700, &content[700..], &[("upload-checksum", &right)]).await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT, "{kept:?}");
    uploads.reaches(&path, "queued").await;
    let id = path.rsplit('/').next().unwrap_or_default();
    let stored = uploads.bucket.get(&format!("uploads/{}/{id}/video", uploads.site)).await.expect("an answer");
    assert!(stored.is_some_and(|stored| stored == content), "the object is not the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_requests_are_refused_in_the_forms_of_tus_and_change_nothing() {
    let uploads = Uploads::start(|config| {
        config.uploads.max_bytes = 1_000_000;
        config.uploads.quota_bytes = 1_500_000;
    })
    .await;
    let options = uploads.admin.send(Method::OPTIONS, &uploads.path(), &[], "").await;
    assert_eq!((options.status, options.header("tus-version")), (StatusCode::NO_CONTENT, "1.0.0"));
    assert_eq!(options.header("tus-extension"), "creation,creation-with-upload,termination,checksum,expiration");
    assert_eq!((options.header("tus-max-size"), options.header("tus-checksum-algorithm")), ("1000000", "sha1,sha256"));
    let send = async |headers: &[(&str, &str)]| uploads.admin.send(Method::POST, &uploads.path(), headers, "").await;
    let metadata = |text: &str| format!("settings {}", STANDARD.encode(text));
    let unknown_zone = metadata(r#"{"rules": [{"id": "a", "dwell": {"zone": "nowhere", "seconds": 1}}]}"#);
    let source = metadata(r#"{"pull": {"url": "rtsp://192.0.2.1/"}}"#);
    let other_object = metadata(r#"{"file": {"object": "uploads/other/video"}}"#);
    // The database refuses it.
    let zero_byte = metadata(r#"{"zones": [{"id": "a", "name": "a\u0000", "polygon": [[0, 0], [1, 0], [1, 1]]}]}"#);
    let length = ("upload-length", "10");
    for (headers, found) in [
        (vec![length], (412, "wrong_tus_version", "tus-resumable")),
        (vec![("tus-resumable", "0.2.2"), length], (412, "wrong_tus_version", "tus-resumable")),
        (vec![TUS], (400, "invalid_parameter", "upload-length")),
        (vec![TUS, ("upload-length", "-1")], (400, "invalid_parameter", "upload-length")),
        (vec![TUS, ("upload-length", "0")], (400, "invalid_parameter", "upload-length")),
        (vec![TUS, ("upload-defer-length", "1")], (400, "invalid_parameter", "upload-defer-length")),
        (vec![TUS, ("upload-length", "1000001")], (413, "file_too_large", "upload-length")),
        (vec![TUS, length, ("upload-metadata", "filename !")], (400, "invalid_parameter", "upload-metadata")),
        (vec![TUS, length, ("upload-metadata", &source)], (422, "invalid_field", "upload-metadata.settings")),
        (vec![TUS, length, ("upload-metadata", &other_object)], (422, "invalid_field", "upload-metadata.settings")),
        (vec![TUS, length, ("upload-metadata", &zero_byte)], (422, "invalid_field", "upload-metadata.settings")),
        (
            vec![TUS, length, ("upload-metadata", "like_camera_id YQ==")],
            (422, "invalid_field", "upload-metadata.like_camera_id"),
        ),
        (
            vec![TUS, length, ("upload-metadata", "start_time YQ==")],
            (422, "invalid_field", "upload-metadata.start_time"),
        ),
    ] {
        let answer = send(&headers).await;
        assert_eq!(answer.problem(), found, "{headers:?}: {answer:?}");
        assert_eq!(answer.header("tus-resumable"), "1.0.0");
    }
    let answer = send(&[TUS, length, ("upload-metadata", &unknown_zone)]).await;
    let (status, code, field) = answer.problem();
    assert_eq!((status, code), (422, "invalid_field"));
    assert!(field.starts_with("upload-metadata.settings.rules"), "{field}");
    let path = uploads.create(1_000_000).await;
    // The quota counts what was announced.
    let over = uploads.create_with(500_001, &[]).await;
    assert_eq!(over.problem(), (413, "quota_exceeded", ""));
    let patch_with = async |headers: &[(&str, &str)], body: &'static [u8]| {
        uploads.admin.send_bytes(Method::PATCH, &path, headers, Bytes::from_static(body)).await
    };
    let at = ("upload-offset", "0");
    for (headers, body, found) in [
        (vec![PART_TYPE, at], &b"a"[..], (412, "wrong_tus_version", "tus-resumable")),
        (vec![TUS, at, ("content-type", "video/mp4")], b"a", (415, "not_a_part", "content-type")),
        (vec![TUS, PART_TYPE], b"a", (400, "invalid_parameter", "upload-offset")),
        (vec![TUS, PART_TYPE, ("upload-offset", "7")], b"a", (409, "wrong_offset", "upload-offset")),
        (
            vec![TUS, PART_TYPE, at, ("upload-checksum", "md5 YQ==")],
            b"a",
            (400, "invalid_parameter", "upload-checksum"),
        ),
        (vec![TUS, PART_TYPE, at], &TOO_LARGE, (413, "body_too_large", "")),
    ] {
        let answer = patch_with(&headers, body).await;
        assert_eq!(answer.problem(), found, "{headers:?}: {answer:?}");
        assert_eq!(offset(&uploads.admin, &path).await, 0);
    }
    let missing = patch(&uploads.admin, &format!("{}/upload_none", uploads.path()), 0, b"a", &[]).await;
    assert_eq!(missing.problem(), (404, "not_found", ""));
    assert_eq!(uploads.left(&path).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_terminated_or_expires_leaves_no_bytes_in_the_bucket() {
    let uploads = Uploads::start(|config| config.uploads.expire_after = Duration::from_hours(1)).await;
    let content = film(PART + 50_000);
    let (kept, deleted, expired) =
        (uploads.create(content.len()).await, uploads.create(content.len()).await, uploads.create(content.len()).await);
    for path in [&kept, &deleted, &expired] {
        let sent = patch(&uploads.admin, path, 0, &content[..PART + 10_000], &[]).await;
        assert_eq!(sent.status, StatusCode::NO_CONTENT, "{sent:?}");
        assert_eq!(uploads.left(path).await.len(), 2, "a part and what is behind it");
    }
    let terminated = uploads.admin.send(Method::DELETE, &deleted, &[TUS], "").await;
    assert_eq!((terminated.status, terminated.header("tus-resumable")), (StatusCode::NO_CONTENT, "1.0.0"));
    let id = expired.rsplit('/').next().unwrap_or_default();
    uploads.api.execute(&format!("UPDATE uploads SET expires_at = now() - interval '1 s' WHERE id = '{id}'"));
    let late = patch(&uploads.admin, &expired, PART + 10_000, b"a", &[]).await;
    assert!([404, 410].contains(&late.status.as_u16()), "{late:?}");
    for path in [&deleted, &expired] {
        eventually(DEADLINE, "nothing is left", async || {
            let left = uploads.left(path).await;
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        })
        .await;
        let gone = uploads.admin.send(Method::HEAD, path, &[TUS], "").await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }
    eventually(DEADLINE, "the rows are gone", async || {
        let rows = uploads.api.query("SELECT count(*) FROM uploads");
        if rows[0][0] == "1" { Ok(()) } else { Err(format!("{rows:?}")) }
    })
    .await;
    let rest = patch(&uploads.admin, &kept, PART + 10_000, &content[PART + 10_000..], &[]).await;
    assert_eq!(rest.status, StatusCode::NO_CONTENT, "{rest:?}");
    uploads.reaches(&kept, "queued").await;
    let log = uploads.api.query("SELECT action FROM audit_log WHERE action LIKE 'upload.%' ORDER BY id");
    let actions: Vec<&str> = log.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(actions, ["upload.create", "upload.create", "upload.create", "upload.delete"]);
}
