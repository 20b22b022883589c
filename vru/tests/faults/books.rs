//! Accounts: what came in is what came out and what was dropped, by reason.

use std::collections::{BTreeMap, BTreeSet};

use vru_proto::v1;
use vru_runtime::test_util::{Bus, Metrics, ServiceProcess, Topic};

use crate::pipeline::{Pipeline, frames_of};

/// Session and sequence of a frame.
pub type Place = (u64, u64);

/// The ids of all alerts on the topic, in its order, with those that came again.
pub fn published_alerts(bus: &Bus) -> Vec<String> {
    bus.messages::<v1::Alert>(Topic::Alerts).into_iter().map(|alert| alert.id).collect()
}

/// These are the ids, and none of them came twice where each is to come once.
pub fn assert_same_ids(place: &str, found: &[String], expected: &BTreeSet<String>, once: bool) {
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    for id in found {
        *times.entry(id).or_default() += 1;
    }
    let missing: Vec<_> = expected.iter().filter(|id| !times.contains_key(id)).collect();
    let unknown: Vec<_> = times.keys().filter(|id| !expected.contains(**id)).collect();
    let doubled: Vec<_> = times.iter().filter(|(_, count)| once && **count > 1).collect();
    assert!(
        missing.is_empty() && unknown.is_empty() && doubled.is_empty(),
        "{place}: missing {missing:?}, unknown {unknown:?}, more than once {doubled:?}"
    );
}

/// Every analysed frame on the topic, in its order: camera, place, objects.
pub fn analysed(bus: &Bus) -> Vec<(String, Place, usize)> {
    let detections: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
    let read = |frame: v1::FrameDetections| {
        let id = frame.frame_id.expect("a frame has an identity");
        (id.camera_id, (id.session, id.sequence), frame.objects.len())
    };
    detections.into_iter().map(read).collect()
}

/// The database holds each frame once that is on the topic, with its objects, and each alert once.
pub fn assert_stored_once(pipeline: &Pipeline<'_>) {
    let analysed = analysed(&pipeline.bus);
    let distinct: BTreeMap<(&String, Place), usize> =
        analysed.iter().map(|(camera, place, objects)| ((camera, *place), *objects)).collect();
    assert_eq!(pipeline.count("select count(*) from frames"), distinct.len() as u64, "rows of frames");
    let sql = "select count(distinct (camera_id, session, sequence)) from frames";
    assert_eq!(pipeline.count(sql), distinct.len() as u64, "distinct frames");
    let objects: usize = distinct.values().sum();
    assert_eq!(pipeline.count("select count(*) from detections"), objects as u64, "rows of detections");
    let alerts: BTreeSet<String> = published_alerts(&pipeline.bus).into_iter().collect();
    assert_eq!(alerts_stored(pipeline), alerts, "alerts");
}

/// The ids of the alerts that are stored.
pub fn alerts_stored(pipeline: &Pipeline<'_>) -> BTreeSet<String> {
    pipeline.rows("select id from alerts").into_iter().flatten().collect()
}

/// A live camera's frames, as ingest counts them and as the topic shows them: each was sent or dropped for a reason that was
/// counted, and no sequence number is missing on the topic that was not counted.
pub fn assert_drops_are_counted(id: &str, ingest: &Metrics, bus: &Bus) {
    let count = |name: &str| ingest.count(name, &[("camera", id)]);
    let reason = |reason: &str| ingest.count("ingest_dropped_frames_total", &[("camera", id), ("reason", reason)]);
    let (received, sent) = (count("ingest_received_frames_total"), count("ingest_sent_frames_total"));
    let dropped = count("ingest_dropped_frames_total");
    let mut sessions: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for frame in frames_of(bus, id) {
        let place = frame.id.expect("a frame has an identity");
        let fresh = sessions.entry(place.session).or_default().insert(place.sequence);
        assert!(fresh, "{id}: frame {} is on the topic twice", place.sequence);
    }
    let published: u64 = sessions.values().map(|sequences| sequences.len() as u64).sum();
    let gaps: u64 = sessions.values().map(|sequences| sequences.last().unwrap() + 1 - sequences.len() as u64).sum();
    println!("{id}: received {received}, sent {sent}, dropped {dropped}; published {published}, gaps {gaps}");
    assert_eq!(received, sent + dropped, "{id}: each frame is sent or dropped");
    assert_eq!(published, sent, "{id}: what was sent is on the topic, and nothing else");
    // The rest was dropped behind the last frame of a session.
    assert!(gaps <= dropped, "{id}: {gaps} gaps, {dropped} drops");
    assert_eq!(reason("kafka_down") + reason("queue_full") + reason("stopped"), dropped, "{id}: by reason");
}

/// A camera's frames, as the topic shows them and as inference counts them. Gives how many were analysed.
pub fn assert_inference_accounts(id: &str, infer: &Metrics, bus: &Bus) -> u64 {
    let count = |name: &str| infer.count(name, &[("camera", id)]);
    let (taken, sent) = (count("infer_received_frames_total"), count("infer_sent_frames_total"));
    let dropped = count("infer_dropped_frames_total");
    let published = frames_of(bus, id).len() as u64;
    let distinct: BTreeSet<Place> =
        analysed(bus).into_iter().filter(|(camera, ..)| camera == id).map(|(_, place, _)| place).collect();
    let analysed = distinct.len() as u64;
    // Where a member was taken for dead, frames that it had taken were taken again.
    let again = taken.checked_sub(published).expect("every published frame is taken");
    println!("{id}: published {published}, taken again {again}, analysed {analysed}, dropped {dropped}");
    assert_eq!(taken, sent + dropped, "{id}: each is analysed or dropped by reason");
    let missing = published - analysed;
    assert!(missing <= dropped, "{id}: {missing} frames are missing, {dropped} were counted");
    assert!(dropped <= missing + again, "{id}: {dropped} were counted, {missing} are missing, {again} came again");
    analysed
}

/// Resident memory of each service, bytes.
pub fn memory(services: &[&ServiceProcess]) -> Vec<u64> {
    services.iter().map(|service| service.resident_bytes()).collect()
}
