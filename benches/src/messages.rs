//! Messages of the stages, for scenarios that start in the middle of the pipeline.

use std::process::Command;

use bytes::Bytes;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::require_asset;

/// Session and capture time of the clip's first frame.
const CLIP_SESSION: u64 = 1_700_000_000_000_000;

/// The first pictures of the sample clip as JPEG.
pub fn clip_jpegs(count: usize) -> Vec<Bytes> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(require_asset("clips/vtest.avi"))
        .args(["-frames:v", &count.to_string(), "-q:v", "3", "-pix_fmt", "yuvj420p"])
        .arg(folder.path().join("%04d.jpg"))
        .status();
    assert!(status.expect("ffmpeg is installed").success());
    let picture = |at: usize| std::fs::read(folder.path().join(format!("{at:04}.jpg"))).expect("ffmpeg wrote it");
    (1..=count).map(|at| picture(at).into()).collect()
}

/// The first pictures of the sample clip as access units of H.264, and whether each is a key frame.
pub fn clip_units(count: usize) -> Vec<(Bytes, bool)> {
    // ffmpeg puts an access unit delimiter before each unit; these bytes never occur inside one.
    const DELIMITER: &[u8] = &[0, 0, 0, 1, 9];
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(require_asset("clips/vtest-h264.mp4"))
        .args(["-frames:v", &count.to_string(), "-c", "copy", "-bsf:v", "h264_mp4toannexb,h264_metadata=aud=insert"])
        .args(["-f", "h264", "-"])
        .output()
        .expect("ffmpeg is installed");
    let stream = Bytes::from(output.stdout);
    let mut begins: Vec<usize> = stream
        .windows(DELIMITER.len())
        .enumerate()
        .filter(|(_, bytes)| *bytes == DELIMITER)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(begins.len(), count, "ffmpeg gave other pictures: {}", String::from_utf8_lossy(&output.stderr));
    begins.push(stream.len());
    let unit = |ends: &[usize]| {
        let unit = stream.slice(ends[0]..ends[1]);
        let key = vru_media::Codec::H264.is_key_unit(&unit);
        (unit, key)
    };
    begins.windows(2).map(unit).collect()
}

/// A frame of the clip, with the delivery mode that forbids drops.
pub fn jpeg_frame(camera: &str, sequence: u64, jpeg: &Bytes) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: CLIP_SESSION, sequence }),
        captured_at_us: CLIP_SESSION as i64 + sequence as i64 * 100_000,
        clock_source: v1::ClockSource::File.into(),
        ingested_at_us: now_us(),
        width: 768,
        height: 576,
        source_width: 768,
        source_height: 576,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        delivery: v1::Delivery::EveryFrame.into(),
        analyse: true,
        payload: jpeg.clone(),
        ..Default::default()
    }
}

/// The detections of a frame with `objects` objects.
pub fn detections(camera: &str, sequence: u64, start_us: i64, objects: u64) -> v1::FrameDetections {
    let captured_at_us = start_us + sequence as i64 * 1_000;
    let object = |index: u64| v1::DetectedObject {
        r#box: Some(v1::Box { left: index as f32 * 10.0, top: 20.0, width: 30.5, height: 60.25 }),
        class: v1::RoadUserClass::Pedestrian.into(),
        score: 0.75,
        track_id: index + 1,
        track_state: v1::TrackState::Confirmed.into(),
        ground_position: None,
        found: Some(v1::Box { left: index as f32 * 10.0 + 1.5, top: 21.5, width: 29.25, height: 61.5 }),
        ..Default::default()
    };
    v1::FrameDetections {
        frame_id: Some(v1::FrameId { camera_id: camera.to_owned(), session: 1, sequence }),
        captured_at_us,
        clock_source: v1::ClockSource::Arrival.into(),
        ingested_at_us: captured_at_us + 1_000,
        inferred_at_us: captured_at_us + 30_000,
        source_width: 1920,
        source_height: 1080,
        model_name: "nanodet-g".to_owned(),
        model_version: "1".to_owned(),
        objects: (0..objects).map(object).collect(),
        timings: Some(v1::StageTimings { inference_us: 21_000, ..Default::default() }),
        delivery: v1::Delivery::Live.into(),
        end_of_stream: false,
        counting: Some(v1::Counting {
            line_ids: vec!["line-1".to_owned()],
            zone_ids: vec!["zone-1".to_owned()],
            classes: (1..=6).collect(),
            max_gap_us: 2_000_000,
        }),
        ..Default::default()
    }
}

/// An alert of such a frame.
pub fn alert(frame: &v1::FrameDetections, picture: &Bytes) -> v1::Alert {
    let id = frame.frame_id.clone().unwrap_or_default();
    let (camera, number) = (id.camera_id.clone(), format!("alert-{}-{}", id.camera_id, id.sequence));
    v1::Alert {
        rule_id: "crossing".to_owned(),
        severity: v1::Severity::Warning.into(),
        zone_id: "zone-1".to_owned(),
        track_ids: vec![1],
        class: v1::RoadUserClass::Pedestrian.into(),
        r#box: Some(v1::Box { left: 1.0, top: 2.0, width: 3.0, height: 4.0 }),
        captured_at_us: frame.captured_at_us,
        clock_source: frame.clock_source,
        emitted_at_us: frame.inferred_at_us,
        snapshot_key: vru_proto::names::snapshot_key(frame.captured_at_us, &camera, &number),
        clip_key: vru_proto::names::clip_key(frame.captured_at_us, &camera, &number),
        snapshot: picture.clone(),
        source_width: frame.source_width,
        source_height: frame.source_height,
        id: number,
        camera_id: camera,
        frame_id: Some(id),
        ..v1::Alert::default()
    }
}
