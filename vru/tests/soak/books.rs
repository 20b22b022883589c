//! The books at the end. What Kafka and PostgreSQL hold is exact, whoever died; counters are those of the processes' last looks.

use std::collections::{BTreeMap, BTreeSet};

use vru_proto::v1;
use vru_runtime::test_util::{Bus, Topic, postgres};

use super::pipeline::Pipeline;
use super::resources::Watch;
use super::support::follower::Follower;

type Place = (String, u64, u64);

fn place(id: Option<&v1::FrameId>) -> Place {
    let id = id.expect("a frame has an identity");
    (id.camera_id.clone(), id.session, id.sequence)
}

/// Frames: every gap in a session is a drop that the frame behind it tells of; each frame is there once; and each was analysed
/// or is among the drops that inference counted.
pub fn assert_frames_balance(bus: &Bus, watch: &Watch) {
    let mut frames = BTreeSet::new();
    let mut told: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for frame in bus.messages::<v1::Frame>(Topic::Frames) {
        let place = place(frame.id.as_ref());
        *told.entry((place.0.clone(), place.1)).or_default() += u64::from(frame.dropped_before);
        assert!(frames.insert(place.clone()), "frame {place:?} is on the topic twice");
    }
    let mut sessions: BTreeMap<(String, u64), (u64, u64)> = BTreeMap::new();
    for (camera, session, sequence) in &frames {
        let (count, last) = sessions.entry((camera.clone(), *session)).or_default();
        (*count, *last) = (*count + 1, *sequence);
    }
    let mut gaps = 0;
    for (session, (count, last)) in &sessions {
        assert_eq!(last + 1 - count, told[session], "{session:?}: gaps are drops that were told");
        gaps += told[session];
    }
    let detections: Vec<Place> = bus
        .messages::<v1::FrameDetections>(Topic::Detections)
        .iter()
        .map(|detections| place(detections.frame_id.as_ref()))
        .collect();
    let analysed: BTreeSet<Place> = detections.iter().cloned().collect();
    assert!(analysed.is_subset(&frames), "detections of frames that were never published");
    println!(
        "frames published {}, in {} sessions, dropped in ingest {gaps}; analysed {}, again {}, not analysed {}",
        frames.len(),
        sessions.len(),
        analysed.len(),
        detections.len() - analysed.len(),
        frames.len() - analysed.len()
    );
    assert_inference_counted(frames.len() as u64, analysed.len() as u64, watch);
    assert_ingest_counted(gaps, watch);
}

/// A process that is killed takes along what it did since it was last asked, and the next one does some frames again: where
/// one was killed, its frames are between what the counters say at least and at most.
fn assert_inference_counted(published: u64, analysed: u64, watch: &Watch) {
    let workers: Vec<_> = watch.incarnations().iter().filter(|one| one.service == 1).collect();
    let sum = |name: &str| workers.iter().map(|one| one.counted.count(name, &[])).sum::<u64>();
    let reason = |reason: &str| -> u64 {
        workers.iter().map(|one| one.counted.count("infer_dropped_frames_total", &[("reason", reason)])).sum()
    };
    for one in &workers {
        println!("inference dropped {:?}", one.counted.by_label("infer_dropped_frames_total", "reason"));
    }
    let received = sum("infer_received_frames_total");
    // Those go on with another process, or went before.
    let not_lost = reason("duplicate") + reason("revoked");
    let dropped = sum("infer_dropped_frames_total") - not_lost;
    let missing = published - analysed;
    // Counted by no process that told, and counted by two.
    let (untold, again) = (published.saturating_sub(received), received.saturating_sub(published));
    println!("inference: {missing} not analysed, {dropped} dropped by reason; {received} received of {published}");
    if workers.len() == 1 && not_lost == 0 {
        assert_eq!((missing, received), (dropped, published), "each frame is analysed or dropped for a reason");
    }
    assert!(missing <= dropped + untold, "{missing} frames are not analysed, and only {dropped} are accounted for");
    assert!(dropped <= missing + again + not_lost, "{dropped} frames are said to be dropped, {missing} are missing");
}

/// The counters of ingest add up in themselves, and to no fewer drops than the gaps that the last process left.
fn assert_ingest_counted(gaps: u64, watch: &Watch) {
    let pods: Vec<_> = watch.incarnations().iter().filter(|one| one.service == 0).collect();
    let last = pods.last().expect("ingest was looked at");
    let count = |name: &str| last.counted.count(name, &[]);
    let (received, sent) = (count("ingest_received_frames_total"), count("ingest_sent_frames_total"));
    let dropped = count("ingest_dropped_frames_total");
    assert_eq!(received, sent + dropped, "each frame is sent or dropped");
    for one in &pods {
        println!("ingest dropped {:?}", one.counted.by_label("ingest_dropped_frames_total", "reason"));
    }
    // Gaps are all told of; a drop behind a session's last frame leaves none.
    let all: u64 = pods.iter().map(|one| one.counted.count("ingest_dropped_frames_total", &[])).sum();
    if pods.len() == 1 {
        assert!(gaps <= all, "{gaps} frames are missing from the sessions, {all} drops were counted");
    }
}

/// Rows: each analysed frame once, with its objects.
pub fn assert_rows_balance(pipeline: &Pipeline) {
    let mut objects: BTreeMap<Place, usize> = BTreeMap::new();
    for detections in pipeline.bus.messages::<v1::FrameDetections>(Topic::Detections) {
        objects.entry(place(detections.frame_id.as_ref())).or_insert(detections.objects.len());
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

/// Alerts: each once in the database, and each once at a subscriber that resumed through all faults.
pub fn assert_alerts_balance(pipeline: &Pipeline, follower: &Follower) {
    let alerts: Vec<v1::Alert> = pipeline.bus.messages(Topic::Alerts);
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
