//! How the system is, as the API answers it while parts of it work, hang or are not there.

use std::net::TcpListener;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use vru_proto::v1;
use vru_runtime::kafka::admin::cluster_id;
use vru_runtime::live::{IngestPod, LiveCamera, LiveStore, Update, Worker};
use vru_runtime::redis::RedisConfig;
use vru_runtime::test_util::{RedisServer, S3Server, Topic, eventually, kafka, redis_client, s3};

use super::api::{Api, ApiClient};

const DEADLINE: Duration = Duration::from_mins(1);
const HEALTH: &str = "/api/v1/system/health";

/// Asks until the answer is as wanted; an answer is kept for two seconds.
async fn eventually_says(client: &ApiClient, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    eventually(DEADLINE, what, async || {
        let answer = client.get(HEALTH).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        if holds(&answer.body) { Ok(answer.body) } else { Err(answer.body.to_string()) }
    })
    .await
}

fn consumer<'a>(health: &'a Value, name: &str, topic: &str) -> &'a Value {
    let consumers = health["consumers"].as_array().expect("consumers");
    let found = consumers.iter().find(|consumer| consumer["name"] == name && consumer["topic"] == topic);
    found.unwrap_or_else(|| panic!("no {name} of {topic} in {health}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_works_how_far_consumers_are_and_what_nobody_knows() {
    let bus = tokio::task::block_in_place(|| kafka().bus("health", 1));
    let server = tokio::task::block_in_place(RedisServer::start);
    let bucket = tokio::task::block_in_place(|| s3().bucket());
    let of_redis = RedisConfig { url: server.url(), timeout: Duration::from_secs(2), ..RedisConfig::default() };
    let api = Api::start_with(|config| {
        config.kafka = bus.config();
        config.redis = of_redis.clone();
        config.system.infer_group = format!("{}infer", bus.prefix());
        config.s3.enabled = true;
        config.s3.bucket.bucket = bucket;
        config.s3.bucket.endpoint = s3().endpoint();
        config.s3.bucket.access_key = vru_runtime::secret::Secret::new(S3Server::ACCESS_KEY);
        config.s3.bucket.secret_key = vru_runtime::secret::Secret::new(S3Server::SECRET_KEY);
    })
    .await;
    let (redis, _stop) = redis_client(of_redis).await;
    let store = LiveStore::Redis(redis);
    let worker = Worker {
        name: "worker-1".to_owned(),
        cameras: 1,
        dropped_frames: [("stale".to_owned(), 7)].into(),
        ..Worker::default()
    };
    let gate = Update { camera: "gate".to_owned(), state: LiveCamera::default(), new_frame: true };
    // A file that is analysed, and is at its end soon after.
    let of_file = LiveCamera { file: true, ..LiveCamera::default() };
    let file = Update { camera: "upload".to_owned(), state: of_file, new_frame: true };
    store.write(&worker, &[gate, file]).await.expect("it is written");
    for (name, frames) in [("pod-1", 3), ("pod-2", 4)] {
        let reasons = [("too_large".to_owned(), frames), (format!("only of {name}"), 1)].into();
        let pod = IngestPod {
            name: name.to_owned(),
            dropped_frames: [("gate".to_owned(), reasons)].into(),
            ..IngestPod::default()
        };
        store.write_pod(&pod).await.expect("it is written");
    }
    let detections = bus.name(Topic::Detections);
    tokio::task::block_in_place(|| {
        for _ in 0..5 {
            bus.produce_message(Topic::Detections, "gate", &v1::FrameDetections::default());
        }
        let cluster = cluster_id(&bus.config(), DEADLINE).expect("an answer").expect("a cluster");
        api.execute(&format!(
            "INSERT INTO sink_positions (cluster_id, consumer, topic, kafka_partition, epoch, next_offset, owner)
             VALUES ('{cluster}', 'vru-sink-postgres', '{detections}', 0, 1, 2, 'test')"
        ));
    });
    let admin = api.admin().await;
    let health = eventually_says(&admin, "everything works", |health| health["frames"]["live_cameras"] == 1).await;
    assert_eq!((&health["frames"]["files"], &health["frames"]["silent"]), (&json!(1), &json!([])));
    for server in ["database", "redis", "kafka", "s3"] {
        assert_eq!(health["servers"][server], json!({ "state": "ok" }), "{server}");
    }
    assert_eq!(consumer(&health, "vru-sink-postgres", &detections)["lag"], 3);
    let nothing = consumer(&health, &format!("{}infer", bus.prefix()), &bus.name(Topic::Frames));
    assert_eq!(
        (nothing.get("lag"), &nothing["unknown_because"]),
        (None, &json!("the group has committed nothing in this topic"))
    );
    assert_eq!(
        (&health["workers"]["items"][0]["name"], &health["workers"]["items"][0]["alive"]),
        (&json!("worker-1"), &json!(true))
    );
    assert_eq!(health["workers"]["dropped_frames"], json!([{ "reason": "stale", "frames": 7 }]));
    let pods: Vec<&Value> =
        health["ingest"]["items"].as_array().expect("pods").iter().map(|pod| &pod["name"]).collect();
    assert_eq!((pods, &health["ingest"]["dropped_frames"]), (vec![&json!("pod-1"), &json!("pod-2")], &json!(9)));
    assert_eq!(health["ingest"]["dropped"][0], json!({ "camera_id": "gate", "reason": "too_large", "frames": 7 }));
    assert_eq!(health["ingest"]["dropped"].as_array().map(Vec::len), Some(3));
    assert!(health["frames"]["newest_age_seconds"].as_f64().is_some_and(|age| age < 5.0), "{health}");
    // The worker stops; its camera falls silent, and it is not there.
    let health =
        eventually_says(&admin, "the camera to be silent", |health| health["frames"]["silent_cameras"] == 1).await;
    let silent = health["frames"]["silent"].as_array().expect("silent cameras");
    assert_eq!((silent.len(), &silent[0]["camera_id"], &health["frames"]["files"]), (1, &json!("gate"), &json!(0)));
    eventually_says(&admin, "the worker to be gone", |health| health["workers"]["items"][0]["alive"] == json!(false))
        .await;

    server.server.pause();
    let health =
        eventually_says(&admin, "Redis to be missed", |health| health["servers"]["redis"]["state"] == "failed").await;
    for part in ["ingest", "workers", "frames"] {
        assert!(health[part]["unknown_because"].as_str().is_some_and(|why| why.contains("Redis")), "{health}");
    }
    assert_eq!(health["servers"]["database"], json!({ "state": "ok" }));
    server.server.resume();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_hangs_does_not_hang_the_answer_and_says_so() {
    // It accepts connections, and answers nothing.
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = hanging.local_addr().expect("an address");
    let api = Api::start_with(|config| {
        config.kafka.brokers = address.to_string();
        config.s3.enabled = true;
        config.s3.bucket.bucket = "bucket".to_owned();
        config.s3.bucket.endpoint = format!("http://{address}");
        config.s3.bucket.access_key = vru_runtime::secret::Secret::new("key");
        config.s3.bucket.secret_key = vru_runtime::secret::Secret::new("secret");
    })
    .await;
    let admin = api.admin().await;
    let answer = admin.get(HEALTH).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let health = answer.body;
    assert_eq!(health["servers"]["database"], json!({ "state": "ok" }));
    for server in ["kafka", "s3"] {
        assert_eq!(health["servers"][server]["state"], "failed", "{health}");
        assert!(!health["servers"][server]["detail"].as_str().unwrap_or_default().is_empty(), "{health}");
    }
    assert_eq!(health["servers"]["redis"]["state"], "not_configured");
    for consumer in health["consumers"].as_array().expect("consumers") {
        assert!(consumer.get("lag").is_none() && consumer["unknown_because"].is_string(), "{consumer}");
    }
    for part in ["ingest", "workers", "frames"] {
        assert_eq!(health[part]["unknown_because"], "`redis.url` is not configured", "{health}");
    }
}
