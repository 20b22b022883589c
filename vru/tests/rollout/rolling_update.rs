//! The tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use hyper::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vru_runtime::test_util::{Codec, Topic, wait_for};

use crate::account::assert_every_frame_is_accounted_for;
use crate::api_load::{ApiClient, ApiLoad};
use crate::application_balancer::Access;
use crate::books::{alerts_stored, analysed, assert_same_ids, assert_stored_once, published_alerts};
use crate::camera_server::CameraServer;
use crate::deployment::{TOKEN, deploy, migrate};
use crate::event_stream::EventStream;
use crate::follower::Follower;
use crate::live_feed::LiveFeed;
use crate::manifests::Manifests;
use crate::pipeline::{DEADLINE, Pipeline, short_clip};
use crate::pushing_camera::PushingCamera;
use crate::receiver;
use crate::servers::OwnServers;
use crate::store::BucketContents;
use crate::upload::Upload;
use crate::web;

/// Two of each workload.
const OVERLAY: &str = "staging";
const WORKLOADS: [&str; 8] = ["web", "api", "webhooks", "ingest", "infer", "sink-postgres", "sink-s3", "sink-alerts"];
const PASSWORD: &str = "a long enough password";
/// Two at once would measure each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
const PULLED: usize = 2;
const PUSHED: usize = 1;
const UPLOADED_FRAMES: u64 = 60;

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

    let mut client = ApiClient::new(balancers.api.as_ref().unwrap().address);
    let cameras = CameraServer::start();
    let (webhook, told) = receiver::start(&runtime);
    let site = runtime.block_on(async {
        let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
        client.create("/api/v1/first-admin", person).await;
        client.log_in("Ada", PASSWORD).await;
        let site = client.create("/api/v1/sites", json!({ "name": "Street", "time_zone": "Europe/Berlin" })).await;
        let site = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
        let url = format!("http://{webhook}/alerts");
        client.create(&format!("{site}/webhooks"), json!({ "name": "lights", "url": url })).await;
        site
    });
    // Before the first alert: all of them come over it.
    let events = EventStream::start(&runtime, &client, &site);
    let (ids, mut pushing, changed) = runtime.block_on(async {
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
        (ids, pushing, changed.unwrap())
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
    let pages = ApiClient::new(balancers.web.as_ref().unwrap().address);
    let pages = ApiLoad::reading(&runtime, &pages, &web::PATHS.map(str::to_owned));
    let feed = LiveFeed::start(&runtime, &client, &ids);
    feed.wait_for_pictures("before the roll-out", &ids);
    let upload = Upload::start(&runtime, &client, &site, &short_clip(UPLOADED_FRAMES));
    step("a page shows live pictures, and a video is being uploaded");
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
    feed.wait_for_pictures("after the roll-out", &ids);
    step("all cameras are watched again");
    let uploaded = upload.finish();
    wait_until_analysed(&uploaded, &client, &runtime);
    step("the video is analysed");
    let (done, pages, watched) = (load.stop(&runtime), pages.stop(&runtime), feed.stop());

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
    events.wait_for_alerts(&ids);
    let (events, requests) = (events.stop(), balancers.log());
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
    for (who, done) in [("of the API", &done), ("of pages", &pages)] {
        let failed = done.failed.lock();
        assert!(failed.is_empty(), "requests {who} failed: {failed:#?}");
        println!("requests {who} that were answered: {:?}", done.answered);
    }
    println!("events that the webhook got again: {repeated}; requests of the upload: {}", upload.requests());
    assert_no_request_failed(&requests);
    assert_moved("the stream of events", &requests, |request| request.path.ends_with("/events"));
    assert_moved("the live feed", &requests, |request| request.path.ends_with("/live/feed"));
    assert_moved("the upload", &requests, |request| request.method == Method::PATCH);
    assert!(events.failures.is_empty() && events.gaps == 0, "the stream of events: {events:?}");
    assert_eq!(sorted(&events.alerts), sorted(&alerts), "each alert is an event, once");
    let ends = watched.closed.iter().all(|how| ["1001", "cut"].contains(&how.as_str()));
    assert!(watched.failures.is_empty() && ends, "the live feed: {watched:?}");
    assert_every_frame_is_accounted_for(&cluster, &pipeline.bus);
    assert_stored_once(&pipeline);
    assert_eq!(alerts_stored(&pipeline), ids);
    let store = pipeline.store();
    assert_eq!(store.frames, analysed(&pipeline.bus).len() as u64, "frames in Parquet");
    assert_eq!(store.snapshots.len(), ids.len(), "snapshots");
    assert_is_stored(&store, &uploaded, &upload.file);
    assert_eq!(pipeline.bus.written(Topic::DeadLetters), 0);
    step("the accounts are checked");
}

fn wait_until_analysed(upload: &str, client: &ApiClient, runtime: &Runtime) {
    wait_for(DEADLINE, "the upload to be analysed", || {
        let answer = runtime.block_on(client.call(Method::GET, upload, "", &Value::Null)).map(|answer| answer.body);
        match answer {
            Ok(body) if body["state"] == "done" && body["frames"] == UPLOADED_FRAMES => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

/// The object of the upload has the bytes of the file.
fn assert_is_stored(store: &BucketContents, upload: &str, file: &Path) {
    let id = upload.rsplit('/').next().unwrap_or_default();
    let stored = store.videos.iter().find(|(key, _)| key.contains(id));
    let (_, copy) = stored.unwrap_or_else(|| panic!("{upload} is not in the bucket: {:?}", store.videos.keys()));
    let [stored, sent] = [copy, file].map(|path| std::fs::read(path).unwrap());
    assert!(stored == sent, "{upload}: {} bytes are stored, {} were sent, and they differ", stored.len(), sent.len());
}

/// But for requests that send bytes of an upload, whose client goes on: they are cut off where their target goes, and refused while it still
/// writes what it has.
fn assert_no_request_failed(requests: &[Access]) {
    let goes_on = |request: &Access| request.cut || [409, 423].contains(&request.status);
    let failed: Vec<_> = requests
        .iter()
        .filter(|request| request.status >= 400)
        .filter(|request| !(request.method == Method::PATCH && goes_on(request)))
        .collect();
    assert!(failed.is_empty(), "requests failed: {failed:#?}");
}

/// Its requests were served by pods of the old revision, and then by those of the new one.
fn assert_moved(what: &str, requests: &[Access], is_its: impl Fn(&Access) -> bool) {
    let its: Vec<_> = requests.iter().filter(|request| is_its(request)).collect();
    let told: Vec<_> = its.iter().map(|request| (request.pod.as_str(), request.status)).collect();
    println!("{what}: {told:?}");
    let revisions: Vec<_> = its.iter().filter_map(|request| request.pod.split('-').nth(1)).collect();
    assert_eq!((revisions.first(), revisions.last()), (Some(&"1"), Some(&"2")), "{what}: {told:?}");
}

fn sorted(ids: &[String]) -> Vec<&String> {
    let mut ids: Vec<_> = ids.iter().collect();
    ids.sort();
    ids
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
    let workloads = ["web", "api"].map(|name| {
        let mut workload = manifests.workload(name);
        workload.spec.template.spec.containers[0].lifecycle = None;
        workload
    });
    let (cluster, balancers) = deploy(&manifests, workloads.into(), servers.addresses(&pipeline), &runtime);
    cluster.wait_until_complete(DEADLINE);
    let mut client = ApiClient::new(balancers.api.as_ref().unwrap().address);
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
    let pages = ApiClient::new(balancers.web.as_ref().unwrap().address);
    let pages = ApiLoad::reading(&runtime, &pages, &web::PATHS.map(str::to_owned));
    cluster.roll_out();
    cluster.wait_until_complete(DEADLINE);
    for (workload, load) in [("api", load), ("web", pages)] {
        let done = load.stop(&runtime);
        assert!(!done.failed.lock().is_empty(), "requests failed at {workload}, and the test did not see it");
        let faults = balancers.faults_of(workload);
        assert!(!faults.is_empty(), "targets of {workload} did not serve, and the test did not see it");
        cluster.delete(workload, DEADLINE);
    }
    cluster.stop();
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
