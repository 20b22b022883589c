//! Two instances of each worker. One is killed, or suspended until its partitions have moved and then resumed: the other takes
//! over within the session timeout, the order of each camera is kept, and nothing is written twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rand::Rng as _;
use rand::seq::SliceRandom as _;
use vru_proto::v1;
use vru_runtime::test_util::{Codec, ServiceProcess, free_port, seeded_rng, wait_for};

use crate::books::{FramePosition, analysed, assert_same_ids, assert_stored_once, published_alerts};
use crate::camera_server::CameraServer;
use crate::follower::Follower;
use crate::pipeline::{DEADLINE, Pipeline, camera, file, ingest, pull, short_clip, start, wait_for_cameras_to_stop};

/// A silent member keeps its partitions this long.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);
/// Time beyond that for the rebalance, and for opening cameras, on two busy cores.
const MARGIN: Duration = Duration::from_secs(7);
/// Results that a worker's Kafka client may be sending when the worker is suspended.
const IN_FLIGHT: usize = 1;
const PARTITIONS: i32 = 6;
const LIVE: usize = 6;
/// Frames of each file that is in mid-stream when a worker fails.
const FRAMES: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Ingest,
    Infer,
    Sink,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkerFault {
    Killed,
    /// Suspended, and resumed after the other has taken over.
    Zombie,
}

struct Setup {
    pipeline: Pipeline<'static>,
    ingest: [ServiceProcess; 2],
    infer: [ServiceProcess; 2],
    sink: [ServiceProcess; 2],
    followers: Vec<Follower>,
    _cameras: CameraServer,
}

fn setup() -> Setup {
    let cameras = CameraServer::start();
    cameras.clip("street", Codec::H264);
    let pipeline = Pipeline::new("take-over", PARTITIONS);
    let ports = [pipeline.grpc_port, free_port()];
    let session = format!("{}s", SESSION_TIMEOUT.as_secs());
    let sink = |port: u16| pipeline.sink().set("s3.enabled", "false").set("alerts.listen", format!("127.0.0.1:{port}"));
    let launches = [
        pipeline.ingest(),
        ingest(&pipeline.bus, free_port()),
        pipeline.infer(),
        pipeline.infer(),
        sink(ports[0]),
        sink(ports[1]),
    ];
    let [ingest_a, ingest_b, infer_a, infer_b, sink_a, sink_b] =
        start(launches.map(|launch| launch.set("kafka.session_timeout", &session)));
    for number in 0..LIVE {
        let mut config = camera(&format!("cam-{number}"), pull(cameras.url("street")));
        config.output = Some(v1::Output { max_fps: 2.0, ..Default::default() });
        pipeline.bus.put_camera(&config);
    }
    // One follower stays with each server; one uses whichever server answers.
    let followers = [&ports[..1], &ports[1..], &ports[..]].map(Follower::start);
    Setup {
        pipeline,
        ingest: [ingest_a, ingest_b],
        infer: [infer_a, infer_b],
        sink: [sink_a, sink_b],
        followers: followers.into(),
        _cameras: cameras,
    }
}

impl Setup {
    fn pair(&self, role: Role) -> &[ServiceProcess; 2] {
        match role {
            Role::Ingest => &self.ingest,
            Role::Infer => &self.infer,
            Role::Sink => &self.sink,
        }
    }

    /// The number of cameras or partitions to share.
    fn total_share(role: Role) -> u64 {
        match role {
            Role::Ingest => LIVE as u64,
            // Partitions of live frames and of files; of detections and of alerts.
            Role::Infer | Role::Sink => 2 * PARTITIONS as u64,
        }
    }

    fn share(&self, role: Role, worker: &ServiceProcess) -> u64 {
        match role {
            Role::Ingest => {
                let connected = worker.metrics().by_label("ingest_camera_connected", "camera");
                connected.iter().filter(|(id, connected)| id.starts_with("cam-") && **connected > 0.0).count() as u64
            }
            Role::Infer => worker.count("infer_assigned_partitions", &[]),
            Role::Sink => {
                let sql = format!("select count(*) from sink_positions where owner like '%:{}'", worker.pid());
                self.pipeline.count(&sql)
            }
        }
    }

    fn wait_until_shared(&self, role: Role) {
        let pair = self.pair(role);
        wait_for(DEADLINE, &format!("{role:?}: both to have a share"), || {
            let shares = [&pair[0], &pair[1]].map(|worker| self.share(role, worker));
            let shared = !shares.contains(&0) && shares.iter().sum::<u64>() == Self::total_share(role);
            if shared { Ok(()) } else { Err(format!("{shares:?}; {}\n{}", pair[0].log_tail(), pair[1].log_tail())) }
        });
    }

    /// Runs one fault. Both instances work before and after it.
    fn run_fault(&self, role: Role, fault: WorkerFault, victim: usize) {
        self.wait_until_shared(role);
        let (victim, other) = (&self.pair(role)[victim], &self.pair(role)[1 - victim]);
        match fault {
            WorkerFault::Killed => victim.kill(),
            WorkerFault::Zombie => victim.pause(),
        }
        let since = Instant::now();
        wait_for(SESSION_TIMEOUT + MARGIN, &format!("{role:?}, {fault:?}: the other to take over"), || {
            let share = self.share(role, other);
            if share == Self::total_share(role) { Ok(()) } else { Err(format!("it has {share}; {}", other.log_tail())) }
        });
        println!("{role:?}, {fault:?}: taken over after {:.1?}", since.elapsed());
        match fault {
            WorkerFault::Killed => victim.restart(),
            WorkerFault::Zombie => {
                self.wait_for_more_frames();
                victim.resume();
            }
        }
        victim.wait_ready(DEADLINE);
        self.wait_until_shared(role);
        self.wait_for_more_frames();
    }

    /// Waits until new frames of each live camera are stored.
    fn wait_for_more_frames(&self) {
        let sql = "select count(*) from frames where camera_id = ";
        for number in 0..LIVE {
            let of_camera = format!("{sql}'cam-{number}'");
            let before = self.pipeline.count(&of_camera);
            self.pipeline.wait_for_count(&format!("more frames of cam-{number}"), &of_camera, before + 1);
        }
    }
}

#[test]
fn workers_take_over_in_order_and_zombies_write_nothing_twice() {
    let mut random = seeded_rng("workers_take_over_in_order_and_zombies_write_nothing_twice");
    let setup = setup();
    let clip = short_clip(FRAMES);
    let mut faults = vec![(Role::Ingest, WorkerFault::Killed), (Role::Infer, WorkerFault::Killed)];
    faults.extend([Role::Ingest, Role::Infer, Role::Sink].map(|role| (role, WorkerFault::Zombie)));
    faults.shuffle(&mut random);
    for (number, (role, fault)) in faults.iter().enumerate() {
        setup.pipeline.bus.put_camera(&camera(&format!("file-{number}"), file(&clip)));
        setup.run_fault(*role, *fault, random.random_range(0..2));
    }

    let Setup { pipeline, ingest, infer, sink, followers, _cameras } = setup;
    for number in 0..LIVE {
        pipeline.bus.remove_camera(&format!("cam-{number}"));
    }
    ingest.iter().for_each(wait_for_cameras_to_stop);
    let files = "select count(*) from frames where camera_id like 'file-%'";
    pipeline.wait_for_count("all frames of files", files, FRAMES * faults.len() as u64);
    pipeline.wait_until_frames_read(&infer[0]);
    let alerts = published_alerts(&pipeline.bus);
    let ids: BTreeSet<String> = alerts.iter().cloned().collect();
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", ids.len() as u64);
    assert_order(&analysed(&pipeline.bus));
    assert_stored_once(&pipeline);
    println!("alerts on the topic: {}, of which {} are repeats", alerts.len(), alerts.len() - ids.len());
    for follower in followers {
        assert_same_ids("at a subscriber", &follower.wait_for_alerts(ids.len()), &ids, true);
    }
    for service in ingest.iter().chain(&infer).chain(&sink) {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
}

/// Asserts that, without repeats, the sequence numbers of each session increase.
fn assert_order(analysed: &[(String, FramePosition, usize)]) {
    let mut seen: BTreeSet<(&String, FramePosition)> = BTreeSet::new();
    let mut newest: BTreeMap<(&String, u64), u64> = BTreeMap::new();
    let mut late: Vec<String> = Vec::new();
    let mut repeats = 0;
    for (camera, position, _) in analysed {
        if !seen.insert((camera, *position)) {
            repeats += 1;
            continue;
        }
        let (session, sequence) = *position;
        let newest = newest.entry((camera, session)).or_default();
        if sequence < *newest {
            late.push(format!("{camera}: {sequence} comes after {newest}"));
        }
        *newest = sequence.max(*newest);
    }
    println!("analysed frames on the topic: {}, of which {repeats} are repeats", analysed.len());
    // A suspended worker cannot recall the request that its Kafka client is sending, which takes milliseconds.
    assert!(late.len() <= IN_FLIGHT, "{late:?}");
}
