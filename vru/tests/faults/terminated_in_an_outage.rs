//! SIGTERM during an outage: each service exits within its shutdown deadline, and nothing is lost or duplicated after it is
//! started again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rand::seq::SliceRandom as _;
use vru_runtime::test_util::{ServiceProcess, seeded_rng, wait_for};

use crate::books::{assert_same_ids, assert_stored_once, published_alerts};
use crate::follower::Follower;
use crate::outage::{Backend, Outage, OutageKind, OwnServers};
use crate::pipeline::{DEADLINE, Pipeline, camera, file, short_clip, start};

/// Frames of each file that is in mid-stream when an outage begins.
const FRAMES: u64 = 100;
const DRAIN: Duration = Duration::from_secs(4);
/// After the deadline a service has 3 s for its hard stop: 2 s for tasks, 1 s for threads. The rest is for a busy machine.
const MARGIN: Duration = Duration::from_secs(6);

#[test]
fn services_terminated_in_an_outage_exit_in_time_and_lose_nothing() {
    let mut random = seeded_rng("services_terminated_in_an_outage_exit_in_time_and_lose_nothing");
    let servers = OwnServers::start();
    let pipeline = Pipeline::on(servers.all(), "terminate", 2);
    let launches = [pipeline.ingest(), pipeline.infer(), pipeline.sink()].map(|launch| {
        // Without a broker a member cannot leave its group: its partitions are free after the session timeout.
        launch.set("shutdown.deadline", format!("{}s", DRAIN.as_secs())).set("kafka.session_timeout", "3s")
    });
    let services = start(launches);
    let [ingest, infer, sink] = &services;
    let follower = Follower::start(&[pipeline.grpc_port]);
    let clip = short_clip(FRAMES);
    // The sink alone uses the database and the store; all services use the broker.
    let mut outages: Vec<(Backend, OutageKind, Vec<&ServiceProcess>)> = vec![
        (Backend::Broker, OutageKind::Killed, vec![ingest, infer, sink]),
        (Backend::Broker, OutageKind::Hung, vec![ingest, infer, sink]),
        (Backend::Database, OutageKind::Hung, vec![sink]),
        (Backend::Store, OutageKind::Hung, vec![sink]),
    ];
    outages.shuffle(&mut random);
    for (number, (backend, kind, terminated)) in outages.iter().enumerate() {
        let id = format!("file-{number}");
        pipeline.bus.put_camera(&camera(&id, file(&clip)));
        let sql = format!("select count(*) from frames where camera_id = '{id}'");
        pipeline.wait_for_count("the file to be in mid-stream", &sql, FRAMES / 10);
        let outage = Outage::begin(&servers, *backend, *kind);
        let began = Instant::now();
        for service in terminated {
            service.signal("TERM");
        }
        for service in terminated {
            wait_for(DRAIN + MARGIN, &format!("{backend:?}, {kind:?}: the end"), || {
                service.ended().ok_or_else(|| service.log_tail())
            });
            println!("{backend:?}, {kind:?}: ended after {:.1?}: {:?}", began.elapsed(), service.ended());
        }
        outage.end();
        for service in terminated {
            service.restart();
        }
        for service in &services {
            service.wait_ready(DEADLINE);
        }
    }
    let frames = FRAMES * outages.len() as u64;
    pipeline.wait_for_count("all frames", "select count(*) from frames", frames);
    pipeline.wait_until_frames_read(infer);
    let alerts = published_alerts(&pipeline.bus);
    let ids: BTreeSet<String> = alerts.iter().cloned().collect();
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", ids.len() as u64);
    assert_stored_once(&pipeline);
    assert_eq!(pipeline.count("select count(*) from frames"), frames);
    assert_eq!(pipeline.count("select count(*) from frames where end_of_stream"), outages.len() as u64);
    assert_same_ids("at the subscriber", &follower.wait_for_alerts(ids.len()), &ids, true);
    println!("alerts on the topic: {}, of which {} are repeats", alerts.len(), alerts.len() - ids.len());
    for service in &services {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
    // On a graceful stop the sink writes the open segment.
    let store = pipeline.store();
    assert_eq!(store.frames, frames, "frames in Parquet");
}
