//! The images of the pipeline, each in a container of its own as the manifests say it, process the clip: a camera over RTSP and an upload,
//! through the web server. `images/test.sh` builds them and runs this.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vru_proto::v1;
use vru_runtime::test_util::{
    CertificateFiles, Codec, Launch, Metrics, Process, Topic, folder, require_asset, wait_for,
};

use crate::api_load::ApiClient;
use crate::books::{alerts_stored, analysed, assert_same_ids, assert_stored_once, published_alerts};
use crate::camera_server::CameraServer;
use crate::cluster::Cluster;
use crate::container::{Image, Mount, too_much};
use crate::findings::{Object, analyse, stored};
use crate::follower::Follower;
use crate::manifests::Manifests;
use crate::node::{Images, Node};
use crate::pipeline::{Pipeline, frames_of};
use crate::pod::get;
use crate::servers::OwnServers;

const OVERLAY: &str = "staging";
const PASSWORD: &str = "a long enough password";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Containers of eight images on two busy cores, and 795 frames of a file beside a camera.
const DEADLINE: Duration = Duration::from_mins(8);
const FRAMES: usize = 795;
/// The rows of the camera's frames that the test waits for.
const LIVE_FRAMES: u64 = 60;
const WEB: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3000);

/// Where `images/build.sh` unpacked the images.
fn unpacked() -> PathBuf {
    std::env::var_os("VRU_IMAGES").map(PathBuf::from).expect("VRU_IMAGES names the folder of images/build.sh")
}

/// What the volumes of the pods have.
fn volumes() -> BTreeMap<String, PathBuf> {
    let tls = folder("tls");
    let certificate = CertificateFiles::create(&folder("certificate"), "ingest");
    fs::copy(&certificate.certificate, tls.join("tls.crt")).unwrap();
    fs::copy(&certificate.key, tls.join("tls.key")).unwrap();
    ["models", "engines"]
        .map(|name| (name.to_owned(), folder(name)))
        .into_iter()
        .chain([("tls".to_owned(), tls)])
        .collect()
}

/// As a Job does it: the image's program or this command, to its end.
fn run_to_end(image: &str, mounts: &[Mount], variables: &[(&str, &str)], command: &[&str], args: &[&str]) {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let log = folder(image).join("log");
    Image::open(&unpacked(), image).container(image, log, mounts, &variables, &owned(command), &owned(args)).run();
}

/// What a browser of the person sends to the web server, with curl.
struct Browser {
    cookie: String,
}

impl Browser {
    fn curl(&self, path: &str) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "300"]);
        curl.args(["--header", &format!("cookie: {}", self.cookie), &format!("http://{WEB}{path}")]);
        curl
    }

    /// Uploads a file by tus, and returns the path of the upload.
    fn upload(&self, path: &str, file: &std::path::Path, settings: &Value) -> String {
        let metadata =
            format!("filename {},settings {}", STANDARD.encode("vtest.avi"), STANDARD.encode(settings.to_string()));
        let length = fs::metadata(file).unwrap().len();
        let mut begin = self.curl(path);
        begin.args(["--request", "POST", "--header", "tus-resumable: 1.0.0", "--write-out", "%header{location}"]);
        begin.args([
            "--header",
            &format!("upload-length: {length}"),
            "--header",
            &format!("upload-metadata: {metadata}"),
        ]);
        let location = said(&mut begin);
        let mut send = self.curl(&location);
        send.args(["--request", "PATCH", "--header", "tus-resumable: 1.0.0", "--header", "upload-offset: 0"]);
        send.args(["--header", "content-type: application/offset+octet-stream", "--header", "expect:"]);
        said(send.arg("--data-binary").arg(format!("@{}", file.display())));
        location
    }

    /// Reads the events of a site until the test ends.
    fn events(&self, path: &str) -> Process {
        let cookie = format!("cookie: {}", self.cookie);
        Launch::new("curl", folder("events").join("log"))
            .args(["--silent", "--no-buffer", "--header", "accept: text/event-stream", "--header", &cookie])
            .args([format!("http://{WEB}{path}")])
            .spawn()
    }

    /// Watches a camera over a WebSocket until a whole head of a JPEG has come.
    fn sees_a_picture(&self, camera: &str) {
        let mut stream = TcpStream::connect(WEB).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        write!(stream, "GET /api/v1/live/feed HTTP/1.1\r\nHost: {WEB}\r\nCookie: {}\r\n{upgrade}\r\n\r\n", self.cookie)
            .unwrap();
        // A text of less than 126 bytes, with the mask 0.
        let wish = json!({ "watch": [{ "camera_id": camera, "rendition": "tile" }] }).to_string();
        assert!(wish.len() < 126, "{wish}");
        let head = [0x81, 0x80 | wish.len() as u8, 0, 0, 0, 0];
        stream.write_all(&[&head[..], wish.as_bytes()].concat()).unwrap();
        let (mut received, mut part, started) = (Vec::new(), vec![0; 65_536], Instant::now());
        let has = |received: &[u8], wanted: &[u8]| received.windows(wanted.len()).any(|bytes| bytes == wanted);
        while !has(&received, b"\"picture\":{\"type\":\"image/jpeg\"") || !has(&received, &[0xff, 0xd8, 0xff]) {
            let length = stream
                .read(&mut part)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&received)));
            received.extend(&part[..length]);
            let shown = String::from_utf8_lossy(&received);
            assert!(length > 0 && started.elapsed() < DEADLINE, "no picture comes: {shown}");
            assert!(shown.starts_with("HTTP/1.1 101 "), "{shown}");
        }
    }
}

/// What a command says, which must succeed.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn metrics(cluster: &Cluster, workload: &str) -> Metrics {
    let pods = cluster.pods_of(workload);
    let pod = pods.first().expect("the workload has a pod");
    let answer = get((pod.address, pod.workload.port("admin")).into(), "/metrics", Duration::from_secs(10)).unwrap();
    let (_, text) = answer.split_once("\r\n\r\n").expect("a body");
    Metrics::parse(text).unwrap()
}

/// The page, with a nonce that its policy names, and a file of the app.
fn assert_the_app_is_served() {
    let page = get(WEB, "/", Duration::from_secs(10)).unwrap();
    let nonce =
        page.split("script-src 'self' 'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
    assert!(page.matches(nonce).count() > 1 && !page.contains("__CSP_NONCE__"), "{page}");
    let script = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a script");
    assert!(get(WEB, script, Duration::from_secs(10)).unwrap().starts_with("HTTP/1.1 200 "), "{script}");
}

fn assert_live_camera_balances(id: &str, ingest: &Metrics, infer: &Metrics, pipeline: &Pipeline<'_>) {
    let camera = [("camera", id)];
    let published = frames_of(&pipeline.bus, id).len() as u64;
    let (received, sent) =
        (ingest.count("ingest_received_frames_total", &camera), ingest.count("ingest_sent_frames_total", &camera));
    let dropped = ingest.count("ingest_dropped_frames_total", &camera);
    println!("camera: received {received}, sent {sent}, dropped {dropped}; on the topic {published}");
    assert_eq!((received, published), (sent + dropped, sent), "ingest");
    let taken = infer.count("infer_received_frames_total", &camera);
    let analysed = infer.count("infer_sent_frames_total", &camera);
    let dropped = infer.count("infer_dropped_frames_total", &camera);
    println!("camera: inference received {taken}, analysed {analysed}, dropped {dropped}");
    assert_eq!((taken, taken), (published, analysed + dropped), "inference");
    let count = |table: &str| pipeline.count(&format!("select count(*) from {table} where camera_id = '{id}'"));
    assert_eq!(count("frames"), analysed, "rows of frames");
    let objects = count("detections");
    assert_eq!(objects, infer.count("infer_sent_objects_total", &camera), "rows of detections");
    assert!(objects > analysed && count("alerts") > 5, "people walk through the clip: {objects}");
}

/// The file's frames have the objects of `vru analyse`, to the bit, and as many alerts.
fn assert_upload_is_what_analyse_finds(live: &str, pipeline: &Pipeline<'_>) {
    let (expected, expected_alerts) = analyse(&require_asset("clips/vtest.avi"));
    let sessions = pipeline.rows(&format!("select distinct session from frames where camera_id = '{live}'"));
    let sessions: Vec<u64> = sessions.iter().map(|row| row[0].parse().unwrap()).collect();
    let (mut found, _) = stored(pipeline);
    found.retain(|(session, _), _| !sessions.contains(session));
    assert_eq!((found.len(), expected.len()), (FRAMES, FRAMES));
    let untracked = |objects: &[Object]| objects.iter().map(Object::untracked).collect::<Vec<_>>();
    for (((_, one), expected), ((_, other), found)) in expected.iter().zip(&found) {
        assert_eq!((one, untracked(expected)), (other, untracked(found)));
    }
    let alerts = pipeline.count(&format!("select count(*) from alerts where camera_id <> '{live}'"));
    assert_eq!(alerts, expected_alerts.len() as u64, "alerts of the file");
    println!("upload: {FRAMES} frames and {alerts} alerts as `vru analyse` finds them");
}

#[test]
#[ignore = "it needs the images that images/test.sh builds"]
fn images_of_the_pipeline_process_the_clip() {
    let started = Instant::now();
    let step = |what: &str| println!("{:5.1} s: {what}", started.elapsed().as_secs_f64());
    let runtime = Runtime::new().unwrap();
    let servers = OwnServers::start();
    let pipeline = Pipeline::on(servers.all(), "images", 2);
    let manifests = Manifests::render(OVERLAY);
    let volumes = volumes();
    let database = pipeline.database.as_str();
    run_to_end("migrate", &[], &[("VRU__POSTGRES__URL", database), ("VRU__ADMIN", "127.0.0.1:0")], &[], &[]);
    // As the Job `model`.
    let models = Mount::of(volumes["models"].clone(), "/models", true);
    run_to_end("infer", &[models], &[], &["/bin/cp", "--recursive", "/opt/vru/models/.", "/models/"], &[]);
    step("servers run, the database is migrated, the model is on its volume");

    let addresses = servers.addresses(&pipeline);
    let node = Node::Images(Images { folder: unpacked(), volumes });
    let alerts_port = pipeline.grpc_port;
    let settings = move |workload: &crate::workload::Workload, pod| {
        let mut settings = addresses.of(workload, pod);
        // The model is on the volume of the manifest.
        settings.retain(|(name, _)| name != "MODEL_PATH");
        if workload.name == "api" {
            settings.push(("VRU__FIRST_ADMIN__TOKEN".to_owned(), TOKEN.to_owned()));
        }
        if workload.name == "sink-alerts" {
            settings.push(("VRU__ALERTS__LISTEN".to_owned(), format!("127.0.0.1:{alerts_port}")));
        }
        settings
    };
    let cluster = Cluster::start(node, Box::new(settings), &[]);
    let one = |name: &str| {
        let mut workload = manifests.workload(name);
        workload.replicas = 1;
        workload
    };
    let programs = ["api", "webhooks", "ingest", "infer", "sink-postgres", "sink-s3", "sink-alerts"];
    for name in programs {
        cluster.apply(one(name));
    }
    let address_of = |workload: &str| {
        wait_for(DEADLINE, &format!("a pod of {workload}"), || {
            cluster.pods_of(workload).first().map(|pod| pod.address).ok_or_else(|| "none".to_owned())
        })
    };
    let mut web = one("web");
    web.inputs.1.extend([
        ("/etc/nginx/vru/api.conf".to_owned(), format!("upstream vru_api {{ server {}:8000; }}\n", address_of("api"))),
        ("/etc/nginx/vru/api.locations".to_owned(), "include /etc/nginx/api.conf;\n".to_owned()),
    ]);
    cluster.apply(web);
    cluster.wait_until_complete(DEADLINE);
    step("a container of each image is ready");
    for pod in cluster.pods() {
        let pid = pod.pid().unwrap_or_else(|| panic!("{} has no process", pod.name));
        assert_eq!(too_much(pid), Vec::<String>::new(), "{}", pod.name);
    }
    assert!(!too_much(std::process::id()).is_empty(), "this test runs as root, and the check does not see it");

    assert_the_app_is_served();
    let server = CameraServer::start();
    server.clip("clip", Codec::H264);
    let mut client = ApiClient::new(WEB);
    let wanted = json!({
        "name": "Crossing", "pull": { "url": server.url("clip") },
        "zones": [{ "id": "everywhere", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }],
        "rules": [{ "id": "somebody-there", "severity": "warning", "zone_presence": { "zone": "everywhere", "min_frames": 2 } }],
    });
    let (site, camera) = runtime.block_on(async {
        let person = json!({ "token": TOKEN, "name": "Ada", "password": PASSWORD });
        client.create("/api/v1/first-admin", person).await;
        client.log_in("Ada", PASSWORD).await;
        let site = client.create("/api/v1/sites", json!({ "name": "Street", "time_zone": "Europe/Berlin" })).await;
        let site = format!("/api/v1/sites/{}", site["id"].as_str().unwrap());
        let camera = client.create(&format!("{site}/cameras"), json!({ "settings": wanted })).await;
        (site, camera["id"].as_str().unwrap().to_owned())
    });
    let browser = Browser { cookie: client.cookie().to_owned() };
    let events = browser.events(&format!("{site}/events"));
    let follower = Follower::start(&[alerts_port]);
    let rules = json!({ "zones": wanted["zones"], "rules": wanted["rules"] });
    let upload = browser.upload(&format!("{site}/uploads"), &require_asset("clips/vtest.avi"), &rules);
    step("a camera streams, and the clip is uploaded");
    browser.sees_a_picture(&camera);
    step("the live feed shows a picture");
    let ask =
        |path: &str| -> Value { runtime.block_on(client.call(Method::GET, path, "", &Value::Null)).unwrap().body };
    let logs =
        || cluster.pods().iter().map(|pod| format!("{}:\n{}", pod.name, pod.log_tail())).collect::<Vec<_>>().join("\n");
    wait_for(DEADLINE, "the upload is analysed", || {
        std::thread::sleep(Duration::from_millis(500));
        let answer = ask(&upload);
        let done = answer["state"] == "done" && answer["frames"] == FRAMES;
        if done { Ok(()) } else { Err(format!("{answer}\n{}", logs())) }
    });
    let sql = format!("select count(*) from frames where camera_id = '{camera}'");
    pipeline.wait_for_count("frames of the camera", &sql, LIVE_FRAMES);
    step("the upload is analysed");

    // No camera any more: what is on its way is processed.
    let path = format!("{site}/cameras/{camera}");
    let tag = runtime.block_on(client.call(Method::GET, &path, "", &Value::Null)).unwrap().tag;
    let deleted = runtime.block_on(client.call(Method::DELETE, &path, &tag, &Value::Null)).unwrap();
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    wait_for(DEADLINE, "the camera to stop", || {
        match metrics(&cluster, "ingest").count("ingest_camera_connected", &[]) {
            0 => Ok(()),
            cameras => Err(format!("{cameras} are connected")),
        }
    });
    let read = [
        ("vru-infer", Topic::Frames),
        ("vru-infer", Topic::FileFrames),
        ("vru-sink-s3-detections", Topic::Detections),
        ("vru-sink-s3-snapshots", Topic::Alerts),
    ];
    for (group, topic) in read {
        wait_for(DEADLINE, &format!("{group} to have no lag"), || match pipeline.bus.lag(group, topic) {
            0 => Ok(()),
            lag => Err(format!("{lag} records\n{}", logs())),
        });
    }
    let alerts: std::collections::BTreeSet<String> = published_alerts(&pipeline.bus).into_iter().collect();
    pipeline.wait_for_count("all frames", "select count(*) from frames", analysed(&pipeline.bus).len() as u64);
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", alerts.len() as u64);
    assert_live_camera_balances(&camera, &metrics(&cluster, "ingest"), &metrics(&cluster, "infer"), &pipeline);
    assert_stored_once(&pipeline);
    assert_eq!(alerts_stored(&pipeline), alerts);
    assert_same_ids("at a subscriber", &follower.wait_for_alerts(alerts.len()), &alerts, true);
    wait_for(DEADLINE, "every alert among the events", || {
        let log = events.log();
        let missing: Vec<_> = alerts.iter().filter(|id| !log.contains(id.as_str())).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
    });
    assert_eq!(pipeline.bus.written(Topic::DeadLetters), 0);
    assert_upload_is_what_analyse_finds(&camera, &pipeline);
    step("rows, alerts, subscriber and events agree with the topics");

    drop(events);
    for workload in ["ingest", "infer", "sink-postgres", "sink-s3", "sink-alerts", "webhooks", "web", "api"] {
        let told = Instant::now();
        cluster.delete(workload, DEADLINE);
        println!("{workload} ended after {:.1?}", told.elapsed());
    }
    cluster.stop();
    let faults = cluster.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let store = pipeline.store();
    assert_eq!(store.frames, analysed(&pipeline.bus).len() as u64, "frames in Parquet");
    assert_eq!(store.snapshots.len(), alerts.len(), "snapshots");
    let raised: Vec<v1::Alert> = pipeline.bus.messages(Topic::Alerts);
    for alert in raised.iter().filter(|alert| alert.is_raised()) {
        let stored = store.snapshots.get(&alert.snapshot_key).map(Vec::as_slice);
        assert_eq!(stored, Some(&alert.snapshot[..]), "the snapshot of {}", alert.id);
    }
    step("each container ended within its grace period, and the bucket has everything");
}
