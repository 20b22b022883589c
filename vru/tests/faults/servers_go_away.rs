//! The broker, PostgreSQL and S3 each have an outage of 10 s in mid-stream, killed and hung: nothing is lost or duplicated, every
//! dropped frame is counted, memory stays flat, services report what they wait for, and all recover without help.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use vru_proto::v1;
use vru_runtime::test_util::{Codec, ServiceLaunch, ServiceProcess, Topic, seeded_rng, wait_for};

use crate::books::{
    analysed, assert_drops_are_counted, assert_inference_balances, assert_same_ids, assert_stored_once, memory,
    published_alerts,
};
use crate::camera_server::CameraServer;
use crate::follower::Follower;
use crate::outage::{Backend, Outage, OutageKind, OwnServers};
use crate::pipeline::{DEADLINE, Pipeline, camera, file, pull, short_clip, start, wait_for_cameras_to_stop};

const OUTAGE: Duration = Duration::from_secs(10);
const LIVE: [&str; 2] = ["gate", "yard"];
/// Frames of each file that is in mid-stream when an outage begins.
const FRAMES: u64 = 120;
/// Growth of a service's memory over all outages: the ring of recent alerts, which was empty, and what the allocator keeps.
const GROWTH: u64 = 64 * 1024 * 1024;

struct Setup<'a> {
    pipeline: Pipeline<'a>,
    ingest: ServiceProcess,
    infer: ServiceProcess,
    sink: ServiceProcess,
    _cameras: CameraServer,
}

fn setup(servers: &OwnServers) -> Setup<'_> {
    let pipeline = Pipeline::on(servers.all(), "outages", 2);
    let quick = |launch: ServiceLaunch| launch.set("kafka.session_timeout", "6s");
    let ingest = quick(pipeline.ingest()).set("live.message_timeout", "2s");
    let sink = quick(pipeline.sink()).set("postgres.statement_timeout", "1s").set("s3.timeout", "2s");
    let [ingest, infer, sink] = start([ingest, quick(pipeline.infer()), sink]);
    let cameras = CameraServer::start();
    cameras.clip("street", Codec::H264);
    for id in LIVE {
        let mut config = camera(id, pull(cameras.url("street")));
        config.output = Some(v1::Output { max_fps: 5.0, ..Default::default() });
        pipeline.bus.put_camera(&config);
    }
    Setup { pipeline, ingest, infer, sink, _cameras: cameras }
}

impl Setup<'_> {
    fn services(&self) -> [&ServiceProcess; 3] {
        [&self.ingest, &self.infer, &self.sink]
    }

    /// The services that need the server, each with the name under which it reports that it waits.
    fn waiting(&self, backend: Backend) -> Vec<(&ServiceProcess, &'static str)> {
        match backend {
            Backend::Broker => self.services().map(|service| (service, "kafka")).to_vec(),
            Backend::Database => vec![(&self.sink, "postgres")],
            Backend::Store => vec![(&self.sink, "s3")],
        }
    }

    /// Waits until new frames of each live camera are stored, in the database and in the bucket.
    fn wait_for_more_frames(&self, what: &str) {
        let stored = || self.sink.count("sink_stored_frames_total", &[("sink", "s3")]);
        let before = stored();
        for id in LIVE {
            let sql = format!("select count(*) from frames where camera_id = '{id}'");
            let rows = self.pipeline.rows(&sql)[0][0].parse::<u64>().unwrap();
            self.pipeline.wait_for_count(&format!("{what}, of {id}"), &sql, rows + 1);
        }
        wait_for(DEADLINE, &format!("{what}, in the bucket"), || {
            if stored() > before { Ok(()) } else { Err(format!("{before}; {}", self.sink.log_tail())) }
        });
    }

    /// Runs one outage: begins it while a file is in mid-stream, and returns when frames are stored again.
    fn run_outage(&self, servers: &OwnServers, number: usize, backend: Backend, kind: OutageKind, clip: &Path) {
        let id = format!("file-{number}");
        self.pipeline.bus.put_camera(&camera(&id, file(clip)));
        wait_for(DEADLINE, "the file to be in mid-stream", || {
            let analysed = self.infer.count("infer_sent_frames_total", &[("camera", &id)]);
            if analysed >= FRAMES / 10 { Ok(()) } else { Err(format!("{analysed} frames; {}", self.infer.log_tail())) }
        });
        let outage = Outage::begin(servers, backend, kind);
        for (service, name) in self.waiting(backend) {
            wait_for(OUTAGE, &format!("{backend:?}, {kind:?}: a service to report that it waits for {name}"), || {
                match service.ready() {
                    Ok((503, body)) if body.contains(name) => Ok(()),
                    other => Err(format!("{other:?}")),
                }
            });
        }
        outage.last(OUTAGE);
        for service in self.services() {
            let waits = self.waiting(backend).iter().any(|(waiting, _)| std::ptr::eq(*waiting, service));
            let (status, body) = service.ready().unwrap();
            assert_eq!(status, if waits { 503 } else { 200 }, "{backend:?}, {kind:?}: {body}");
        }
        outage.end();
        for service in self.services() {
            service.wait_ready(DEADLINE);
        }
        let sql = format!("select count(*) from frames where camera_id = '{id}' and end_of_stream");
        self.pipeline.wait_for_count(&format!("{backend:?}, {kind:?}: the end of the file"), &sql, 1);
        self.wait_for_more_frames(&format!("{backend:?}, {kind:?}: frames to be stored again"));
    }
}

#[test]
fn outages_of_every_server_lose_and_duplicate_nothing() {
    let mut random = seeded_rng("outages_of_every_server_lose_and_duplicate_nothing");
    let servers = OwnServers::start();
    let setup = setup(&servers);
    let follower = Follower::start(&[setup.pipeline.grpc_port]);
    setup.wait_for_more_frames("frames to be stored");
    let clip = short_clip(FRAMES);
    let mut outages: Vec<(Backend, OutageKind)> = [Backend::Broker, Backend::Database, Backend::Store]
        .into_iter()
        .flat_map(|backend| [OutageKind::Killed, OutageKind::Hung].map(|kind| (backend, kind)))
        .collect();
    outages.shuffle(&mut random);
    println!("outages: {outages:?}");
    let before = memory(&setup.services());
    for (number, (backend, kind)) in outages.iter().enumerate() {
        setup.run_outage(&servers, number, *backend, *kind, &clip);
        println!("{backend:?}, {kind:?}: resident {:?}", memory(&setup.services()));
    }
    balance(setup, &follower, outages.len(), &before);
}

/// Nothing may be in flight: on a slow machine, what waited for a server is held in memory long after the outage.
fn assert_memory_is_as_before(services: [&ServiceProcess; 3], before: &[u64]) {
    for (service, before) in services.into_iter().zip(before) {
        wait_for(DEADLINE, "memory to be as before", || {
            let after = service.resident_bytes();
            if after < before + GROWTH {
                return Ok(());
            }
            let [used, kept] = ["used", "kept"].map(|what| service.metric(&format!("process_heap_{what}_bytes"), &[]));
            let heap = format!("{used} used and {kept} kept in the heap");
            Err(format!("grew from {before} to {after} bytes, {heap}; {}", service.log_tail()))
        });
    }
}

/// Stops the source, waits until everything in flight is stored, and checks all counts, and memory against what it was `before`.
fn balance(setup: Setup<'_>, follower: &Follower, files: usize, before: &[u64]) {
    let Setup { pipeline, ingest, infer, sink, _cameras } = setup;
    for id in LIVE {
        pipeline.bus.remove_camera(id);
    }
    wait_for_cameras_to_stop(&ingest);
    pipeline.wait_until_frames_read(&infer);
    let analysed = analysed(&pipeline.bus);
    let distinct: BTreeSet<_> = analysed.iter().map(|(camera, position, _)| (camera, position)).collect();
    println!(
        "analysed frames on the topic: {}, of which {} are repeats",
        analysed.len(),
        analysed.len() - distinct.len()
    );
    pipeline.wait_for_count("every frame", "select count(*) from frames", distinct.len() as u64);
    let alerts = published_alerts(&pipeline.bus);
    let ids: BTreeSet<String> = alerts.iter().cloned().collect();
    println!("alerts on the topic: {}, of which {} are repeats", alerts.len(), alerts.len() - ids.len());
    pipeline.wait_for_count("every alert", "select count(*) from alerts", ids.len() as u64);
    // The sink commits what it has stored. Its count of stored frames cannot be used: a repeat in the same object is stored once.
    pipeline.wait_until_read("s3-detections", Topic::Detections, &sink);
    pipeline.wait_until_read("s3-snapshots", Topic::Alerts, &sink);
    pipeline.wait_until_read("s3-clips", Topic::Alerts, &sink);
    assert_memory_is_as_before([&ingest, &infer, &sink], before);
    let (of_ingest, of_infer) = (ingest.metrics(), infer.metrics());
    for id in LIVE {
        assert_drops_are_counted(id, &of_ingest, &pipeline.bus);
        assert_inference_balances(id, &of_infer, &pipeline.bus);
    }
    for number in 0..files {
        let id = format!("file-{number}");
        assert_eq!(assert_inference_balances(&id, &of_infer, &pipeline.bus), FRAMES, "{id}");
    }
    assert_stored_once(&pipeline);
    assert_same_ids("at the subscriber", &follower.wait_for_alerts(ids.len()), &ids, true);
    let store = pipeline.store();
    assert_eq!(store.frames, distinct.len() as u64, "frames in Parquet");
    // A repeated frame may be in two objects, and its detections in both.
    let objects: usize = analysed.iter().map(|(_, _, objects)| objects).sum();
    let rows = pipeline.count("select count(*) from detections");
    assert!((rows..=objects as u64).contains(&store.detections), "{} in Parquet, {rows} rows", store.detections);
    for service in [ingest, infer, sink] {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
}
