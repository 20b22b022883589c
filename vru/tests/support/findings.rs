//! What was found in a file: by `vru analyse`, undisturbed, and by the services.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use vru::annotate::class_name;
use vru_proto::v1;
use vru_runtime::test_util::{Launch, binary, folder, require_asset};

use super::pipeline::Pipeline;

/// The camera's id in what `vru analyse` finds.
pub const CAMERA: &str = "recording";

/// The zone and the rule of [`super::pipeline::camera`], as a file of cameras says them.
const CAMERAS_FILE: &str = r#"
[[cameras]]
id = "recording"
file = { path = "CLIP" }
zones = [{ id = "everywhere", polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }]
rules = [{ id = "somebody-there", severity = "warning", zone_presence = { zone = "everywhere", min_frames = 2 } }]
"#;

/// One object, exactly: floating-point numbers by their bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    class: String,
    score: u32,
    track_id: u64,
    place: [u32; 4],
}

/// Objects by (session, sequence).
pub type Found = BTreeMap<(u64, u64), Vec<Object>>;

#[derive(Debug, Deserialize)]
struct Line {
    session: u64,
    sequence: u64,
    objects: Vec<LineObject>,
    alerts: Vec<LineAlert>,
}

#[derive(Debug, Deserialize)]
struct LineObject {
    class: String,
    score: f32,
    track_id: u64,
    r#box: [f32; 4],
}

#[derive(Debug, Deserialize)]
struct LineAlert {
    id: String,
}

/// What `vru analyse` finds: objects, and the ids of alerts.
pub fn analyse(clip: &Path) -> (Found, BTreeSet<String>) {
    let home = folder("analyse");
    let (cameras, out) = (home.join("cameras.toml"), home.join("detections.jsonl"));
    fs::write(&cameras, CAMERAS_FILE.replace("CLIP", clip.to_str().unwrap())).unwrap();
    let process = Launch::new(binary("vru"), home.join("log"))
        .args(["analyse".as_ref(), clip.as_os_str(), "--quiet".as_ref(), "--camera".as_ref(), CAMERA.as_ref()])
        .args(["--model".as_ref(), require_asset("models/nanodet-g.onnx").as_os_str()])
        .args(["--zones".as_ref(), cameras.as_os_str(), "--detections".as_ref(), out.as_os_str()])
        .spawn();
    let status = process.wait(std::time::Duration::from_mins(4));
    assert!(status.success(), "{status}: {}", process.log_tail());
    let (mut found, mut alerts) = (Found::new(), BTreeSet::new());
    for line in fs::read_to_string(out).unwrap().lines() {
        let line: Line = serde_json::from_str(line).unwrap();
        let object = |object: LineObject| Object {
            class: object.class,
            score: object.score.to_bits(),
            track_id: object.track_id,
            place: object.r#box.map(f32::to_bits),
        };
        let twice = found.insert((line.session, line.sequence), line.objects.into_iter().map(object).collect());
        assert!(twice.is_none(), "vru analyse gave a frame twice");
        alerts.extend(line.alerts.into_iter().map(|alert| alert.id));
    }
    (found, alerts)
}

/// What the database holds.
pub fn stored(pipeline: &Pipeline<'_>) -> (Found, BTreeSet<String>) {
    let mut found = Found::new();
    for row in pipeline.rows("select session, sequence from frames") {
        let twice = found.insert((row[0].parse().unwrap(), row[1].parse().unwrap()), Vec::new());
        assert!(twice.is_none(), "a frame is stored twice");
    }
    let sql = "select session, sequence, class, score, coalesce(track_id, 0), box_left, box_top, box_width, box_height \
        from detections order by session, sequence, object_index";
    for row in pipeline.rows(sql) {
        // PostgreSQL prints as many digits as bring back the same number.
        let bits = |column: usize| row[column].parse::<f32>().unwrap().to_bits();
        let class = v1::RoadUserClass::try_from(row[2].parse::<i32>().unwrap()).unwrap();
        let object = Object {
            class: class_name(class).to_owned(),
            score: bits(3),
            track_id: row[4].parse().unwrap(),
            place: [5, 6, 7, 8].map(bits),
        };
        let frame = (row[0].parse().unwrap(), row[1].parse().unwrap());
        found.get_mut(&frame).expect("a detection belongs to a frame").push(object);
    }
    (found, pipeline.rows("select id from alerts").into_iter().flatten().collect())
}
