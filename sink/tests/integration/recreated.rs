//! `vru.detections` and `vru.alerts` are deleted and created again under the same names, with the sinks running or stopped: everything on
//! the new topics is stored from the first record on, and nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::runtime::Runtime;
use tonic::Code;
use vru_runtime::test_util::{
    Bus, S3Server, ServiceLaunch, ServiceProcess, Topic, free_port, kafka, postgres, s3, wait_for, wait_until,
};

use crate::alerts::{launch, request};
use crate::messages::{a_minute_ago, alert, publish_frames};
use crate::subscriber::{Subscriber, connect, trailer};

const DEADLINE: Duration = Duration::from_mins(2);
const CAMERAS: [&str; 3] = ["cam-a", "cam-b", "cam-c"];

/// What happens to the topics.
#[derive(Debug, Clone, Copy)]
struct Case {
    running: bool,
    partitions: (i32, i32),
    /// Records of each camera on the old topic and on the new one.
    records: (u64, u64),
}

const CASES: [Case; 4] = [
    Case { running: true, partitions: (2, 2), records: (20, 5) },
    Case { running: true, partitions: (2, 3), records: (5, 20) },
    Case { running: false, partitions: (3, 2), records: (20, 5) },
    Case { running: false, partitions: (2, 2), records: (5, 20) },
];

fn publish(bus: &Bus, name: &str, sequences: std::ops::Range<u64>, begin: i64) {
    publish_frames(bus, &CAMERAS, sequences.clone(), begin);
    publish_alerts(bus, name, sequences, begin);
}

fn publish_alerts(bus: &Bus, name: &str, sequences: std::ops::Range<u64>, begin: i64) {
    for sequence in sequences {
        for camera in CAMERAS {
            let alert = alert(camera, &format!("{name}-{camera}-{sequence}"), sequence, begin);
            bus.produce_message(Topic::Alerts, camera, &alert);
        }
    }
}

/// Recreates the topics, and publishes on the new ones.
fn recreate(bus: &mut Bus, service: &ServiceProcess, case: Case, begin: i64) {
    if !case.running {
        assert!(service.stop().success());
    }
    for topic in [Topic::Detections, Topic::Alerts] {
        bus.recreate(topic, case.partitions.1);
    }
    publish(bus, "new", 1_000..1_000 + case.records.1, begin);
    if !case.running {
        service.restart();
    }
}

#[test]
fn postgres_stores_a_recreated_topic_from_its_first_record() {
    for case in CASES {
        let (mut bus, server) = (kafka().bus("recreated-pg", case.partitions.0), postgres());
        let database = server.database();
        let service = ServiceLaunch::new("vru-sink")
            .args(["postgres"])
            .bus(&bus)
            .set("postgres.url", &database)
            .set("postgres.migrate", "true")
            .set("postgres.group", format!("{}postgres", bus.prefix()))
            .start();
        let count = |table: &str| -> u64 {
            let rows = server.try_query(&database, &format!("select count(*) from {table}")).unwrap_or_default();
            rows.first().map_or(0, |row| row[0].parse().unwrap())
        };
        let wait = |frames: u64| {
            wait_for(DEADLINE, &format!("rows in {case:?}"), || {
                let found = (count("frames"), count("alerts"));
                if found == (frames, frames) { Ok(()) } else { Err(format!("{found:?} of {frames}")) }
            });
        };
        let begin = a_minute_ago();
        publish(&bus, "old", 0..case.records.0, begin);
        let cameras = CAMERAS.len() as u64;
        wait(case.records.0 * cameras);
        recreate(&mut bus, &service, case, begin);
        wait((case.records.0 + case.records.1) * cameras);
        // The positions are those of the new topics: nothing is read again.
        let ids = server.query(&database, "select distinct topic_id from sink_positions where next_offset is not null");
        let mut ids: Vec<String> = ids.into_iter().map(|row| row[0].clone()).collect();
        let mut wanted = [Topic::Detections, Topic::Alerts].map(|topic| bus.topic_id(topic).to_string());
        ids.sort();
        wanted.sort();
        assert_eq!(ids, wanted, "{case:?}");
    }
}

#[test]
fn objects_of_a_recreated_topic_are_written_beside_those_of_the_old_one() {
    for case in CASES {
        let (mut bus, server) = (kafka().bus("recreated-s3", case.partitions.0), s3());
        let bucket = server.bucket();
        let service = ServiceLaunch::new("vru-sink")
            .args(["s3"])
            .bus(&bus)
            .set("s3.endpoint", server.endpoint())
            .set("s3.bucket", &bucket)
            .set("s3.access_key", S3Server::ACCESS_KEY)
            .set("s3.secret_key", S3Server::SECRET_KEY)
            .set("s3.group", format!("{}s3", bus.prefix()))
            .set("s3.clip.enabled", "false")
            // Longer than the test: what was received of the old topic is in memory when it is deleted.
            .set("s3.parquet.max_age", "5m")
            .start();
        service.wait_ready(DEADLINE);
        let begin = a_minute_ago();
        publish(&bus, "old", 0..case.records.0, begin);
        let received = case.records.0 * CAMERAS.len() as u64;
        wait_until(DEADLINE, "the old records", || {
            let metrics = service.metrics();
            let received_of = |topic| metrics.sum("sink_received_records_total", &[("topic", &bus.name(topic))]);
            received_of(Topic::Detections) >= received as f64 && received_of(Topic::Alerts) >= received as f64
        });
        recreate(&mut bus, &service, case, begin);
        if !case.running {
            service.wait_ready(DEADLINE);
        }
        let records = case.records.1 * CAMERAS.len() as u64;
        wait_until(DEADLINE, "the new records", || {
            let metrics = service.metrics();
            let received_of = |topic| metrics.sum("sink_received_records_total", &[("topic", &bus.name(topic))]);
            let before = if case.running { received } else { 0 };
            received_of(Topic::Detections) >= (before + records) as f64
        });
        assert!(service.stop().success());
        let frames = crate::s3::stored_frames(server, &bucket);
        assert_eq!(frames, (case.records.0 + case.records.1) * CAMERAS.len() as u64, "{case:?}");
    }
}

/// Resumes at this server, which may be starting.
async fn resume(address: &str, token: &str) -> Subscriber {
    let until = tokio::time::Instant::now() + DEADLINE;
    loop {
        match Subscriber::new(&connect(address).await, request(token)).await {
            Ok(subscriber) => return subscriber,
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                assert!(tokio::time::Instant::now() < until, "{status}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Reads until these alerts have come, and resumes as often as the stream ends. Returns how often it was told that the topic is another.
async fn receive(mut subscriber: Subscriber, address: &str, wanted: &BTreeSet<String>) -> u32 {
    let mut received = BTreeSet::new();
    let mut recreated = 0;
    while !wanted.is_subset(&received) {
        match subscriber.next().await {
            Ok(id) => drop(received.insert(id)),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                recreated += subscriber.recreated;
                subscriber = resume(address, &trailer(&status)).await;
            }
        }
    }
    recreated + subscriber.recreated
}

#[test]
fn subscribers_receive_a_recreated_topic_from_its_first_alert() {
    for case in CASES {
        let mut bus = kafka().bus("recreated-grpc", case.partitions.0);
        let address = format!("127.0.0.1:{}", free_port());
        let service = launch(&bus, &address).start();
        service.wait_ready(DEADLINE);
        let runtime = Runtime::new().unwrap();
        let begin = a_minute_ago();
        let of_topic = |name: &str, records: u64, first: u64| -> BTreeSet<String> {
            let of_camera = |camera| (first..first + records).map(move |number| format!("{name}-{camera}-{number}"));
            CAMERAS.into_iter().flat_map(of_camera).collect()
        };
        // One stays connected as long as it can, one resumes later.
        let (connected, token) = runtime.block_on(async {
            let mut connected = Subscriber::new(&connect(&address).await, request("")).await.unwrap();
            let later = Subscriber::new(&connect(&address).await, request("")).await.unwrap();
            publish(&bus, "old", 0..case.records.0, begin);
            let old = connected.take(case.records.0 as usize * CAMERAS.len()).await;
            assert_eq!(BTreeSet::from_iter(old), of_topic("old", case.records.0, 0), "{case:?}");
            (connected, later.token.clone())
        });
        if !case.running {
            assert!(service.stop().success());
        }
        for topic in [Topic::Detections, Topic::Alerts] {
            bus.recreate(topic, case.partitions.1);
        }
        // It has no token, and the server may not have noticed that the topic is another one.
        let fresh = case.running.then(|| runtime.block_on(resume(&address, "")));
        publish(&bus, "new", 1_000..1_000 + case.records.1, begin);
        if !case.running {
            service.restart();
        }
        service.wait_ready(DEADLINE);
        let wanted = of_topic("new", case.records.1, 1_000);
        runtime.block_on(async {
            assert_eq!(receive(connected, &address, &wanted).await, 1, "{case:?}");
            assert_eq!(receive(resume(&address, &token).await, &address, &wanted).await, 1, "{case:?}");
            if let Some(fresh) = fresh {
                assert!(receive(fresh, &address, &wanted).await <= 1, "{case:?}");
            }
        });
        assert!(service.stop().success());
    }
}
