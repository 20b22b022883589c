//! The primary database and the store of files are paused and killed while many clients ask: what works goes on, what does not says so in
//! time, and nothing is half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::task::JoinHandle;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{PostgresServer, S3Server, eventually};

use super::api::{Answer, Api, ApiClient};
use super::bucket::ApiWithBucket;
use super::uploads::{TUS, film, patch};

const DEADLINE: Duration = Duration::from_mins(2);
/// How long a fault lasts: longer than requests may take.
const FAULT: Duration = Duration::from_secs(6);
/// What one statement or connection may take here.
const PATIENCE: Duration = Duration::from_secs(2);
/// No answer may take longer, on a slow machine either: each request waits for a connection and for a few statements.
const LONGEST: Duration = Duration::from_secs(40);
const CLIENTS: usize = 6;

/// Clients that do the same again and again.
struct Load<T> {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<T>>>,
}

impl<T: Send + 'static> Load<T> {
    fn start<F, D>(clients: usize, ask: F) -> Self
    where
        F: Fn(usize, usize) -> D + Clone + Send + 'static,
        D: Future<Output = T> + Send,
    {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |number: usize| {
            let (stop, ask) = (stop.clone(), ask.clone());
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    seen.push(ask(number, seen.len()).await);
                }
                seen
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, clients }
    }

    async fn end(self) -> Vec<T> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for client in self.clients {
            all.extend(client.await.expect("a client ends"));
        }
        all
    }
}

/// What somebody was answered, and how fast.
struct Told {
    name: String,
    status: u16,
    code: String,
    took: Duration,
}

async fn told(name: String, answer: impl Future<Output = Answer>) -> Told {
    let began = Instant::now();
    let answer = answer.await;
    let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
    // A client that waits a moment after a refusal.
    if !answer.status.is_success() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Told { name, status: answer.status.as_u16(), code, took: began.elapsed() }
}

/// Served, or refused with this code, and never late.
fn check(all: &[Told], good: u16, refused: &[&str]) -> (usize, usize) {
    for Told { name, status, code, took } in all {
        assert!(*status == good || (*status == 503 && refused.contains(&code.as_str())), "{name}: {status} {code}");
        assert!(*took < LONGEST, "{name} took {took:?}");
    }
    let served = all.iter().filter(|told| told.status == good).count();
    (served, all.len() - served)
}

async fn create_camera(client: &ApiClient, site: &str, name: &str) -> Answer {
    let body = json!({ "settings": { "name": name, "push": { "allow_anonymous": true } } }).to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", name)];
    client.send(Method::POST, &format!("/api/v1/sites/{site}/cameras"), &headers, &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_paused_and_killed_under_load_leaves_no_change_half_done() {
    let primary: &PostgresServer = tokio::task::block_in_place(|| Box::leak(Box::new(PostgresServer::start())));
    let api = Api::start_on(primary, |config| {
        config.database.connection.connect_timeout = PATIENCE;
        config.database.connection.statement_timeout = PATIENCE;
        config.database.pool_wait = PATIENCE;
        config.cameras.secrets_key = Secret::new("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    })
    .await;
    let admin = api.admin().await;
    let site = admin.create_site("own").await;
    let (client, of_site) = (admin.clone(), site.clone());
    let load = Load::start(CLIENTS, move |number, round| {
        let (client, site, name) = (client.clone(), of_site.clone(), format!("cam-{number}-{round}"));
        async move { told(name.clone(), create_camera(&client, &site, &name)).await }
    });
    let (client, path) = (admin.clone(), format!("/api/v1/sites/{site}"));
    let reading = Load::start(2, move |_, _| {
        let (client, path) = (client.clone(), path.clone());
        async move { told(path.clone(), client.get(&path)).await }
    });
    let served = async || {
        eventually(DEADLINE, "changes are made again", async || {
            let name = format!("probe-{}", Instant::now().elapsed().as_nanos());
            let answer = create_camera(&admin, &site, &format!("{name}-{}", rand::random::<u64>())).await;
            if answer.status == StatusCode::CREATED { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
    };
    served().await;
    for round in 0..2 {
        primary.server.pause();
        tokio::time::sleep(FAULT).await;
        primary.server.resume();
        served().await;
        tokio::task::block_in_place(|| primary.server.kill());
        let away = admin.get("/api/v1/sites").await;
        assert_eq!(away.problem(), (503, "database_unavailable", ""), "round {round}");
        // What needs no database is served.
        assert_eq!(admin.get("/api/v1/openapi.json").await.status, StatusCode::OK);
        tokio::time::sleep(PATIENCE).await;
        tokio::task::block_in_place(|| primary.server.restart());
        served().await;
    }
    let (made, reads) = (load.end().await, reading.end().await);
    let (created, refused) = check(&made, 201, &["database_unavailable", "timeout"]);
    assert!(created > 0 && refused > 0, "{created} were made and {refused} refused: the faults were not under load");
    check(&reads, 200, &["database_unavailable", "timeout"]);

    // Each camera is there with its first version, its audit entry and its message to Kafka, or not at all.
    let count = |sql: &str| api.query(sql)[0][0].clone();
    let cameras = count("SELECT count(*) FROM cameras");
    for (what, sql) in [
        ("versions", "SELECT count(*) FROM camera_versions WHERE version = 1"),
        ("audit entries", "SELECT count(*) FROM audit_log WHERE action = 'camera.create'"),
        ("keys of requests", "SELECT count(*) FROM idempotency_keys WHERE key LIKE 'cam-%' OR key LIKE 'probe-%'"),
    ] {
        assert_eq!(count(sql), cameras, "{what}");
    }
    let stored = |name: &str| count(&format!("SELECT count(*) FROM cameras WHERE settings->>'name' = '{name}'"));
    for Told { name, status, .. } in &made {
        let times = stored(name);
        assert!(
            times == "1" || (times == "0" && *status == 503),
            "{name} was answered with {status} and is there {times} times"
        );
    }
    // Whoever was refused asks again, and has it once.
    for Told { name, .. } in made.iter().filter(|told| told.status == 503).take(20) {
        let again = create_camera(&admin, &site, name).await;
        assert!(again.status == StatusCode::CREATED || again.problem().1 == "served_before", "{name}: {again:?}");
        assert_eq!(stored(name), "1", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_paused_and_killed_under_load_loses_no_byte_of_an_upload_and_delays_nothing_else() {
    const PART: usize = 5 * 1024 * 1024;
    const CHUNK: usize = 1_500_000;
    let s3: &S3Server = tokio::task::block_in_place(|| Box::leak(Box::new(S3Server::start())));
    let ApiWithBucket { api, admin, site, bucket } = ApiWithBucket::start_on(s3, |config| {
        config.uploads.enabled = true;
        config.uploads.part_bytes = PART;
        config.uploads.storage_timeout = PATIENCE;
        config.uploads.idle = Duration::from_secs(5);
        config.uploads.group = format!("uploads-{}", config.http.listen.port());
    })
    .await;
    let (client, path) = (admin.clone(), format!("/api/v1/sites/{site}/alerts"));
    let reading = Load::start(CLIENTS, move |_, _| {
        let (client, path) = (client.clone(), path.clone());
        async move { told(path.clone(), client.get(&path)).await }
    });
    // Files that are sent as a tus client does it: after a refusal it asks where to go on.
    let folder = format!("/api/v1/sites/{site}/uploads");
    let client = admin.clone();
    let sending = Load::start(3, move |_, _| {
        let (client, folder) = (client.clone(), folder.clone());
        async move {
            let content = film(2 * PART + 123);
            let length = content.len().to_string();
            let headers = [TUS, ("upload-length", length.as_str())];
            let created = client.send(Method::POST, &folder, &headers, "").await;
            assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
            let path = created.header("location").to_owned();
            let (mut sent, mut refused, until) = (0, 0, Instant::now() + DEADLINE);
            while sent < content.len() {
                assert!(Instant::now() < until, "{path} is at {sent} after {refused} refusals");
                let end = (sent + CHUNK).min(content.len());
                let answer = patch(&client, &path, sent, &content[sent..end], &[]).await;
                if answer.status == StatusCode::NO_CONTENT {
                    sent = end;
                    continue;
                }
                let (status, code, _) = answer.problem();
                assert!((status, code) == (503, "storage_unavailable") || status == 423, "{answer:?}");
                refused += usize::from(status == 503);
                tokio::time::sleep(Duration::from_millis(200)).await;
                let head = client.send(Method::HEAD, &path, &[TUS], "").await;
                sent = head.header("upload-offset").parse().expect("an offset");
            }
            (path, refused)
        }
    });
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        s3.server.pause();
        tokio::time::sleep(FAULT).await;
        s3.server.resume();
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::task::block_in_place(|| s3.server.kill());
        tokio::time::sleep(PATIENCE).await;
        tokio::task::block_in_place(|| s3.server.restart());
    }
    let (uploads, reads) = (sending.end().await, reading.end().await);
    let (served, refused) = check(&reads, 200, &[]);
    assert!(served > 0 && refused == 0, "{refused} requests that need no store were refused");
    let slowest = reads.iter().map(|told| told.took).max().unwrap_or_default();
    assert!(slowest < FAULT, "a request that needs no store waited for it: {slowest:?}");
    let refusals: usize = uploads.iter().map(|(_, refused)| refused).sum();
    assert!(refusals > 0, "of {} uploads none was refused: the faults were not under load", uploads.len());
    let content = film(2 * PART + 123);
    for (path, _) in &uploads {
        eventually(DEADLINE, "the upload is complete", async || {
            let answer = admin.get(path).await;
            if answer.body["state"] == "queued" { Ok(()) } else { Err(format!("{answer:?}")) }
        })
        .await;
        let id = path.rsplit('/').next().unwrap_or_default();
        let stored = bucket.get(&format!("uploads/{site}/{id}/video")).await.expect("an answer");
        assert!(stored.is_some_and(|stored| stored == content), "{path}: the object is not the file");
        let left = bucket.unfinished_parts(&format!("uploads/{site}/{id}/")).await.expect("a list");
        assert_eq!(left, [""; 0], "{path}");
    }
    drop(api);
}
