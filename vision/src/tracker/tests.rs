//! Small scenes with known tracks.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::appearance::{APPEARANCE_LEN, Appearance};
use crate::frame_stamp::FrameStamp;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;
use crate::state_codec::StateError;

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

#[test]
fn reported_boxes_lie_between_detection_and_motion() {
    let mut tracker = tracker();
    let walker = |frame: i64| 100.0 + 6.0 * frame as f32;
    for frame in 0..20 {
        let objects = run(&mut tracker, frame, &[person(walker(frame), 50.0)]);
        assert!((objects[0].rect.left - walker(frame)).abs() < 1.0, "in frame {frame}: {:?}", objects[0].rect);
    }
    // A box of which a passer-by hides a half.
    let mut half = person(walker(20), 50.0);
    half.rect.width = 20.0;
    let rect = run(&mut tracker, 20, &[half])[0].rect;
    assert!(rect.width > 25.0 && rect.width < 40.0, "{rect:?}");
}

/// Six road users, some of whom are missed or half hidden, and a bicycle that nobody rides for a while.
fn busy(rng: &mut StdRng, frame: i64) -> Vec<Detection> {
    let mut detections = Vec::new();
    for user in 0..6_u8 {
        if rng.random_bool(0.2) {
            continue;
        }
        let along = frame as f32 * (f32::from(user) - 2.5) * 2.0;
        let mut jump = || rng.random_range(-4.0..4.0_f32);
        let rect = Rect {
            left: 300.0 + along + jump(),
            top: 50.0 + 60.0 * f32::from(user) + jump(),
            width: 40.0 + jump(),
            height: 100.0 + jump(),
        };
        let class = RoadUserClass::ALL[usize::from(user) / 2];
        let mut bins = [0; APPEARANCE_LEN];
        for bin in &mut bins {
            *bin = rng.random_range(0..40) + user;
        }
        detections.push(Detection {
            riderless: user == 3 && frame % 60 > 30,
            appearance: rng.random_bool(0.8).then_some(Appearance { bins }),
            ..Detection::new(rect, class, rng.random_range(0.2..1.0))
        });
    }
    detections
}

#[test]
fn whoever_continues_from_a_saved_state_tracks_the_same_to_the_bit() {
    let mut rng = StdRng::seed_from_u64(11);
    let mut first = tracker();
    let (mut captured_at_us, mut largest, mut reported) = (1_700_000_000_000_000, 0, 0);
    for frame in 0..300 {
        // Also a clock that is set back.
        captured_at_us += if frame % 50 == 49 { -30_000 } else { rng.random_range(20_000..200_000) };
        let stamp = FrameStamp { sequence: frame as u64, captured_at_us };
        let state = first.save(stamp, |track| track + 1000);
        let mut second = tracker();
        let published = second.restore(&state, stamp).unwrap();
        assert!(published.iter().all(|(track, name)| *name == track + 1000 && first.is_alive(*track)));
        assert_eq!(published.len(), first.track_count());
        largest = largest.max(state.len().checked_div(published.len()).unwrap_or(0));

        let next_us = captured_at_us + 100_000;
        let detections = busy(&mut rng, frame);
        let (one, other) = (first.update(next_us, &detections), second.update(next_us, &detections));
        assert_eq!(one, other, "in frame {frame}");
        let stamp = FrameStamp { sequence: frame as u64 + 1, captured_at_us: next_us };
        assert_eq!(first.save(stamp, |_| 0), second.save(stamp, |_| 0), "in frame {frame}");
        captured_at_us = next_us;
        reported += one.len();
    }
    assert!(reported > 600, "{reported} objects");
    // The size that decision 0050 states.
    assert!(largest <= 360, "{largest} bytes for a track");
}

#[test]
fn a_state_that_is_damaged_or_of_another_version_changes_nothing() {
    let mut rng = StdRng::seed_from_u64(12);
    let mut first = tracker();
    for frame in 0..10 {
        run(&mut first, frame, &busy(&mut rng, frame));
    }
    let stamp = FrameStamp { sequence: 9, captured_at_us: 1_700_000_000_900_000 };
    let state = first.save(stamp, |track| track);
    let mut second = tracker();
    run(&mut second, 0, &[person(1.0, 2.0)]);
    let before = second.save(stamp, |_| 0);
    for length in 0..state.len() {
        assert_eq!(second.restore(&state[..length], stamp), Err(StateError::Damaged), "the first {length} bytes");
    }
    let mut newer = state.clone();
    newer[0] = 200;
    assert_eq!(second.restore(&newer, stamp), Err(StateError::Version(200)));
    let longer = [&state[..], &[0]].concat();
    assert_eq!(second.restore(&longer, stamp), Err(StateError::Damaged));
    assert_eq!(second.save(stamp, |_| 0), before);
    second.restore(&state, stamp).unwrap();
    assert_eq!(second.save(stamp, |track| track), state);
}
