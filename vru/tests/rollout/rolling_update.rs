//! The tests.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vru_runtime::test_util::{Codec, FfmpegCamera, Launch, Process, Topic, binary, folder, wait_for};

use crate::account::assert_every_frame_is_accounted_for;
use crate::api_load::{ApiClient, ApiLoad};
use crate::application_balancer;
use crate::books::{alerts_stored, analysed, assert_same_ids, assert_stored_once, published_alerts};
use crate::camera_server::CameraServer;
use crate::cluster::Cluster;
use crate::follower::Follower;
use crate::manifests::Manifests;
use crate::network_balancer;
use crate::node::Node;
use crate::pipeline::{DEADLINE, Pipeline};
use crate::receiver;
use crate::servers::{Addresses, OwnServers};
use crate::targets::Targets;
use crate::workload::Workload;

/// Two of each workload.
const OVERLAY: &str = "staging";
const WORKLOADS: [&str; 7] = ["api", "webhooks", "ingest", "infer", "sink-postgres", "sink-s3", "sink-alerts"];
const PASSWORD: &str = "a long enough password";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Two at once would measure each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
const PULLED: usize = 2;
const PUSHED: usize = 1;

/// The load balancers of a cluster.
struct Balancers {
    targets: Vec<Arc<Targets>>,
    api: Option<SocketAddr>,
    cameras: Option<SocketAddr>,
    alerts: Option<SocketAddr>,
}

impl Balancers {
    fn faults(&self) -> Vec<String> {
        self.targets.iter().flat_map(|targets| targets.faults.lock().clone()).collect()
    }
}

/// Applies these workloads, with the load balancers in front of them.
fn deploy(
    manifests: &Manifests,
    workloads: Vec<Workload>,
    addresses: Addresses,
    runtime: &Runtime,
) -> (Arc<Cluster>, Balancers) {
    let gated: &[&str] = if manifests.has_readiness_gates() { &["api", "ingest", "sink-alerts"] } else { &[] };
    let settings = move |workload: &Workload, pod| {
        let mut settings = addresses.of(workload, pod);
        if workload.name == "api" {
            settings.push(("VRU__FIRST_ADMIN__TOKEN".to_owned(), TOKEN.to_owned()));
        }
        settings
    };
    let cluster = Cluster::start(Node::Programs, Box::new(settings), gated);
    let mut balancers = Balancers { targets: Vec::new(), api: None, cameras: None, alerts: None };
    for workload in workloads {
        let rules = match workload.name.as_str() {
            "api" => Some(manifests.application_targets("vru", "api", &workload)),
            "ingest" => Some(manifests.network_targets("cameras", "rtsp", &workload)),
            "sink-alerts" => Some(manifests.network_targets("alerts", "grpc", &workload)),
            _ => None,
        };
        let name = workload.name.clone();
        cluster.apply(workload);
        let Some(rules) = rules else { continue };
        let targets = Targets::follow(&cluster, rules);
        balancers.targets.push(targets.clone());
        match name.as_str() {
            "api" => balancers.api = Some(application_balancer::start(runtime, targets)),
            "ingest" => balancers.cameras = Some(network_balancer::start(runtime, targets)),
            _ => balancers.alerts = Some(network_balancer::start(runtime, targets)),
        }
    }
    (cluster, balancers)
}

/// As the Job `migrate` does it.
fn migrate(pipeline: &Pipeline<'_>) {
    Launch::new(binary("vru-sink"), folder("migrate").join("log"))
        .args(["migrate"])
        .env("VRU__POSTGRES__URL", &pipeline.database)
        .env("VRU__ADMIN", "127.0.0.1:0")
        .run();
}

/// A camera that pushes through the load balancer, and starts again whenever it is refused or its connection ends.
struct PushingCamera {
    camera: FfmpegCamera,
    process: Process,
}

impl PushingCamera {
    fn start(url: &str) -> Self {
        let camera = FfmpegCamera::new(Codec::H264, url);
        let process = camera.start();
        Self { camera, process }
    }

    fn keep_pushing(&mut self) {
        if self.process.ended().is_some() {
            self.process = self.camera.start();
        }
    }
}

fn wanted_camera(name: &str, source: (&str, Value), credentials: Option<Value>) -> Value {
    let mut settings = json!({
        "name": name,
        "output": { "max_fps": 3.0 },
        "zones": [{ "id": "everywhere", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }],
        "rules": [{ "id": "somebody-there", "severity": "warning",
            "zone_presence": { "zone": "everywhere", "min_frames": 2 } }],
    });
    settings[source.0] = source.1;
    let mut body = json!({ "settings": settings });
    if let Some(credentials) = credentials {
        body["credentials"] = credentials;
    }
    body
}

#[test]
fn a_rolling_update_of_everything_loses_nothing() {
    let _alone = ONE_AT_A_TIME.lock();
    let started = Instant::now();
    let step = |what: &str| println!("{:5.1} s: {what}", started.elapsed().as_secs_f64());
    let runtime = Runtime::new().unwrap();
    let servers = OwnServers::start();
    let pipeline = Pipeline::on(servers.all(), "roll-out", 6);
    let manifests = Manifests::render(OVERLAY);
    migrate(&pipeline);
    let workloads = WORKLOADS.map(|name| manifests.workload(name)).into();
    let (cluster, balancers) = deploy(&manifests, workloads, servers.addresses(&pipeline), &runtime);
    step("the servers run");
    cluster.wait_until_complete(DEADLINE);
    step("everything is deployed");

    let mut client = ApiClient::new(balancers.api.unwrap());
    let cameras = CameraServer::start();
    let (webhook, told) = receiver::start(&runtime);
    let (site, ids, mut pushing, changed) = runtime.block_on(async {
        let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
        client.create("/api/v1/first-admin", person).await;
        client.log_in("Ada", PASSWORD).await;
        let site = client.create("/api/v1/sites", json!({ "name": "Street", "time_zone": "Europe/Berlin" })).await;
        let site = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
        let url = format!("http://{webhook}/alerts");
        client.create(&format!("{site}/webhooks"), json!({ "name": "lights", "url": url })).await;
        let (mut ids, mut pushing, mut changed) = (Vec::new(), Vec::new(), None);
        for number in 0..PULLED {
            let path = format!("pulled-{number}");
            cameras.clip(&path, Codec::H264);
            let wanted = wanted_camera(&path, ("pull", json!({ "url": cameras.url(&path) })), None);
            let camera = client.create(&format!("{site}/cameras"), wanted.clone()).await;
            let id = camera["id"].as_str().unwrap().to_owned();
            changed = Some((format!("{site}/cameras/{id}"), wanted));
            ids.push(id);
        }
        for number in 0..PUSHED {
            let login = json!({ "username": "camera", "password": "a-login-of-a-camera" });
            let wanted = wanted_camera(&format!("pushed-{number}"), ("push", json!({})), Some(login));
            let camera = client.create(&format!("{site}/cameras"), wanted).await;
            let id = camera["id"].as_str().unwrap().to_owned();
            let address = balancers.cameras.unwrap();
            pushing.push(PushingCamera::start(&format!("rtsp://camera:a-login-of-a-camera@{address}/{id}")));
            ids.push(id);
        }
        (site, ids, pushing, changed.unwrap())
    });
    let address = balancers.alerts.unwrap().port();
    let followers = [Follower::start(&[address]), Follower::start(&[address])];
    let wait_for_frames = |when: &str, pushing: &mut Vec<PushingCamera>| {
        for id in &ids {
            let sql = format!("select count(*) from frames where camera_id = '{id}'");
            let before = pipeline.count(&sql);
            wait_for(DEADLINE, &format!("frames of {id} {when}"), || {
                pushing.iter_mut().for_each(PushingCamera::keep_pushing);
                let logs = || cluster.pods_of("ingest").iter().map(|pod| pod.log_tail()).collect::<Vec<_>>().join("\n");
                if pipeline.count(&sql) > before + 2 { Ok(()) } else { Err(logs()) }
            });
        }
    };
    wait_for_frames("before the roll-out", &mut pushing);
    step("all cameras are watched");

    let reads = ["cameras", "alerts", "tracks", "live"].map(|what| format!("{site}/{what}"));
    let load = ApiLoad::start(&runtime, &client, &reads, changed);
    cluster.roll_out();
    std::thread::scope(|scope| {
        let rolled = scope.spawn(|| cluster.wait_until_complete(DEADLINE));
        while !rolled.is_finished() {
            pushing.iter_mut().for_each(PushingCamera::keep_pushing);
            std::thread::sleep(Duration::from_millis(200));
        }
        rolled.join().unwrap();
    });
    step("everything is replaced");
    wait_for_frames("after the roll-out", &mut pushing);
    let done = load.stop(&runtime);
    step("all cameras are watched again");

    drop(pushing);
    cluster.delete("ingest", DEADLINE);
    wait_for(DEADLINE, "all frames to be read", || match pipeline.bus.lag("vru-infer", Topic::Frames) {
        0 => Ok(()),
        lag => Err(lag.to_string()),
    });
    cluster.delete("infer", DEADLINE);
    let alerts = published_alerts(&pipeline.bus);
    let ids: BTreeSet<String> = alerts.iter().cloned().collect();
    assert!(ids.len() > 10, "people walk through the clip");
    let frames: BTreeSet<_> = analysed(&pipeline.bus).into_iter().map(|(camera, frame, _)| (camera, frame)).collect();
    pipeline.wait_for_count("all frames", "select count(*) from frames", frames.len() as u64);
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", ids.len() as u64);
    for follower in followers {
        assert_same_ids("at a subscriber", &follower.wait_for_alerts(ids.len()), &ids, true);
    }
    wait_for(DEADLINE, "all alerts at the webhook", || {
        let told: BTreeSet<String> = raised(&told.lock()).into_keys().collect();
        let missing: Vec<_> = ids.difference(&told).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
    });
    let repeated = raised(&told.lock()).into_values().filter(|times| *times > 1).count();
    for (group, topic) in [("vru-sink-s3-detections", Topic::Detections), ("vru-sink-s3-snapshots", Topic::Alerts)] {
        wait_for(DEADLINE, "the bucket to have everything", || match pipeline.bus.lag(group, topic) {
            0 => Ok(()),
            lag => Err(lag.to_string()),
        });
    }
    for workload in WORKLOADS.into_iter().filter(|name| !["ingest", "infer"].contains(name)) {
        cluster.delete(workload, DEADLINE);
    }
    cluster.stop();
    step("everything is stopped");

    let (faults, refused) = (cluster.faults(), balancers.faults());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(refused.is_empty(), "pods that were targets did not serve: {refused:#?}");
    let failed = done.failed.lock();
    assert!(failed.is_empty(), "requests failed: {failed:#?}");
    println!("requests that were answered: {:?}; events that the webhook got again: {repeated}", done.answered);
    assert_every_frame_is_accounted_for(&cluster, &pipeline.bus);
    assert_stored_once(&pipeline);
    assert_eq!(alerts_stored(&pipeline), ids);
    let store = pipeline.store();
    assert_eq!(store.frames, analysed(&pipeline.bus).len() as u64, "frames in Parquet");
    assert_eq!(store.snapshots.len(), ids.len(), "snapshots");
    assert_eq!(pipeline.bus.written(Topic::DeadLetters), 0);
    step("the accounts are checked");
}

/// The same test finds a mistake: without preStop, pods end while the load balancer still chooses them.
#[test]
fn a_pod_that_ends_before_its_load_balancer_has_left_it_fails_requests() {
    let _alone = ONE_AT_A_TIME.lock();
    let runtime = Runtime::new().unwrap();
    let servers = OwnServers::start();
    let pipeline = Pipeline::on(servers.all(), "without-pre-stop", 1);
    let manifests = Manifests::render(OVERLAY);
    migrate(&pipeline);
    let mut api = manifests.workload("api");
    api.spec.template.spec.containers[0].lifecycle = None;
    let (cluster, balancers) = deploy(&manifests, vec![api], servers.addresses(&pipeline), &runtime);
    cluster.wait_until_complete(DEADLINE);
    let mut client = ApiClient::new(balancers.api.unwrap());
    let (site, changed) = runtime.block_on(async {
        let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
        client.create("/api/v1/first-admin", person).await;
        client.log_in("Ada", PASSWORD).await;
        let site = client.create("/api/v1/sites", json!({ "name": "Street", "time_zone": "Europe/Berlin" })).await;
        let site = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
        let wanted = wanted_camera("gate", ("pull", json!({ "url": "rtsp://192.0.2.7/" })), None);
        let camera = client.create(&format!("{site}/cameras"), wanted.clone()).await;
        let path = format!("{site}/cameras/{}", camera["id"].as_str().unwrap());
        (site, (path, wanted))
    });
    let load = ApiLoad::start(&runtime, &client, &[format!("{site}/cameras")], changed);
    cluster.roll_out();
    cluster.wait_until_complete(DEADLINE);
    let done = load.stop(&runtime);
    cluster.delete("api", DEADLINE);
    cluster.stop();
    assert!(!done.failed.lock().is_empty(), "requests failed, and the test did not see it");
    assert!(!balancers.faults().is_empty(), "targets did not serve, and the test did not see it");
}

/// How often the webhook was told of each alert.
fn raised(received: &[Value]) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for event in received.iter().filter(|event| event["event"] == "alert.raised") {
        let id = event["id"].as_str().unwrap_or_default().trim_end_matches(".raised");
        *times.entry(id.to_owned()).or_default() += 1;
    }
    times
}
