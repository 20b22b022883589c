//! Small scenes with known tracks.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

fn person(left: f32, top: f32) -> Detection {
    seen(left, top, 0.9)
}

fn seen(left: f32, top: f32, score: f32) -> Detection {
    let rect = Rect { left, top, width: 40.0, height: 100.0 };
    Detection::new(rect, RoadUserClass::Pedestrian, score)
}

fn ids(objects: &[TrackedObject]) -> Vec<u64> {
    objects.iter().map(|object| object.track_id).collect()
}

/// Frames are 100 ms apart.
fn run(tracker: &mut Tracker, frame: i64, detections: &[Detection]) -> Vec<TrackedObject> {
    tracker.update(1_700_000_000_000_000 + frame * 100_000, detections)
}

fn tracker() -> Tracker {
    Tracker::new(TrackerConfig::default())
}

#[test]
fn a_pedestrian_keeps_its_id_and_is_confirmed_in_the_third_frame() {
    let mut tracker = tracker();
    for frame in 0..20 {
        let objects = run(&mut tracker, frame, &[person(100.0 + 8.0 * frame as f32, 50.0)]);
        assert_eq!(ids(&objects), [1]);
        let want = if frame < 2 { TrackState::Tentative } else { TrackState::Confirmed };
        assert_eq!(objects[0].state, want);
    }
}

#[test]
fn an_occluded_pedestrian_keeps_its_id() {
    let mut tracker = tracker();
    let at = |frame: i64| person(100.0 + 8.0 * frame as f32, 50.0);
    for frame in 0..15 {
        run(&mut tracker, frame, &[at(frame)]);
    }
    for frame in 15..27 {
        assert!(run(&mut tracker, frame, &[]).is_empty());
    }
    assert!(tracker.is_alive(1));
    assert_eq!(ids(&run(&mut tracker, 27, &[at(27)])), [1]);
}

#[test]
fn a_track_lost_for_too_long_gets_a_new_id() {
    let mut tracker = tracker();
    for frame in 0..5 {
        run(&mut tracker, frame, &[person(100.0, 50.0)]);
    }
    for frame in 5..30 {
        run(&mut tracker, frame, &[]);
    }
    assert!(!tracker.is_alive(1));
    assert_eq!(tracker.track_count(), 0);
    assert_eq!(ids(&run(&mut tracker, 30, &[person(100.0, 50.0)])), [2]);
}

#[test]
fn crossing_pedestrians_keep_their_ids() {
    let mut tracker = tracker();
    let mut last = Vec::new();
    for frame in 0..40 {
        let step = 10.0 * frame as f32;
        last = run(&mut tracker, frame, &[person(100.0 + step, 50.0), person(500.0 - step, 62.0)]);
    }
    assert_eq!(ids(&last), [1, 2]);
    assert!(last[0].rect.left > 400.0 && last[1].rect.left < 200.0);
}

#[test]
fn a_weak_detection_continues_a_track_and_starts_none() {
    let mut tracker = tracker();
    for frame in 0..5 {
        run(&mut tracker, frame, &[person(100.0, 50.0)]);
    }
    let objects = run(&mut tracker, 5, &[seen(102.0, 50.0, 0.15), seen(600.0, 50.0, 0.3)]);
    assert_eq!(ids(&objects), [1]);
    assert_eq!(objects[0].detection, 0);
    assert_eq!(tracker.track_count(), 1);
}

#[test]
fn a_score_that_varies_around_the_limit_makes_one_track() {
    let mut tracker = tracker();
    for frame in 0..40 {
        // Every tenth frame, the score would start a track.
        let score = if frame % 10 == 0 { 0.58 } else { 0.42 };
        let objects = run(&mut tracker, frame, &[seen(100.0, 50.0, score)]);
        assert_eq!((ids(&objects), objects[0].state), (vec![1], TrackState::Tentative), "in frame {frame}");
    }
}

#[test]
fn a_flickering_detection_is_never_confirmed() {
    let mut tracker = tracker();
    for frame in 0..30 {
        let detections = if frame % 2 == 0 { vec![person(100.0, 50.0)] } else { vec![] };
        let objects = run(&mut tracker, frame, &detections);
        assert!(objects.iter().all(|object| object.state == TrackState::Tentative));
    }
}

#[test]
fn one_frame_of_another_class_does_not_change_the_track() {
    let mut tracker = tracker();
    for frame in 0..10 {
        let mut detection = person(100.0 + 5.0 * frame as f32, 50.0);
        detection.class = if frame == 6 { RoadUserClass::Pedestrian } else { RoadUserClass::Cyclist };
        let objects = run(&mut tracker, frame, &[detection]);
        assert_eq!((ids(&objects), objects[0].class), (vec![1], RoadUserClass::Cyclist));
    }
}

#[test]
fn a_car_never_continues_a_pedestrian() {
    let mut tracker = tracker();
    for frame in 0..5 {
        run(&mut tracker, frame, &[person(100.0, 50.0)]);
    }
    let car = Detection { class: RoadUserClass::Car, ..person(100.0, 50.0) };
    assert_eq!(ids(&run(&mut tracker, 5, &[car])), [2]);
}

#[test]
fn a_silence_ends_tracks_and_a_stranger_gets_a_new_id() {
    for silence in [2_200_000, 60_000_000, 3_600_000_000, i64::MAX / 2, -3_600_000_000] {
        let mut tracker = tracker();
        for frame in 0..5 {
            run(&mut tracker, frame, &[person(100.0, 50.0)]);
        }
        let after = 1_700_000_000_400_000 + silence;
        let objects = tracker.update(after, &[person(100.0, 50.0)]);
        assert_eq!((ids(&objects), objects[0].state), (vec![2], TrackState::Tentative), "after {silence}");
        assert!(!tracker.is_alive(1));
    }
}

#[test]
fn a_pause_that_a_track_survives_and_frames_out_of_order_end_no_track() {
    let mut tracker = tracker();
    let times = [0, 100_000, 200_000, 300_000, 2_200_000, 2_300_000, 2_250_000, 2_250_000, 900_000, 1_000_000];
    for &time in &times {
        assert_eq!(ids(&tracker.update(time, &[person(100.0, 50.0)])), [1], "at {time}");
    }
}

#[test]
fn detections_that_are_not_finite_are_ignored() {
    let mut tracker = tracker();
    let broken = [
        seen(f32::NAN, 50.0, 0.9),
        seen(f32::INFINITY, 50.0, 0.9),
        seen(0.0, 50.0, f32::NAN),
        Detection { rect: Rect { left: 0.0, top: 0.0, width: -5.0, height: 5.0 }, ..person(0.0, 0.0) },
    ];
    for frame in 0..5 {
        assert!(run(&mut tracker, frame, &broken).is_empty());
    }
    assert_eq!(tracker.track_count(), 0);
}

#[test]
fn extreme_box_sizes_do_not_affect_other_tracks() {
    let mut tracker = tracker();
    for frame in 0..20 {
        let side = if frame % 2 == 0 { f32::MAX / 4.0 } else { 1e-30 };
        let rect = Rect { left: -side / 2.0, top: 0.0, width: side, height: side };
        let objects = run(&mut tracker, frame, &[Detection { rect, ..person(0.0, 0.0) }, person(100.0, 50.0)]);
        assert!(objects.iter().any(|object| object.detection == 1));
    }
}

#[test]
fn the_number_of_tracks_is_bounded_and_refusals_are_counted() {
    let mut tracker = Tracker::new(TrackerConfig { max_tracks: 3, ..TrackerConfig::default() });
    let crowd: Vec<_> = (0..5).map(|at| person(200.0 * at as f32, 50.0)).collect();
    for frame in 0..4 {
        assert_eq!(ids(&run(&mut tracker, frame, &crowd)), [1, 2, 3]);
    }
    assert_eq!((tracker.track_count(), tracker.refused_tracks()), (3, 8));
    // A lost track is removed for a new one.
    assert_eq!(ids(&run(&mut tracker, 4, &[crowd[1], crowd[2], crowd[4]])), [2, 3, 4]);
    assert!(!tracker.is_alive(1));
}

#[test]
fn the_same_input_gives_the_same_tracks() {
    let scene = |tracker: &mut Tracker| {
        let mut random = StdRng::seed_from_u64(8);
        let mut all = Vec::new();
        for frame in 0..60 {
            let detections: Vec<_> = (0..40)
                .filter_map(|at| {
                    let noise: f32 = random.random_range(-4.0..4.0);
                    let score: f32 = random.random_range(0.05..1.0);
                    (random.random_bool(0.85))
                        .then(|| seen(30.0 * at as f32 + noise + 2.0 * frame as f32, 50.0 + noise, score))
                })
                .collect();
            all.extend(run(tracker, frame, &detections));
        }
        all
    };
    assert_eq!(scene(&mut tracker()), scene(&mut tracker()));
}

#[test]
fn a_replay_continues_a_track_whose_detections_are_now_weak() {
    let weak = |frame: i64| seen(100.0 + frame as f32, 50.0, 0.3);
    let mut successor = tracker();
    for frame in 0..3 {
        assert_eq!(
            ids(&successor.replay(1_700_000_000_000_000 + frame * 100_000, &[(weak(frame), TrackState::Confirmed)])),
            [1]
        );
    }
    assert_eq!(ids(&run(&mut successor, 3, &[weak(3)])), [1], "a weak detection continues the replayed track");
    let mut fresh = tracker();
    assert!(run(&mut fresh, 3, &[weak(3)]).is_empty(), "a weak detection starts no track");
}

#[test]
fn every_invalid_setting_is_listed() {
    let config = TrackerConfig { low_score: 0.9, confirm_frames: 0, growth: f32::NAN, ..TrackerConfig::default() };
    let fields: Vec<_> = config.problems().iter().map(|problem| problem.0).collect();
    assert_eq!(fields, ["low_score", "confirm_frames", "growth"]);
    assert!(TrackerConfig::default().problems().is_empty());
}
