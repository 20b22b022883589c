//! What the API says that a camera shows now, of a camera that shows the same all the time: from the camera over ingest, inference and Redis.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use vru_proto::v1;
use vru_runtime::test_util::{FfmpegCamera, RedisServer, ServiceLaunch, ServiceProcess, folder, free_port, wait_for};

use crate::analysis::fixture;
use crate::pipeline::{DEADLINE, Pipeline, push, start};
use crate::videos::make;

const PASSWORD: &str = "a long enough password";

/// The feet of `probe-walk` are in the lowest quarter of the picture.
fn stands_in_the_lowest_quarter() -> std::path::PathBuf {
    make(
        "stands.mp4",
        "-f lavfi -i color=black:s=320x240:r=10:d=4,format=yuv420p,geq=lum=150:cb=128:cr=128 -c:v libx264 -g 10 -bf 0 -qp 4",
    )
}

fn camera(id: &str) -> v1::CameraConfig {
    let zone = |id: &str, top: f64, bottom: f64| v1::Zone {
        id: id.to_owned(),
        polygon: [(0.0, top), (1.0, top), (1.0, bottom), (0.0, bottom)].map(|(x, y)| v1::Point { x, y }).to_vec(),
        ..v1::Zone::default()
    };
    let presence = v1::ZonePresence { zone_id: "lowest".to_owned(), min_frames: 2, ..Default::default() };
    v1::CameraConfig {
        id: id.to_owned(),
        enabled: true,
        source: Some(v1::camera_config::Source::Push(v1::PushSource { allow_anonymous: true, ..Default::default() })),
        zones: vec![zone("highest", 0.0, 0.25), zone("lowest", 0.75, 1.0)],
        rules: vec![v1::Rule {
            id: "there".to_owned(),
            severity: v1::Severity::Warning.into(),
            kind: Some(v1::rule::Kind::ZonePresence(presence)),
        }],
        ..Default::default()
    }
}

/// The API with a person who may do everything, and curl that is logged in.
struct Api {
    address: SocketAddr,
    cookies: std::path::PathBuf,
    _process: ServiceProcess,
}

impl Api {
    fn start(pipeline: &Pipeline<'_>, redis: &RedisServer) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let settings = |launch: ServiceLaunch| {
            launch.bus(&pipeline.bus).set("database.url", &pipeline.database).set("redis.url", redis.url())
        };
        let launch = settings(ServiceLaunch::new("vru-api"))
            .set("database.migrate", "true")
            .set("http.listen", address.to_string())
            .set("webhooks.group", pipeline.group("webhooks"))
            .set("first_admin.token", "0123456789abcdef0123456789abcdef");
        let [process] = start([launch]);
        let api = Self { address, cookies: folder("cookies").join("cookies"), _process: process };
        let admin = json!({ "token": "0123456789abcdef0123456789abcdef", "name": "Ada", "password": PASSWORD });
        api.call("POST", "/api/v1/first-admin", &admin).expect("an admin");
        api.call("POST", "/api/v1/session", &json!({ "name": "Ada", "password": PASSWORD })).expect("a session");
        api
    }

    /// The answer of a call that succeeds.
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "30", "--request", method]);
        curl.arg("--cookie-jar").arg(&self.cookies).arg("--cookie").arg(&self.cookies);
        curl.args(["--json", &body.to_string(), &format!("http://{}{path}", self.address)]);
        let output = curl.output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        }
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    }

    fn wait_for_state(&self, what: &str, id: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        wait_for(DEADLINE, what, || {
            let answer = self.call("GET", &format!("/api/v1/cameras/{id}/live"), &json!({}))?;
            if holds(&answer) { Ok(answer) } else { Err(answer.to_string()) }
        })
    }
}

#[test]
fn the_api_says_what_a_camera_shows_now() {
    let pipeline = Pipeline::new("live", 2);
    let redis = RedisServer::start();
    let infer = pipeline.infer().set("model.path", fixture("probe-walk.onnx")).set("redis.url", redis.url());
    let [ingest, infer] = start([pipeline.ingest(), infer]);
    let api = Api::start(&pipeline, &redis);
    let id = "stands";
    pipeline.bus.put_camera(&camera(id));
    let video = stands_in_the_lowest_quarter();
    let pusher = FfmpegCamera::of(video, format!("rtsp://127.0.0.1:{}/{id}", pipeline.push_port));
    let pushing = push(&ingest, id, &pusher);

    let count = |class: &str, objects: &Value| {
        let of_class = objects.as_array().into_iter().flatten().find(|count| count["class"] == class);
        of_class.map(|count| count["count"].clone())
    };
    let answer = api.wait_for_state("the camera to be live with its alert", id, |answer| {
        answer["state"] == "live" && answer["open_alerts"][0]["rule_id"] == "there"
    });
    assert_eq!(count("pedestrian", &answer["objects"]), Some(json!(1)), "{answer}");
    let zone = |id: &str| answer["zones"].as_array().into_iter().flatten().find(|zone| zone["zone_id"] == id);
    assert_eq!(count("pedestrian", &zone("lowest").expect("the zone")["objects"]), Some(json!(1)), "{answer}");
    assert_eq!(count("pedestrian", &zone("highest").expect("the zone")["objects"]), Some(json!(0)), "{answer}");
    assert_eq!((&answer["frame"]["width"], &answer["frame"]["height"]), (&json!(320), &json!(240)), "{answer}");
    assert_eq!(answer["open_alerts"].as_array().map(Vec::len), Some(1), "{answer}");
    assert!(answer["worker"].as_str().is_some_and(|worker| worker.ends_with(&infer.pid().to_string())), "{answer}");

    // Redis hangs: frames go on as before, and afterwards the state is that of now.
    redis.server.pause();
    let sent = infer.count("infer_sent_frames_total", &[]);
    wait_for(DEADLINE, "frames and dropped states while Redis hangs", || {
        let now = infer.count("infer_sent_frames_total", &[]);
        let dropped = infer.count("infer_dropped_live_states_total", &[("camera", id), ("reason", "unavailable")]);
        if now > sent + 20 && dropped > 0 {
            Ok(())
        } else {
            Err(format!("{now} frames after {sent}, {dropped} dropped"))
        }
    });
    redis.server.resume();
    let before = answer["frame"]["captured_at"].as_str().expect("a time").to_owned();
    api.wait_for_state("newer frames", id, |answer| {
        answer["state"] == "live" && answer["frame"]["captured_at"].as_str().is_some_and(|time| time > before.as_str())
    });

    // The camera goes away. What it showed last stays, its alert ends, and it is not said to be live.
    drop(pushing);
    let answer = api.wait_for_state("the camera to be silent", id, |answer| {
        answer["state"] == "silent" && answer["open_alerts"] == json!([])
    });
    assert_eq!(count("pedestrian", &answer["objects"]), Some(json!(1)), "{answer}");
    assert!(answer["age_seconds"].as_f64().is_some_and(|age| age > Duration::from_secs(5).as_secs_f64()), "{answer}");
    let list = api.call("GET", "/api/v1/live", &json!({})).expect("the list");
    assert_eq!(list["items"][0]["camera_id"], id, "{list}");
}
