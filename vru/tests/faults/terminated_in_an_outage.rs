//! SIGTERM in the middle of an outage: each service ends by itself within its drain deadline, and nothing is lost or doubled
//! after it is started again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rand::seq::SliceRandom as _;
use vru_runtime::test_util::{ServiceProcess, Topic, seeded_rng, wait_for};

use crate::books::{assert_same_ids, assert_stored_once, published_alerts};
use crate::follower::Follower;
use crate::outage::{How, Outage, OwnServers, Part};
use crate::pipeline::{DEADLINE, Pipeline, camera, file, short_clip, start};

/// Of each file that is in mid-stream when the outage begins.
const FRAMES: u64 = 100;
const DRAIN: Duration = Duration::from_secs(4);
/// Past the drain a service has 3 s to leave at once: 2 s for its tasks, 1 s for its threads. The rest is for a busy machine.
const MARGIN: Duration = Duration::from_secs(6);

#[test]
fn services_that_are_terminated_in_an_outage_end_in_time_and_lose_nothing() {
    let mut random = seeded_rng("services_that_are_terminated_in_an_outage_end_in_time_and_lose_nothing");
    let servers = OwnServers::start();
    let pipeline = Pipeline::on(servers.all(), "terminate", 2);
    let launches = [pipeline.ingest(), pipeline.infer(), pipeline.sink()].map(|launch| {
        // Without a broker nobody can be told that a member leaves: its partitions are free after the session's end.
        launch.set("shutdown.deadline", format!("{}s", DRAIN.as_secs())).set("kafka.session_timeout", "3s")
    });
    let services = start(launches);
    let [ingest, infer, sink] = &services;
    let follower = Follower::start(&[pipeline.grpc_port]);
    let clip = short_clip(FRAMES);
    // The database's and the store's users are in one service; everybody uses the broker.
    let mut outages: Vec<(Part, How, Vec<&ServiceProcess>)> = vec![
        (Part::Broker, How::Killed, vec![ingest, infer, sink]),
        (Part::Broker, How::Hung, vec![ingest, infer, sink]),
        (Part::Database, How::Hung, vec![sink]),
        (Part::Store, How::Hung, vec![sink]),
    ];
    outages.shuffle(&mut random);
    for (number, (part, how, terminated)) in outages.iter().enumerate() {
        let id = format!("file-{number}");
        pipeline.bus.put_camera(&camera(&id, file(&clip)));
        let sql = format!("select count(*) from frames where camera_id = '{id}'");
        pipeline.wait_for_count("the file to be in mid-stream", &sql, FRAMES / 10);
        let outage = Outage::begin(&servers, *part, *how);
        let began = Instant::now();
        for service in terminated {
            service.signal("TERM");
        }
        for service in terminated {
            wait_for(DRAIN + MARGIN, &format!("{part:?}, {how:?}: the end"), || {
                service.ended().ok_or_else(|| service.log_tail())
            });
            println!("{part:?}, {how:?}: ended after {:.1?}: {:?}", began.elapsed(), service.ended());
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
    pipeline.wait_until_read("infer", Topic::Frames, infer);
    let alerts = published_alerts(&pipeline.bus);
    let ids: BTreeSet<String> = alerts.iter().cloned().collect();
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", ids.len() as u64);
    assert_stored_once(&pipeline);
    assert_eq!(pipeline.count("select count(*) from frames"), frames);
    assert_eq!(pipeline.count("select count(*) from frames where end_of_stream"), outages.len() as u64);
    assert_same_ids("at the subscriber", &follower.wait_for_alerts(ids.len()), &ids, true);
    println!("alerts on the topic: {}, of which {} came again", alerts.len(), alerts.len() - ids.len());
    for service in &services {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
    // Stopped in peace the sink has written what was open.
    let store = pipeline.store();
    assert_eq!(store.frames, frames, "frames in Parquet");
}
