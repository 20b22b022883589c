//! Workers that die, join and leave.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use vru_proto::v1;
use vru_runtime::kafka::partition_of;
use vru_runtime::test_util::{ServiceProcess, Topic, kafka, wait_until};

use crate::clip::{access_units, coded_frame, jpeg_frame, jpegs};
use crate::worker::{
    DEADLINE, alert_ids, camera, count, key, launch, offline, publish, start, wait_for_commit, wait_for_frames,
};

#[test]
fn a_worker_that_is_killed_loses_nothing_and_goes_on_with_the_same_tracks() {
    let pictures = jpegs(100);
    let frames =
        (0..).zip(&pictures).map(|(sequence, jpeg)| jpeg_frame("cam", sequence, jpeg, v1::Delivery::EveryFrame));
    kill_and_compare(&frames.collect::<Vec<_>>());
}

#[test]
fn a_worker_that_is_killed_between_key_frames_decodes_again_from_the_last_one() {
    let units = access_units(v1::Encoding::H264, 100);
    let frames = (0..).zip(&units).map(|(sequence, unit)| coded_frame("cam", sequence, unit, v1::Encoding::H264));
    let mut frames: Vec<v1::Frame> = frames.collect();
    frames.last_mut().unwrap().end_of_stream = true;
    kill_and_compare(&frames);
}

fn kill_and_compare(frames: &[v1::Frame]) {
    let bus = kafka().bus("infer-kill", 1);
    bus.put_camera(&camera("cam"));
    publish(&bus, frames);
    let service = launch(&bus).set("queue.commit_every", "50ms").start();
    for part in [20, 55] {
        wait_until(DEADLINE, "some frames to be analysed", || bus.written(Topic::Detections) >= part);
        service.kill();
        service.restart();
    }
    let published = wait_for_frames(&bus, 100);
    wait_for_commit(&bus);
    let (expected, expected_alerts) = offline(frames, &camera("cam"));
    let expected: BTreeMap<u64, v1::FrameDetections> =
        expected.into_iter().map(|message| (key(&message).sequence, message)).collect();
    // A frame that was published twice has the same objects both times.
    for message in &published {
        let sequence = key(message).sequence;
        assert_eq!(message.objects, expected[&sequence].objects, "frame {sequence}");
    }
    assert_eq!(alert_ids(&bus).into_iter().collect::<BTreeSet<_>>(), expected_alerts);
    assert!(service.stop().success());
}

#[test]
fn partitions_move_between_workers_without_loss() {
    const PARTITIONS: i32 = 4;
    let bus = kafka().bus("infer-move", PARTITIONS);
    // One camera in each partition, so that each worker has frames to process, and one more that shares a partition.
    let names: Vec<String> = (0..100).map(|number| format!("camera-{number}")).collect();
    let in_partition = |partition| {
        let mut candidates = names.iter().filter(|name| partition_of(name.as_bytes(), PARTITIONS) == partition);
        candidates.next().unwrap().clone()
    };
    let mut cameras: Vec<String> = (0..PARTITIONS).map(in_partition).collect();
    let one_more = names.iter().find(|name| !cameras.contains(name)).unwrap().clone();
    cameras.push(one_more);
    let pictures = jpegs(40);
    let frames = |camera: &str, sequences: Range<usize>| -> Vec<v1::Frame> {
        let frame = |at: usize| jpeg_frame(camera, at as u64, &pictures[at], v1::Delivery::EveryFrame);
        sequences.map(frame).collect()
    };
    for camera in &cameras {
        publish(&bus, &frames(camera, 0..30));
    }
    let first = start(&bus);
    wait_until(DEADLINE, "some frames to be analysed", || bus.written(Topic::Detections) >= 20);
    let second = start(&bus);
    wait_until(DEADLINE, "the second worker to get partitions", || {
        second.metric("infer_assigned_partitions", &[]) > 0.0
    });
    // The first worker may have processed all frames by now. The second must process some as well.
    for camera in &cameras {
        publish(&bus, &frames(camera, 30..40));
    }
    wait_until(DEADLINE, "the second worker to process frames", || count(&second, "infer_sent_frames_total") > 0);
    assert!(first.stop().success());
    let published = wait_for_frames(&bus, 200);
    wait_for_commit(&bus);
    for camera in &cameras {
        let sequences: Vec<u64> = published
            .iter()
            .filter(|message| key(message).camera.as_str() == camera)
            .map(|message| key(message).sequence)
            .collect();
        let expected: Vec<u64> = (0..40).collect();
        assert_eq!(
            sequences, expected,
            "{camera}: the new owner reads which frames are published, so each is published once"
        );
    }
    assert!(second.stop().success());
}

/// A worker that joins gets its share of each, and not all of one of them.
#[test]
fn workers_share_the_live_cameras_and_the_files_evenly() {
    let bus = kafka().bus("infer-shares", 4);
    let shares = |service: &ServiceProcess| {
        [Topic::Frames, Topic::FileFrames]
            .map(|topic| service.metric("infer_assigned_partitions", &[("topic", &bus.name(topic))]) as u64)
    };
    let first = start(&bus);
    wait_until(DEADLINE, "the first worker to get everything", || shares(&first) == [4, 4]);
    let second = start(&bus);
    wait_until(DEADLINE, "each to get its share", || shares(&first) == [2, 2] && shares(&second) == [2, 2]);
    assert!(second.stop().success());
    wait_until(DEADLINE, "the first to get everything back", || shares(&first) == [4, 4]);
    assert!(first.stop().success());
}
