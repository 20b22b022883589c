//! Connections to Redis servers that ask for TLS and a log-in, and to a cluster of which a master dies.

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::admin::Readiness;
use vru_runtime::live::{LiveCamera, LiveStore, Update, Worker};
use vru_runtime::redis::{Redis, RedisConfig, cmd};
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Authority, RedisCluster, RedisServer, eventually, redis_client};

const DEADLINE: Duration = Duration::from_mins(2);

/// Why no connection comes about.
async fn refusal(config: RedisConfig) -> String {
    let readiness = Readiness::default();
    let (redis, stop) = (Redis::new(config), CancellationToken::new());
    tokio::spawn(redis.clone().watch(readiness.helpful_part("redis"), stop.clone()));
    let _stop = stop.drop_guard();
    eventually(DEADLINE, "a refusal", async || {
        assert!(redis.down().is_some(), "it is connected");
        match readiness.limited_by().remove("redis") {
            Some(reason) if reason != "starting" => Ok(reason),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_server_with_the_right_certificate_gets_the_password_and_only_the_right_one_opens() {
    let authority = Authority::new("redis");
    let certificate = authority.issue("redis", "DNS:localhost,IP:127.0.0.1");
    let server = tokio::task::block_in_place(|| RedisServer::secured(&certificate, "vru", "correct-horse"));
    let good = RedisConfig {
        url: format!("rediss://localhost:{}", server.port()),
        username: "vru".to_owned(),
        password: Secret::new("correct-horse"),
        tls_ca: authority.certificate(),
        timeout: Duration::from_secs(5),
        ..RedisConfig::default()
    };
    let (redis, _stop) = redis_client(good.clone()).await;
    redis.query::<()>(cmd("SET").arg(redis.key("a")).arg(1)).await.expect("its own keys are allowed");
    let other = Authority::new("other").certificate();
    for (config, words) in [
        (RedisConfig { password: Secret::new("battery-staple"), ..good.clone() }, &["authentication"][..]),
        (RedisConfig { username: "other".to_owned(), ..good.clone() }, &["authentication"]),
        (RedisConfig { tls_ca: other, ..good.clone() }, &["certificate"]),
        (RedisConfig { tls_ca: PathBuf::new(), ..good.clone() }, &["certificate"]),
        (RedisConfig { tls_ca: "/no/such/file".into(), ..good.clone() }, &["no such file"]),
        (
            RedisConfig { url: format!("redis://localhost:{}", server.port()), tls_ca: PathBuf::new(), ..good.clone() },
            &[],
        ),
    ] {
        let reason = refusal(config).await;
        assert!(
            words.is_empty() || words.iter().any(|word| reason.to_lowercase().contains(word)),
            "{words:?} are not in {reason}"
        );
        assert!(!reason.contains("correct-horse") && !reason.contains("battery-staple"), "{reason}");
        assert!(reason.contains(&format!("localhost:{}", server.port())), "{reason}");
    }
    // What the server refuses is an error, not an answer.
    let error = redis.query::<()>(cmd("SET").arg("elsewhere").arg(1)).await.expect_err("not its own key");
    assert!(error.to_string().contains("NOPERM") || error.to_string().contains("permission"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_goes_on_when_a_master_dies() {
    let cluster = tokio::task::block_in_place(RedisCluster::start);
    let config =
        RedisConfig { url: cluster.url(), cluster: true, timeout: Duration::from_secs(1), ..RedisConfig::default() };
    let (redis, _stop) = redis_client(config).await;
    let store = LiveStore::Redis(redis.clone());
    let worker = Worker { name: "worker".to_owned(), ..Worker::default() };
    // On all masters.
    let names: Vec<String> = (0..60).map(|number| format!("camera-{number:02}")).collect();
    let updates = |worker: &str| -> Vec<Update> {
        let state = LiveCamera { worker: worker.to_owned(), ..LiveCamera::default() };
        names.iter().map(|camera| Update { camera: camera.clone(), state: state.clone(), new_frame: true }).collect()
    };
    let read = async || -> Result<Vec<Option<String>>, String> {
        let seen = store.read(&names).await.map_err(|error| error.to_string())?;
        Ok(seen.into_iter().map(|seen| seen.map(|seen| seen.state.worker)).collect())
    };
    eventually(DEADLINE, "states to be written", async || {
        store.write(&worker, &updates("before")).await.map_err(|(_, error)| error.to_string())
    })
    .await;
    assert_eq!(read().await, Ok(vec![Some("before".to_owned()); names.len()]));
    assert_eq!(store.cameras("camera-09", 3).await.expect("ids"), ["camera-10", "camera-11", "camera-12"]);
    let master = cluster.master_of(&redis.key(&format!("live:camera:{}", names[0])));
    master.server.kill();
    eventually(DEADLINE, "the replica to take over", async || {
        store.write(&worker, &updates("after")).await.map_err(|(_, error)| error.to_string())
    })
    .await;
    eventually(DEADLINE, "all states to be read", async || {
        let found = read().await?;
        if found == vec![Some("after".to_owned()); names.len()] { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
    tokio::task::block_in_place(|| {
        master.server.restart();
        cluster.wait_until_whole(3);
    });
    eventually(DEADLINE, "the states to be there", async || read().await.map(drop)).await;
}
