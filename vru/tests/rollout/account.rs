//! What pods counted in their lives. Prometheus would miss what they count in their last seconds, so they log it at their end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vru_proto::v1;
use vru_runtime::test_util::{Bus, Topic};

use crate::books::{FramePosition, analysed};
use crate::cluster::Cluster;

type Frames = BTreeSet<(String, FramePosition)>;

/// The counts of all pods of one workload together.
struct Counts(BTreeMap<String, u64>);

impl Counts {
    fn of(cluster: &Cluster, workload: &str) -> Self {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for pod in cluster.pods_of(workload) {
            let log = pod.log();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let counts = lines.filter_map(|line| line["counts"].as_str().map(str::to_owned)).next_back();
            let counts = counts.unwrap_or_else(|| panic!("{} ended without its counts:\n{}", pod.name, pod.log_tail()));
            for (name, count) in serde_json::from_str::<BTreeMap<String, u64>>(&counts).unwrap() {
                *sums.entry(name).or_default() += count;
            }
        }
        Self(sums)
    }

    fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Of all reasons.
    fn dropped(&self, name: &str) -> u64 {
        self.0.iter().filter(|(key, _)| key.split('/').next() == Some(name)).map(|(_, count)| count).sum()
    }
}

/// Each picture that a camera or a file gave is on a topic or was counted as dropped; each frame on the topics was analysed or counted as
/// dropped. Everything must have been read, and all pods of ingest and inference must have ended.
pub fn assert_every_frame_is_accounted_for(cluster: &Cluster, bus: &Bus) {
    let ingest = Counts::of(cluster, "ingest");
    let mut frames: Vec<v1::Frame> = bus.messages(Topic::Frames);
    frames.extend(bus.messages(Topic::FileFrames));
    let of = |frame: v1::Frame| {
        let id = frame.id.expect("a frame has an identity");
        (id.camera_id, (id.session, id.sequence))
    };
    let records = frames.len() as u64;
    let published: Frames = frames.into_iter().map(of).collect();
    let received = ingest.get("ingest_received_frames_total");
    let (sent, dropped) = (ingest.get("ingest_sent_frames_total"), ingest.dropped("ingest_dropped_frames_total"));
    println!("ingest: received {received}, sent {sent}, dropped {dropped}; on the topic: {records}");
    assert_eq!(published.len() as u64, records, "no frame is on the topic twice");
    assert_eq!(received, sent + dropped, "each picture is sent or dropped by reason: {:?}", ingest.0);
    assert_eq!(sent, records, "what was sent is on the topic");

    let infer = Counts::of(cluster, "infer");
    let messages = analysed(bus);
    let results = messages.len() as u64;
    let analysed: Frames = messages.into_iter().map(|(camera, position, _)| (camera, position)).collect();
    let received = infer.get("infer_received_frames_total");
    let (sent, dropped) = (infer.get("infer_sent_frames_total"), infer.dropped("infer_dropped_frames_total"));
    let missing = published.difference(&analysed).count() as u64;
    let again = received.checked_sub(records).expect("every frame on the topic is received");
    println!(
        "infer: received {received}, {again} of them again; analysed {}, published {results}, dropped {dropped}; missing {missing}",
        analysed.len()
    );
    assert!(analysed.is_subset(&published), "only frames of cameras are analysed");
    assert_eq!(received, sent + dropped, "each frame is analysed or dropped by reason: {:?}", infer.0);
    assert_eq!(sent, results, "what was sent is on the topic");
    // A frame that was received again was dropped when its partition went, or had been published by the pod that had it before.
    let repeated = results - analysed.len() as u64;
    assert_eq!(
        dropped + repeated,
        missing + again,
        "no other frame is missing than those that were dropped: {:?}",
        infer.0
    );
}
