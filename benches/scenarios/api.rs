//! What the API answers from a large database: 10 million tracks, and a year of counts of 100 lines. Searches and counts have a limit for
//! their 99th percentile. Requests for a single track are compared with a bare axum handler that runs the same SQL, and with one that does
//! not look for the session.
//!
//! Does not measure: disks (the server runs without fsync, and what is asked for often is in memory), TLS, networks, writers at the same
//! time, and rate limits (they are off).

#[path = "api_parts/bare_axum.rs"]
mod bare_axum;
#[path = "api_parts/questions.rs"]
mod questions;
#[path = "api_parts/rows.rs"]
mod rows;

use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use vru_benches::caller::{Caller, create_admin, log_in};
use vru_benches::measure::{Turns, quantile};
use vru_benches::note;
use vru_benches::peer::ServerPeer;
use vru_benches::row::{BenchRow, Goal};
use vru_runtime::test_util::{ServiceLaunch, free_port, postgres};

use questions::Question;

/// Concurrent callers of the single-track row.
const CALLERS: usize = 8;
const TURNS: usize = 7;
const REQUESTS_PER_CALLER: usize = 400;
const QUESTIONS: usize = 400;
const DEADLINE: Duration = Duration::from_mins(1);
const NAME: &str = "bench";
const PASSWORD: &str = "a password for the bench";

fn main() {
    if bare_axum::is_requested() {
        return bare_axum::serve();
    }
    let server = postgres();
    let database = server.database();
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let started = Instant::now();
    runtime.block_on(rows::fill(&database));
    note(&format!("filled in {} s", started.elapsed().as_secs()));
    create_admin(&database, NAME, PASSWORD);
    let address = format!("127.0.0.1:{}", free_port());
    let service = ServiceLaunch::new("vru-api")
        .set("database.url", &database)
        .set("http.listen", &address)
        .set("rate_limits.enabled", "false")
        .start();
    service.wait_ready(DEADLINE);
    let cookie = runtime.block_on(log_in(&address, NAME, PASSWORD));
    // Somebody of the site, as most are who ask.
    let member = "WITH member AS (UPDATE users SET system_admin = false RETURNING id) \
                  INSERT INTO memberships (user_id, site_id, role) SELECT id, $$SITE$$, 1 FROM member";
    server.query(&database, &member.replace("SITE", rows::SITE));
    let version = server.query(&database, "show server_version").remove(0).remove(0);

    runtime.block_on(questions(&address, &cookie, &version));
    let bare = bare_axum::start(&database);
    runtime.block_on(single_tracks(&address, &cookie, &bare, &version));
    assert!(service.stop().success(), "{}", service.log_tail());
}

/// One question after the other, each kind for itself: the peer of their figures is the limit.
async fn questions(address: &str, cookie: &str, version: &str) {
    let mut random = StdRng::seed_from_u64(7);
    let mut caller = Caller::connect(address, cookie).await;
    for kind in questions::KINDS {
        let mut took_ms = Vec::new();
        for number in 0..QUESTIONS {
            let Question { path, holds } = (kind.ask)(&mut random);
            let started = Instant::now();
            let answer = caller.get(&path).await;
            let took = started.elapsed();
            assert!(holds(&answer), "{path} was answered with {:.2000}", answer.to_string());
            // The first requests connect and fill caches.
            if number >= QUESTIONS / 10 {
                took_ms.push(took.as_secs_f64() * 1000.0);
            }
        }
        let mut turns = Turns::default();
        turns.add(quantile(&took_ms, 0.99), quantile(&took_ms, 0.5));
        let peer = format!("the median of the same requests, PostgreSQL {version}");
        BenchRow::of(&format!("api/{} p99", kind.name), &turns, 1.0, "ms", Goal::Within(100.0), &peer).save();
    }
}

/// Callers that ask for one track after the other, of both sides in turns.
async fn single_tracks(address: &str, cookie: &str, bare: &ServerPeer, version: &str) {
    let (mut same_sql, mut no_session) = (Turns::default(), Turns::default());
    for turn in 0..=TURNS {
        let ours = rate(address, cookie, turn).await;
        let with_session = rate(bare.address(), cookie, turn).await;
        let without = rate(bare.address(), "", turn).await;
        // The first turn is the warm-up of both sides.
        if turn > 0 {
            same_sql.add(ours, with_session);
            no_session.add(ours, without);
        }
    }
    let peer = format!("a bare axum 0.8 handler with the same SQL, PostgreSQL {version}");
    BenchRow::of("api/one track", &same_sql, 1.0, "requests/s", Goal::AtLeast(0.7), &peer).save();
    let peer = format!("a bare axum 0.8 handler that does not look for the session, PostgreSQL {version}");
    BenchRow::of("api/one track, session too", &no_session, 1.0, "requests/s", Goal::AtLeast(0.7), &peer).save();
}

async fn rate(address: &str, cookie: &str, turn: usize) -> f64 {
    let callers = (0..CALLERS).map(|caller| {
        let mut random = StdRng::seed_from_u64((turn * CALLERS + caller) as u64);
        let (address, cookie) = (address.to_owned(), cookie.to_owned());
        tokio::spawn(async move {
            let mut caller = Caller::connect(&address, &cookie).await;
            for _ in 0..REQUESTS_PER_CALLER {
                let track = rows::track(&mut random);
                let answer = caller.get(&format!("/api/v1/sites/{}/tracks/{track}", rows::SITE)).await;
                assert_eq!(answer["id"], track);
            }
        })
    });
    let started = Instant::now();
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("a caller gets its answers");
    }
    (CALLERS * REQUESTS_PER_CALLER) as f64 / started.elapsed().as_secs_f64()
}
