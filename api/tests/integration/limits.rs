//! Rate limits on a real Redis: shared by replicas, and of each process while Redis is away.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::StatusCode;
use vru_api::RateConfig;
use vru_runtime::live::{LiveCamera, LiveStore, Update, Worker};
use vru_runtime::redis::RedisConfig;
use vru_runtime::test_util::{
    RedisCluster, RedisServer, ServiceLaunch, ServiceProcess, eventually, free_port, redis, redis_client, wait_for,
};

use super::api::{ADMIN, Answer, Api, PASSWORD};

const DEADLINE: Duration = Duration::from_mins(1);
/// No more within any test.
const NEVER_AGAIN: u32 = 1;

fn few(burst: u32) -> RateConfig {
    RateConfig { per_minute: NEVER_AGAIN, burst }
}

fn rates(answer: &Answer) -> [u64; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| answer.header(name).parse().expect("a number"))
}

fn assert_refused(answer: &Answer, burst: u64) {
    assert_eq!(answer.problem(), (429, "rate_limited", ""));
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{answer:?}");
    assert_eq!(rates(answer)[..2], [burst, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_limit_a_caller_together_and_each_caller_for_itself() {
    let url = tokio::task::block_in_place(|| redis().url());
    let api = Api::start_with(|config| {
        config.redis.url = url;
        config.redis.prefix = format!("limits-{}:", config.http.listen.port());
        config.rate_limits.caller = few(5);
    })
    .await;
    let replica = api.replica().await;
    let admin = api.admin().await;
    let key = admin.create_key(None, &["sites:read"]).await;
    for left in [3, 2] {
        let answer = admin.get("/api/v1/sites").await;
        assert_eq!((answer.status, rates(&answer)[1]), (StatusCode::OK, left));
    }
    for left in [1, 0] {
        let answer = admin.at(&replica).get("/api/v1/sites").await;
        assert_eq!((answer.status, rates(&answer)[1]), (StatusCode::OK, left));
    }
    for at in [&api, &replica] {
        assert_refused(&admin.at(at).get("/api/v1/sites").await, 5);
        // Another session of the same person is the same caller.
        let again = at.admin().await;
        assert_refused(&again.get("/api/v1/session").await, 5);
        // Nothing but a request of somebody unknown.
        assert_eq!(at.client().get("/api/v1/session").await.problem(), (401, "not_logged_in", ""));
    }
    let answer = api.program(&key).get("/api/v1/sites").await;
    assert_eq!((answer.status, rates(&answer)[1]), (StatusCode::OK, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_known_is_limited_by_address_and_attempts_to_log_in_are_apart() {
    let api = Api::start_with(|config| {
        config.rate_limits.address = few(4);
        config.rate_limits.log_in = few(2);
        config.http.proxies = vec!["127.0.0.1".parse().expect("an address")];
    })
    .await;
    let from = async |client: &super::api::ApiClient, address: &str| {
        client.send(hyper::Method::GET, "/api/v1/session", &[("x-forwarded-for", address)], "").await
    };
    let (nobody, guess) = (api.client(), api.program("vru_guessed"));
    for _ in 0..2 {
        assert_eq!(from(&nobody, "2001:db8::1").await.problem(), (401, "not_logged_in", ""));
        assert_eq!(from(&guess, "2001:db8::2").await.problem(), (401, "key_invalid", ""));
    }
    assert_refused(&from(&nobody, "2001:db8::3").await, 4);
    assert_refused(&from(&guess, "2001:db8::4").await, 4);
    assert_eq!(from(&nobody, "2001:db8:0:1::1").await.status, StatusCode::UNAUTHORIZED);
    // A session is not limited by its neighbours, but may not log in too often either.
    let client = api.admin().await;
    for _ in 0..6 {
        assert_eq!(client.get("/api/v1/session").await.status, StatusCode::OK);
    }
    assert_eq!(api.client().log_in(ADMIN, "wrong horse battery").await.problem(), (401, "log_in_failed", ""));
    let mut known = client.clone();
    assert_eq!(known.log_in(ADMIN, PASSWORD).await.problem(), (429, "rate_limited", ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_switched_off_say_nothing() {
    let api = Api::start_with(|config| {
        config.rate_limits.enabled = false;
        config.rate_limits.address = few(1);
    })
    .await;
    for _ in 0..3 {
        let answer = api.client().get("/api/v1/session").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(!answer.headers.contains_key("ratelimit-limit"));
    }
}

/// A replica of the API, as a process, so that its metrics and `/ready` are its own.
pub struct Replica {
    pub process: ServiceProcess,
    pub address: SocketAddr,
}

impl Replica {
    pub fn start(api: &Api, settings: &[(&str, String)]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let launch = ServiceLaunch::new("vru-api")
            .set("database.url", &api.database)
            .set("http.listen", address.to_string())
            .set("webhooks.group", format!("webhooks-{}", address.port()));
        let process = settings.iter().fold(launch, |launch, (key, value)| launch.set(key, value)).start();
        process.wait_ready(DEADLINE);
        Self { process, address }
    }

    /// Waits until `/ready` answers 200 and says this about Redis; `None`: nothing.
    pub fn says_of_redis(&self, wanted: Option<&str>) {
        wait_for(DEADLINE, &format!("/ready to say {wanted:?} of Redis"), || {
            let (status, body) = self.process.ready()?;
            assert_eq!(status, 200, "{body}");
            let named = body.contains("\"redis\":");
            let said = wanted.map_or(!named, |wanted| named && body.contains(wanted));
            if said { Ok(()) } else { Err(body) }
        });
    }

    fn decisions(&self, place: &str) -> u64 {
        self.process.count("api_rate_limit_decisions_total", &[("counted_in", place), ("limit", "caller")])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_or_is_gone_fails_and_delays_no_request() {
    const REQUESTS: u64 = 60;
    let server = tokio::task::block_in_place(RedisServer::start);
    let api = Api::start().await;
    // Each command may take so long that the test would see if each request waited.
    let timeout = Duration::from_secs(2);
    let settings = [
        ("redis.url", server.url()),
        ("redis.timeout", format!("{}s", timeout.as_secs())),
        ("rate_limits.caller.burst", "1000000".to_owned()),
        ("rate_limits.caller.per_minute", NEVER_AGAIN.to_string()),
    ];
    let replica = tokio::task::block_in_place(|| Replica::start(&api, &settings));
    let client = api.admin().await.at_address(replica.address);
    let ask = async |place: &str| {
        let before =
            (replica.decisions(place), replica.process.count("redis_failed_commands_total", &[("reason", "timeout")]));
        let started = std::time::Instant::now();
        for _ in 0..REQUESTS {
            assert_eq!(client.get("/api/v1/sites").await.status, StatusCode::OK);
        }
        let waited = replica.process.count("redis_failed_commands_total", &[("reason", "timeout")]) - before.1;
        (replica.decisions(place) - before.0, waited, started.elapsed())
    };
    tokio::task::block_in_place(|| replica.says_of_redis(None));
    assert_eq!(ask("redis").await.0, REQUESTS);
    for round in 0..2 {
        server.server.pause();
        let (in_process, waited, took) = ask("process").await;
        // One request, or the ping, finds out. Nobody waits after that.
        assert!(in_process >= REQUESTS - 1 && waited <= 2, "{in_process} in the process, {waited} waited, {took:?}");
        tokio::task::block_in_place(|| replica.says_of_redis(Some("127.0.0.1")));
        server.server.resume();
        tokio::task::block_in_place(|| replica.says_of_redis(None));
        assert_eq!(ask("redis").await.0, REQUESTS, "round {round}");
        tokio::task::block_in_place(|| server.server.stop());
        let (in_process, waited, took) = ask("process").await;
        assert!(in_process >= REQUESTS - 1 && waited == 0, "{in_process} in the process, {waited} waited, {took:?}");
        tokio::task::block_in_place(|| {
            replica.says_of_redis(Some("127.0.0.1"));
            server.server.restart();
            replica.says_of_redis(None);
        });
        // The new server does not know the script yet.
        assert_eq!(ask("redis").await.0, REQUESTS, "round {round}");
    }
    // Without the setting it says so, too.
    let alone = tokio::task::block_in_place(|| Replica::start(&api, &[]));
    tokio::task::block_in_place(|| alone.says_of_redis(Some("`redis.url` is not set")));
    assert!(alone.process.log().contains("without Redis"), "{}", alone.process.log_tail());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_serves_on_while_a_master_of_the_cluster_dies_and_is_replaced() {
    let cluster = tokio::task::block_in_place(RedisCluster::start);
    let api = Api::start().await;
    let config =
        RedisConfig { url: cluster.url(), cluster: true, timeout: Duration::from_secs(2), ..RedisConfig::default() };
    let (redis, _stop) = redis_client(config).await;
    let store = LiveStore::Redis(redis.clone());
    let update = Update { camera: "gate".to_owned(), state: LiveCamera::default(), new_frame: true };
    let write = async || {
        store.write(&Worker::default(), std::slice::from_ref(&update)).await.map_err(|(_, error)| error.to_string())
    };
    eventually(DEADLINE, "the state to be written", write).await;
    let settings = [
        ("redis.url", cluster.url()),
        ("redis.cluster", "true".to_owned()),
        ("redis.timeout", "2s".to_owned()),
        ("rate_limits.caller.burst", "1000000".to_owned()),
        ("rate_limits.caller.per_minute", NEVER_AGAIN.to_string()),
    ];
    let replica = tokio::task::block_in_place(|| Replica::start(&api, &settings));
    tokio::task::block_in_place(|| replica.says_of_redis(None));
    let client = api.admin().await.at_address(replica.address);
    let live = async || {
        let answer = client.get("/api/v1/cameras/gate/live").await;
        if answer.status == StatusCode::OK { Ok(answer.body["state"].clone()) } else { Err(format!("{answer:?}")) }
    };
    assert_eq!(live().await, Ok("live".into()));
    let left = async || {
        let answer = client.get("/api/v1/sites").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        rates(&answer)[1]
    };
    let before = left().await;
    let master = cluster.master_of(&redis.key("live:camera:gate"));
    master.server.kill();
    // No request fails in between.
    eventually(DEADLINE, "the state to be read again", async || {
        left().await;
        live().await.map(drop)
    })
    .await;
    eventually(DEADLINE, "the state to be written again", write).await;
    assert_eq!(live().await, Ok("live".into()));
    tokio::task::block_in_place(|| replica.says_of_redis(None));
    let decided = replica.decisions("redis");
    // What was counted before may be lost with the master, and is counted on.
    let after = left().await;
    assert_eq!(left().await, after - 1, "{before} before");
    assert_eq!(replica.decisions("redis"), decided + 2);
}
