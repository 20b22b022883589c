//! Results that are larger than Kafka accepts lose what is least important, and the stage goes on.

use std::collections::BTreeSet;

use vru_proto::v1;
use vru_runtime::test_util::{Topic, jpegs, kafka};

use crate::clip::jpeg_frame;
use crate::worker::{camera, count, publish, start, wait_for_commit, wait_for_frames};

const FRAMES: u64 = 12;

#[test]
fn results_that_are_too_large_are_published_without_their_least_important_part() {
    let bus = kafka().bus("infer-large", 1);
    // A frame of the clip has some dozens of objects, and its snapshot many kilobytes.
    bus.limit(Topic::Detections, 400);
    bus.limit(Topic::Alerts, 4_000);
    bus.put_camera(&camera("cam"));
    let service = start(&bus);
    let pictures = jpegs(FRAMES as usize);
    let frames = pictures
        .iter()
        .zip(0..)
        .map(|(picture, sequence)| jpeg_frame("cam", sequence, picture, v1::Delivery::EveryFrame));
    publish(&bus, &frames.collect::<Vec<_>>());
    let published = wait_for_frames(&bus, FRAMES as usize);
    wait_for_commit(&bus);
    let sequences: BTreeSet<u64> =
        published.iter().filter_map(|message| message.frame_id.as_ref()).map(|id| id.sequence).collect();
    assert_eq!(sequences, (0..FRAMES).collect(), "each frame is published");
    assert!(count(&service, "infer_cut_objects_total") > 0);
    let objects: usize = published.iter().map(|message| message.objects.len()).sum();
    assert!(objects > 0, "the best objects are kept");
    assert_eq!(count(&service, "infer_sent_objects_total"), objects as u64);
    let mut alerts: Vec<v1::Alert> = bus.messages(Topic::Alerts);
    alerts.retain(v1::Alert::is_raised);
    assert!(!alerts.is_empty() && alerts.iter().all(|alert| alert.snapshot.is_empty()));
    assert_eq!(count(&service, "infer_snapshots_lost_total"), alerts.len() as u64);
    assert!(service.stop().success());
}
