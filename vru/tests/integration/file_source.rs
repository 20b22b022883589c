//! Each of the 795 frames of a file is stored once, with the detections that `vru analyse` finds in the same file.

use vru_runtime::test_util::require_asset;

use crate::findings::{CAMERA, analyse, assert_counts, assert_tracks, stored};
use crate::pipeline::{Pipeline, camera, file, start};

const FRAMES: u64 = 795;

#[test]
fn each_frame_of_a_file_is_stored_once_with_what_analyse_finds() {
    let clip = require_asset("clips/vtest.avi");
    let pipeline = Pipeline::new("file", 2);
    let [_ingest, infer, _sink] =
        start([pipeline.ingest(), pipeline.infer(), pipeline.sink().set("s3.enabled", "false")]);
    pipeline.bus.put_camera(&camera(CAMERA, file(&clip)));
    let (expected, expected_alerts) = analyse(&clip);
    assert_eq!(expected.len() as u64, FRAMES);
    assert!(expected.values().map(Vec::len).sum::<usize>() > 1000, "people walk through the clip all the time");

    pipeline.wait_for_count("all frames", "select count(*) from frames", FRAMES);
    pipeline.wait_for_count("the end of the file", "select count(*) from frames where end_of_stream", 1);
    pipeline.wait_for_count("all alerts", "select count(*) from alerts", expected_alerts.len() as u64);
    let (found, alerts) = stored(&pipeline);
    assert_eq!(found.len() as u64, FRAMES);
    for (frame, objects) in &expected {
        assert_eq!(found.get(frame), Some(objects), "frame {frame:?}");
    }
    assert_eq!(alerts, expected_alerts);
    assert_tracks(&pipeline, &expected);
    assert_counts(&pipeline);
    // A track with an alert was in the rule's zone and has the alert's picture; the others have none.
    let pictured = "select count(*) from tracks t where snapshot_key is not distinct from (select min(a.snapshot_key) from alerts a \
        where a.session = t.session and t.track_id = any (a.track_ids)) and (snapshot_key is null or zone_ids = '{everywhere}')";
    assert_eq!(pipeline.count(pictured), pipeline.count("select count(*) from tracks"));
    assert_eq!(infer.count("infer_dropped_frames_total", &[]), 0);
}
