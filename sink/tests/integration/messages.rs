//! Messages as inference publishes them. Their content follows from their sequence number.

use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, Topic};

/// Number of objects in the frame with this sequence number: 0, 1 or 2.
pub fn object_count(sequence: u64) -> u64 {
    sequence % 3
}

/// The camera's frame with this sequence number, captured 100 ms after the one before. The first object's track lasts for 40
/// frames, the second one's for 90, except in the frames in which it has none.
pub fn frame(camera: &str, session: u64, sequence: u64, start_us: i64) -> v1::FrameDetections {
    let captured_at_us = start_us + sequence as i64 * 100_000;
    let step = sequence as f32;
    let noise = (sequence * 7_919 % 97) as f32;
    let object = |index: u64| v1::DetectedObject {
        r#box: Some(v1::Box {
            left: step + index as f32 * 10.0 + noise / 20.0,
            top: 20.0,
            width: 30.5,
            height: 60.25 + noise,
        }),
        class: if sequence % 7 < 5 { v1::RoadUserClass::Pedestrian } else { v1::RoadUserClass::Cyclist }.into(),
        score: 0.25 + noise / 200.0,
        track_id: match index {
            0 => 1 + sequence / 40,
            _ if sequence % 9 == 8 => 0,
            _ => 1_000 + sequence / 90,
        },
        track_state: if sequence % 40 < 3 { v1::TrackState::Tentative } else { v1::TrackState::Confirmed }.into(),
        ground_position: (index == 1).then_some(v1::GroundPosition { x_m: f64::from(step) * 0.14, y_m: -2.5 }),
        zones: match sequence / 10 % 4 {
            0 => vec![],
            1 => vec![1],
            2 => vec![0, 1],
            _ => vec![0],
        },
        snapshot_key: if sequence % 20 == 11 { format!("snapshots/{camera}/{sequence}.jpg") } else { String::new() },
        appearance: Vec::new(),
        found: (index == 0).then_some(v1::Box { left: step + 0.5, top: 21.0, width: 29.0, height: 61.75 }),
    };
    v1::FrameDetections {
        frame_id: Some(v1::FrameId { camera_id: camera.to_owned(), session, sequence }),
        captured_at_us,
        clock_source: v1::ClockSource::Arrival.into(),
        ingested_at_us: captured_at_us + 1_000,
        inferred_at_us: captured_at_us + 30_000,
        source_width: 768,
        source_height: 576,
        model_name: "nanodet".to_owned(),
        model_version: "1".to_owned(),
        objects: (0..object_count(sequence)).map(object).collect(),
        timings: Some(v1::StageTimings { inference_us: 21_000, ..Default::default() }),
        delivery: v1::Delivery::Live.into(),
        end_of_stream: false,
        zone_ids: vec!["road".to_owned(), "crossing".to_owned()],
        rule_state: vec![1, 2, 3],
        open_alerts: Vec::new(),
        tracker_state: vec![4, 5],
        counting: Some(counting(sequence)),
        passages: passages(session, sequence, captured_at_us),
        counting_state: vec![6],
        hidden: None,
    }
}

/// A line is added after 70 frames.
fn counting(sequence: u64) -> v1::Counting {
    let line_ids = if sequence < 70 { vec!["kerb".to_owned()] } else { vec!["stop".to_owned(), "kerb".to_owned()] };
    v1::Counting {
        line_ids,
        zone_ids: vec!["road".to_owned(), "crossing".to_owned()],
        classes: (1..=6).collect(),
        max_gap_us: 2_000_000,
    }
}

/// Every seventh frame, somebody crossed the line two frames ago. Every tenth, somebody began to visit a zone.
fn passages(session: u64, sequence: u64, captured_at_us: i64) -> Vec<v1::Passage> {
    let passage = v1::Passage {
        class: v1::RoadUserClass::Cyclist.into(),
        track_id: 5_000 + sequence / 21,
        session,
        at_us: captured_at_us - 200_000,
        ..Default::default()
    };
    let line = v1::Passage {
        line_id: "kerb".to_owned(),
        direction: if sequence.is_multiple_of(2) { v1::CrossingDirection::In } else { v1::CrossingDirection::Out }
            .into(),
        occurrence: (sequence % 21 / 7) as u32,
        ..passage.clone()
    };
    let zone = v1::Passage {
        zone_id: "road".to_owned(),
        class: v1::RoadUserClass::Pedestrian.into(),
        track_id: 9_000 + sequence,
        at_us: captured_at_us,
        ..passage
    };
    let found = [(sequence.is_multiple_of(7), line), (sequence.is_multiple_of(10), zone)];
    found.into_iter().filter_map(|(here, passage)| here.then_some(passage)).collect()
}

/// An alert at the camera's frame with this sequence number.
pub fn alert(camera: &str, id: &str, sequence: u64, captured_at_us: i64) -> v1::Alert {
    v1::Alert {
        id: id.to_owned(),
        rule_id: "crossing".to_owned(),
        severity: v1::Severity::Warning.into(),
        camera_id: camera.to_owned(),
        zone_id: "zone-1".to_owned(),
        track_ids: vec![7],
        class: v1::RoadUserClass::Pedestrian.into(),
        r#box: Some(v1::Box { left: 1.0, top: 2.0, width: 3.0, height: 4.0 }),
        frame_id: Some(v1::FrameId { camera_id: camera.to_owned(), session: 1, sequence }),
        captured_at_us,
        clock_source: v1::ClockSource::Arrival.into(),
        emitted_at_us: captured_at_us + 40_000,
        snapshot_key: vru_proto::names::snapshot_key(captured_at_us, camera, id),
        clip_key: vru_proto::names::clip_key(captured_at_us, camera, id),
        source_width: 768,
        source_height: 576,
        ..Default::default()
    }
}

/// Publishes the frames with these sequence numbers of each camera, the first captured at `start_us`.
pub fn publish_frames(bus: &Bus, cameras: &[&str], sequences: std::ops::Range<u64>, start_us: i64) {
    for sequence in sequences {
        for camera in cameras {
            bus.produce_message(Topic::Detections, camera, &frame(camera, 1, sequence, start_us));
        }
    }
}

/// A capture time in the past, so that the following frames are not in the future.
pub fn a_minute_ago() -> i64 {
    now_us() - 60_000_000
}
