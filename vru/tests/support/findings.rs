//! The objects and alerts of a file, as `vru analyse` finds them and as the services store them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;
use vru_proto::v1;
use vru_runtime::test_util::{Launch, binary, folder, require_asset};

use super::pipeline::Pipeline;

/// The camera id that `vru analyse` is run with.
pub const CAMERA: &str = "recording";

/// The zone and the rule of [`super::pipeline::camera`], as a cameras file.
const CAMERAS_FILE: &str = r#"
[[cameras]]
id = "recording"
file = { path = "CLIP" }
zones = [{ id = "everywhere", polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }]
rules = [{ id = "somebody-there", severity = "warning", zone_presence = { zone = "everywhere", min_frames = 2 } }]
"#;

/// One object. Floating-point numbers are compared by their bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    class: String,
    score: u32,
    pub track_id: u64,
    rect: [u32; 4],
}

impl Object {
    /// Without the id of its track, which depends on the ids of camera and session.
    pub fn untracked(&self) -> Self {
        Self { track_id: 0, ..self.clone() }
    }
}

/// Objects by (session, sequence).
pub type ObjectsByFrame = BTreeMap<(u64, u64), Vec<Object>>;

#[derive(Debug, Deserialize)]
struct JsonLine {
    session: u64,
    sequence: u64,
    objects: Vec<JsonObject>,
    alerts: Vec<JsonAlert>,
}

#[derive(Debug, Deserialize)]
struct JsonObject {
    class: String,
    score: f32,
    track_id: u64,
    r#box: [f32; 4],
}

#[derive(Debug, Deserialize)]
struct JsonAlert {
    id: String,
}

/// Runs `vru analyse`. Returns the objects, and the ids of the alerts.
pub fn analyse(clip: &Path) -> (ObjectsByFrame, BTreeSet<String>) {
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
    let (mut found, mut alerts) = (ObjectsByFrame::new(), BTreeSet::new());
    for line in fs::read_to_string(out).unwrap().lines() {
        let line: JsonLine = serde_json::from_str(line).unwrap();
        let object = |object: JsonObject| Object {
            class: object.class,
            score: object.score.to_bits(),
            track_id: object.track_id,
            rect: object.r#box.map(f32::to_bits),
        };
        let twice = found.insert((line.session, line.sequence), line.objects.into_iter().map(object).collect());
        assert!(twice.is_none(), "vru analyse wrote a frame twice");
        alerts.extend(line.alerts.into_iter().map(|alert| alert.id));
    }
    (found, alerts)
}

/// The rows of tracks are what the rows of detections say, and each track of the objects has one.
pub fn assert_tracks(pipeline: &Pipeline<'_>, objects: &ObjectsByFrame) {
    let differences = pipeline.rows(include_str!("../../../storage/tests/tracks_differ.sql"));
    assert!(differences.is_empty(), "(camera, session, track, column, found, expected) {differences:#?}");
    let mut expected: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    for ((session, _), objects) in objects {
        for object in objects.iter().filter(|object| object.track_id != 0) {
            *expected.entry((*session, object.track_id)).or_default() += 1;
        }
    }
    let found = pipeline.rows("select session, track_id, detections from tracks");
    let found = found.iter().map(|row| ((row[0].parse().unwrap(), row[1].parse().unwrap()), row[2].parse().unwrap()));
    assert_eq!(found.collect::<BTreeMap<(u64, u64), u64>>(), expected, "detections by track");
}

/// Everybody who was in the zone `everywhere` for long enough was counted there once, and the whole file was watched, from its first frame to
/// its last. Says so of the rows of detections and frames, not of what inference counted.
pub fn assert_counts(pipeline: &Pipeline<'_>) {
    let differences = pipeline.rows(include_str!("../../../storage/tests/counts_differ.sql"));
    assert!(differences.is_empty(), "(table, camera, place or watch, begin, file, found, expected) {differences:#?}");
    let visitors = "with seen as (select *, min(captured_at) over (partition by session, track_id) as first from detections \
        where track_id is not null) select distinct session, track_id from seen \
        where track_state = 2 and captured_at - first >= interval '0.2 s' order by session, track_id";
    let counted = "select session, track_id from passages where zone_id = 'everywhere' and file_session = session \
        and occurrence = 0 order by session, track_id";
    let visitors = pipeline.rows(visitors);
    assert!(!visitors.is_empty());
    assert_eq!(pipeline.rows(counted), visitors, "(session, track)");
    assert_eq!(pipeline.count("select sum(passages) from counts_15m"), visitors.len() as u64);
    let length = "select (extract(epoch from max(captured_at) - min(captured_at)) * 1000000)::bigint from frames \
        where watch_id is not null";
    assert_eq!(pipeline.count("select sum(watched_us) from watched_15m"), pipeline.count(length));
}

/// The objects in the database, and the ids of the alerts.
pub fn stored(pipeline: &Pipeline<'_>) -> (ObjectsByFrame, BTreeSet<String>) {
    let mut found = ObjectsByFrame::new();
    for row in pipeline.rows("select session, sequence from frames") {
        let twice = found.insert((row[0].parse().unwrap(), row[1].parse().unwrap()), Vec::new());
        assert!(twice.is_none(), "a frame is stored twice");
    }
    let sql = "select session, sequence, class, score, coalesce(track_id, 0), box_left, box_top, box_width, box_height \
        from detections order by session, sequence, object_index";
    for row in pipeline.rows(sql) {
        // PostgreSQL prints enough digits to restore the same bits.
        let bits = |column: usize| row[column].parse::<f32>().unwrap().to_bits();
        let class = v1::RoadUserClass::try_from(row[2].parse::<i32>().unwrap()).unwrap();
        let object = Object {
            class: class.word().to_owned(),
            score: bits(3),
            track_id: row[4].parse().unwrap(),
            rect: [5, 6, 7, 8].map(bits),
        };
        let frame = (row[0].parse().unwrap(), row[1].parse().unwrap());
        found.get_mut(&frame).expect("a detection belongs to a frame").push(object);
    }
    (found, pipeline.rows("select id from alerts").into_iter().flatten().collect())
}
