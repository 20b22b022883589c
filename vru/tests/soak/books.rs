//! The checks at the end. Records on Kafka and rows in PostgreSQL are exact even after kills; counters are those of the last
//! sample of each process.

use std::collections::{BTreeMap, BTreeSet};

use vru_proto::v1;
use vru_runtime::test_util::{Bus, Topic, postgres};

use super::pipeline::Pipeline;
use super::resources::Sampler;
use super::support::follower::Follower;

/// Camera, session, sequence number.
type FrameId = (String, u64, u64);

fn frame_id(id: Option<&v1::FrameId>) -> FrameId {
    let id = id.expect("a frame has an identity");
    (id.camera_id.clone(), id.session, id.sequence)
}

/// Asserts for frames: every gap in a session is reported by the frame after it (`dropped_before`); each frame is on the topic
/// once; and each was analysed, or inference counted it as dropped.
pub fn assert_frames_balance(bus: &Bus, sampler: &Sampler) {
    let mut frames = BTreeSet::new();
    let mut reported: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for frame in [Topic::Frames, Topic::FileFrames].into_iter().flat_map(|topic| bus.messages::<v1::Frame>(topic)) {
        let id = frame_id(frame.id.as_ref());
        *reported.entry((id.0.clone(), id.1)).or_default() += u64::from(frame.dropped_before);
        assert!(frames.insert(id.clone()), "frame {id:?} is on the topic twice");
    }
    let mut sessions: BTreeMap<(String, u64), (u64, u64)> = BTreeMap::new();
    for (camera, session, sequence) in &frames {
        let (count, last) = sessions.entry((camera.clone(), *session)).or_default();
        (*count, *last) = (*count + 1, *sequence);
    }
    let mut gaps = 0;
    for (session, (count, last)) in &sessions {
        assert_eq!(last + 1 - count, reported[session], "{session:?}: each gap is a reported drop");
        gaps += reported[session];
    }
    let detections: Vec<FrameId> = bus
        .messages::<v1::FrameDetections>(Topic::Detections)
        .iter()
        .map(|detections| frame_id(detections.frame_id.as_ref()))
        .collect();
    let analysed: BTreeSet<FrameId> = detections.iter().cloned().collect();
    assert!(analysed.is_subset(&frames), "detections of frames that were never published");
    println!(
        "frames published {}, in {} sessions, dropped in ingest {gaps}; analysed {}, repeats {}, not analysed {}",
        frames.len(),
        sessions.len(),
        analysed.len(),
        detections.len() - analysed.len(),
        frames.len() - analysed.len()
    );
    assert_inference_counted(frames.len() as u64, analysed.len() as u64, sampler);
    assert_ingest_counted(gaps, sampler);
}

/// The counts of a killed process since its last sample are lost, and the next process repeats some frames. After a kill, the
/// drops are only known within bounds.
fn assert_inference_counted(published: u64, analysed: u64, sampler: &Sampler) {
    let workers: Vec<_> = sampler.processes().iter().filter(|process| process.service == 1).collect();
    let sum = |name: &str| workers.iter().map(|process| process.counted.count(name, &[])).sum::<u64>();
    let reason = |reason: &str| -> u64 {
        workers.iter().map(|process| process.counted.count("infer_dropped_frames_total", &[("reason", reason)])).sum()
    };
    for process in &workers {
        println!("inference dropped {:?}", process.counted.by_label("infer_dropped_frames_total", "reason"));
    }
    let received = sum("infer_received_frames_total");
    // Another process analyses them, or has done so.
    let not_lost = reason("duplicate") + reason("revoked");
    let dropped = sum("infer_dropped_frames_total") - not_lost;
    let missing = published - analysed;
    // Frames that no sample has counted, and frames that two processes have counted.
    let (uncounted, repeated) = (published.saturating_sub(received), received.saturating_sub(published));
    println!("inference: {missing} not analysed, {dropped} dropped by reason; {received} received of {published}");
    if workers.len() == 1 && not_lost == 0 {
        assert_eq!((missing, received), (dropped, published), "each frame is analysed or dropped for a reason");
    }
    assert!(
        missing <= dropped + uncounted,
        "{missing} frames are not analysed, but only {dropped} are counted as dropped"
    );
    assert!(
        dropped <= missing + repeated + not_lost,
        "{dropped} frames are counted as dropped, but only {missing} are missing"
    );
}

/// Asserts that the counters of ingest balance, and that they have at least as many drops as there are gaps.
fn assert_ingest_counted(gaps: u64, sampler: &Sampler) {
    let pods: Vec<_> = sampler.processes().iter().filter(|process| process.service == 0).collect();
    let last = pods.last().expect("ingest was sampled");
    let count = |name: &str| last.counted.count(name, &[]);
    let (received, sent) = (count("ingest_received_frames_total"), count("ingest_sent_frames_total"));
    let dropped = count("ingest_dropped_frames_total");
    assert_eq!(received, sent + dropped, "each frame is sent or dropped");
    for process in &pods {
        println!("ingest dropped {:?}", process.counted.by_label("ingest_dropped_frames_total", "reason"));
    }
    // A drop after the last frame of a session leaves no gap.
    let all: u64 = pods.iter().map(|process| process.counted.count("ingest_dropped_frames_total", &[])).sum();
    if pods.len() == 1 {
        assert!(gaps <= all, "{gaps} frames are missing from the sessions, {all} drops were counted");
    }
}

/// Asserts for rows: each analysed frame is stored once, with its objects.
pub fn assert_rows_balance(pipeline: &Pipeline) {
    let mut objects: BTreeMap<FrameId, usize> = BTreeMap::new();
    for detections in pipeline.bus.messages::<v1::FrameDetections>(Topic::Detections) {
        objects.entry(frame_id(detections.frame_id.as_ref())).or_insert(detections.objects.len());
    }
    let frames = objects.len() as u64;
    pipeline.wait_for_count("the rows of all frames", "select count(*) from frames", frames);
    assert_eq!(pipeline.count("select count(*) from frames"), frames, "rows of frames");
    let distinct = "select count(distinct (camera_id, session, sequence)) from frames";
    assert_eq!(pipeline.count(distinct), frames, "distinct frames");
    let rows = pipeline.count("select count(*) from detections");
    assert_eq!(rows, objects.values().sum::<usize>() as u64, "rows of detections");
    println!("rows: {frames} frames, {rows} detections");
}

/// Asserts for alerts: each once in the database, and each once at a subscriber that resumed through all faults.
pub fn assert_alerts_balance(pipeline: &Pipeline, follower: &Follower) {
    let alerts: Vec<v1::Alert> = pipeline.bus.messages(Topic::Alerts);
    let alerts: Vec<_> = alerts.into_iter().filter(v1::Alert::is_raised).collect();
    let records = alerts.len();
    // Inference that was killed may have raised an alert again, with the same id.
    let published: BTreeSet<String> = alerts.into_iter().map(|alert| alert.id).collect();
    assert!(!published.is_empty(), "no alert was raised");
    let mut received = follower.wait_for_alerts(published.len());
    received.sort();
    println!("alerts: {records} records of {} alerts, over {} streams", published.len(), follower.streams());
    assert!(received.iter().eq(&published), "each alert once at the subscriber: {received:?} of {published:?}");
    pipeline.wait_for_count("the rows of all alerts", "select count(*) from alerts", published.len() as u64);
    let stored = postgres().query(&pipeline.database, "select id from alerts");
    assert_eq!(stored.into_iter().flatten().collect::<BTreeSet<_>>(), published, "rows of alerts");
}
