//! Checks that counts balance: frames in = frames out + drops by reason.

#![allow(clippy::print_stdout, reason = "the counts explain a failed run")]

use std::collections::{BTreeMap, BTreeSet};

use vru_proto::v1;
use vru_runtime::test_util::{Bus, Metrics, ServiceProcess, Topic};

use super::pipeline::{Pipeline, frames_of};

/// Session and sequence number of a frame.
pub type FramePosition = (u64, u64);

/// The ids of all raised alerts on the topic, in order, repeats included.
pub fn published_alerts(bus: &Bus) -> Vec<String> {
    bus.messages::<v1::Alert>(Topic::Alerts).into_iter().filter(v1::Alert::is_raised).map(|alert| alert.id).collect()
}

/// Asserts that these are the expected ids; with `once`, that none is repeated.
pub fn assert_same_ids(what: &str, found: &[String], expected: &BTreeSet<String>, once: bool) {
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    for id in found {
        *times.entry(id).or_default() += 1;
    }
    let missing: Vec<_> = expected.iter().filter(|id| !times.contains_key(id)).collect();
    let unknown: Vec<_> = times.keys().filter(|id| !expected.contains(**id)).collect();
    let repeated: Vec<_> = times.iter().filter(|(_, count)| once && **count > 1).collect();
    assert!(
        missing.is_empty() && unknown.is_empty() && repeated.is_empty(),
        "{what}: missing {missing:?}, unknown {unknown:?}, repeated {repeated:?}"
    );
}

/// The detections on the topic, in order: camera, position of the frame, number of objects.
pub fn analysed(bus: &Bus) -> Vec<(String, FramePosition, usize)> {
    let detections: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
    let read = |frame: v1::FrameDetections| {
        let id = frame.frame_id.expect("a frame has an identity");
        (id.camera_id, (id.session, id.sequence), frame.objects.len())
    };
    detections.into_iter().map(read).collect()
}

/// Asserts that the database has each frame and each alert of the topics once, with all objects.
pub fn assert_stored_once(pipeline: &Pipeline<'_>) {
    let analysed = analysed(&pipeline.bus);
    // Of a frame that was published twice, the first one is stored. A worker that cannot read back what was published, because the broker
    // hangs, begins its tracks anew, so the second one may have other objects.
    let mut distinct: BTreeMap<(&String, FramePosition), usize> = BTreeMap::new();
    for (camera, position, objects) in &analysed {
        distinct.entry((camera, *position)).or_insert(*objects);
    }
    assert_eq!(pipeline.count("select count(*) from frames"), distinct.len() as u64, "rows of frames");
    let sql = "select count(distinct (camera_id, session, sequence)) from frames";
    assert_eq!(pipeline.count(sql), distinct.len() as u64, "distinct frames");
    let objects: usize = distinct.values().sum();
    assert_eq!(pipeline.count("select count(*) from detections"), objects as u64, "rows of detections");
    let alerts: BTreeSet<String> = published_alerts(&pipeline.bus).into_iter().collect();
    assert_eq!(alerts_stored(pipeline), alerts, "alerts");
}

/// The ids of the stored alerts.
pub fn alerts_stored(pipeline: &Pipeline<'_>) -> BTreeSet<String> {
    pipeline.rows("select id from alerts").into_iter().flatten().collect()
}

/// Asserts for a live camera that ingest sent each frame or dropped it for a counted reason, and that every sequence number
/// that is missing on the topic was counted.
pub fn assert_drops_are_counted(id: &str, ingest: &Metrics, bus: &Bus) {
    let count = |name: &str| ingest.count(name, &[("camera", id)]);
    let reason = |reason: &str| ingest.count("ingest_dropped_frames_total", &[("camera", id), ("reason", reason)]);
    let (received, sent) = (count("ingest_received_frames_total"), count("ingest_sent_frames_total"));
    let dropped = count("ingest_dropped_frames_total");
    let mut sessions: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for frame in frames_of(bus, id) {
        let frame = frame.id.expect("a frame has an identity");
        let fresh = sessions.entry(frame.session).or_default().insert(frame.sequence);
        assert!(fresh, "{id}: frame {} is on the topic twice", frame.sequence);
    }
    let published: u64 = sessions.values().map(|sequences| sequences.len() as u64).sum();
    let gaps: u64 = sessions.values().map(|sequences| sequences.last().unwrap() + 1 - sequences.len() as u64).sum();
    println!("{id}: received {received}, sent {sent}, dropped {dropped}; published {published}, gaps {gaps}");
    assert_eq!(received, sent + dropped, "{id}: each frame is sent or dropped");
    assert_eq!(published, sent, "{id}: the frames on the topic are those that were sent");
    // Further drops came after the last published frame of a session.
    assert!(gaps <= dropped, "{id}: {gaps} gaps, {dropped} drops");
    assert_eq!(reason("kafka_down") + reason("queue_full") + reason("stopped"), dropped, "{id}: by reason");
}

/// Asserts for a camera that inference analysed each frame of the topic or dropped it for a counted reason. Returns how many were
/// analysed.
pub fn assert_inference_balances(id: &str, infer: &Metrics, bus: &Bus) -> u64 {
    let count = |name: &str| infer.count(name, &[("camera", id)]);
    let (received, sent) = (count("infer_received_frames_total"), count("infer_sent_frames_total"));
    let dropped = count("infer_dropped_frames_total");
    let published = frames_of(bus, id).len() as u64;
    let distinct: BTreeSet<FramePosition> =
        analysed(bus).into_iter().filter(|(camera, ..)| camera == id).map(|(_, position, _)| position).collect();
    let analysed = distinct.len() as u64;
    // After a rebalance, frames in flight at the old member are received again.
    let again = received.checked_sub(published).expect("every published frame is received");
    println!("{id}: published {published}, received again {again}, analysed {analysed}, dropped {dropped}");
    assert_eq!(received, sent + dropped, "{id}: each frame is analysed or dropped by reason");
    let missing = published - analysed;
    assert!(missing <= dropped, "{id}: {missing} frames are missing, {dropped} were counted");
    assert!(
        dropped <= missing + again,
        "{id}: {dropped} were counted, {missing} are missing, {again} were received again"
    );
    analysed
}

/// Resident memory of each service, bytes.
pub fn memory(services: &[&ServiceProcess]) -> Vec<u64> {
    services.iter().map(|service| service.resident_bytes()).collect()
}
