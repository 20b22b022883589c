//! Reads from a streaming replica, while it works, lags, hangs and is gone.

use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_runtime::metrics::counter_sum;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{PostgresServer, eventually};

use super::api::{Answer, Api, ApiClient};
use super::sites::site as site_settings;

const DEADLINE: Duration = Duration::from_mins(1);
const MAX_LAG: Duration = Duration::from_secs(6);

struct Setup {
    api: Api,
    admin: ApiClient,
    viewer: ApiClient,
    site: String,
    tracks: String,
    primary: &'static PostgresServer,
    replica: &'static PostgresServer,
    /// The database at the replica.
    at_replica: String,
}

impl Setup {
    async fn start() -> Self {
        let (primary, replica) = tokio::task::block_in_place(|| {
            let primary: &PostgresServer = Box::leak(Box::new(PostgresServer::start()));
            let replica: &PostgresServer = Box::leak(Box::new(primary.start_replica()));
            (primary, replica)
        });
        let api = Api::start_on(primary, |config| {
            let url = replica.url_here(config.database.connection.url.expose());
            config.database.replica_url = Secret::new(url);
            config.database.replica_max_lag = MAX_LAG;
        })
        .await;
        let admin = api.admin().await;
        let site = admin.create_site("own").await;
        api.add_camera(&site, "gate");
        let viewer = api.member("viewer", &site, 1).await;
        let at_replica = replica.url_here(&api.database);
        let tracks = format!("/api/v1/sites/{site}/tracks");
        let setup = Self { api, admin, viewer, site, tracks, primary, replica, at_replica };
        setup.eventually("the replica to be used", |state| state["state"] == "ok").await;
        setup
    }

    /// What the API says of the replica.
    async fn eventually(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        eventually(DEADLINE, what, async || {
            let answer = self.admin.get("/api/v1/system/health").await;
            let state = answer.body["servers"]["replica"].clone();
            if holds(&state) { Ok(state) } else { Err(answer.body.to_string()) }
        })
        .await
    }

    async fn read(&self, path: &str) -> Answer {
        let answer = self.viewer.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer
    }

    async fn found(&self) -> usize {
        self.read(&self.tracks).await.body["items"].as_array().expect("items").len()
    }

    async fn replay(&self, pause: bool) {
        let what = if pause { "pause" } else { "resume" };
        let sql = format!("SELECT pg_wal_replay_{what}()");
        tokio::task::block_in_place(|| self.replica.query(&self.at_replica, &sql));
        let wanted = if pause { "paused" } else { "not paused" };
        eventually(DEADLINE, "the replay to change", async || {
            let sql = "SELECT pg_get_wal_replay_pause_state()";
            let state = tokio::task::block_in_place(|| self.replica.query(&self.at_replica, sql));
            if state == [[wanted]] { Ok(()) } else { Err(format!("{state:?}")) }
        })
        .await;
    }
}

/// Of all APIs of this process: no other test has a replica.
fn reads(server: &str, reason: &str) -> u64 {
    counter_sum("api_replicable_reads_total", |labels| {
        labels.contains(&("server", server)) && labels.contains(&("reason", reason))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_replica_answers_while_it_is_near_and_the_primary_when_it_lags_hangs_or_is_gone() {
    let setup = Setup::start().await;
    let first = setup.api.add_track("gate", 1, 0, "");
    eventually(DEADLINE, "the replica to have the track", async || {
        let before = reads("replica", "near");
        match (setup.found().await, reads("replica", "near") - before) {
            (1, 1) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;

    // What the replica lacks proves who was asked.
    setup.replay(true).await;
    let began = Instant::now();
    let second = setup.api.add_track("gate", 2, 60, "");
    let found = setup.found().await;
    let within = began.elapsed();
    assert!(found == 1 || within > MAX_LAG / 2, "{found} tracks after {within:?}: the replica was not asked");
    // One object that the replica does not have may be new: the primary is asked.
    for id in [&first, &second] {
        let track = setup.read(&format!("{}/{id}", setup.tracks)).await;
        assert_eq!(track.body["id"], json!(id));
        setup.read(&format!("{}/{id}/detections", setup.tracks)).await;
    }
    // What somebody changed, they see.
    let site = format!("/api/v1/sites/{}", setup.site);
    let before = setup.admin.get(&site).await;
    let changed = setup.admin.put(&site, before.header("etag"), &site_settings("Renamed")).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    assert_eq!(setup.read(&site).await.body["name"], "Renamed");
    let state = setup.eventually("the lag to be told", |state| state["state"] == "failed").await;
    assert!(state["detail"].as_str().is_some_and(|why| why.contains("behind")), "{state}");
    assert!(setup.api.limited_by()["replica"].contains("the primary serves its reads"), "{:?}", setup.api.limited_by());
    assert_eq!(setup.found().await, 2);
    assert!(reads("primary", "lagging") >= 1);
    let counts = format!("{site}/counts?from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z&bin=15m");
    setup.read(&counts).await;
    setup.replay(false).await;
    setup.eventually("the replica to be used again", |state| state["state"] == "ok").await;
    assert_eq!(setup.found().await, 2);
    assert!(!setup.api.limited_by().contains_key("replica"), "{:?}", setup.api.limited_by());

    // It hangs in the middle of a question.
    setup.replica.server.pause();
    let began = Instant::now();
    assert_eq!(setup.found().await, 2);
    assert!(began.elapsed() < Duration::from_secs(15), "a read waited {:?} for a replica that hangs", began.elapsed());
    let state = setup.eventually("the hanging replica to be told", |state| state["state"] == "failed").await;
    assert!(state["detail"].as_str().is_some_and(|why| why.contains("does not answer")), "{state}");
    let hung = reads("primary", "lost");
    assert_eq!(setup.found().await, 2);
    assert_eq!(reads("primary", "lost"), hung + 1);
    setup.replica.server.resume();
    setup.eventually("the replica to be used again", |state| state["state"] == "ok").await;
    assert_eq!(setup.found().await, 2);

    // It goes away while it is read, and no read fails.
    let (mut reading, replica) = (Vec::new(), setup.replica);
    let gone = tokio::task::spawn_blocking(|| replica.server.kill());
    while !gone.is_finished() || reading.len() < 20 {
        reading.push(setup.found().await);
    }
    gone.await.expect("it is killed");
    assert!(reading.iter().all(|found| *found == 2), "{reading:?}");
    tokio::task::block_in_place(|| replica.server.restart());
    setup.eventually("the replica to be used again", |state| state["state"] == "ok").await;
    // On a busy machine it may be behind for a moment.
    eventually(DEADLINE, "the replica to answer again", async || {
        let before = reads("replica", "near");
        assert_eq!(setup.found().await, 2);
        if reads("replica", "near") == before + 1 { Ok(()) } else { Err("the primary answered".to_owned()) }
    })
    .await;

    for (url, why) in [
        // No replica.
        (setup.primary.url_here(&setup.api.database), "no replica"),
        (setup.replica.url_here("postgres"), "another cluster or database"),
    ] {
        let foreign = setup.api.replica_with(|config| config.database.replica_url = Secret::new(url)).await;
        eventually(DEADLINE, why, async || match foreign.limited_by().get("replica") {
            Some(told) if told.contains(why) => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }
}
