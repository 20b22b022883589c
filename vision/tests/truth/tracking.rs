//! Known road users keep their ids, at 2 to 30 frames per second.

use std::collections::BTreeSet;

use vru_vision::appearance::Appearance;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::image::Image;
use vru_vision::road_user::RoadUserClass;
use vru_vision::tracker::{TrackState, TrackedObject, Tracker, TrackerConfig};

const RATES: [u32; 5] = [2, 5, 10, 25, 30];

fn tracker() -> Tracker {
    Tracker::new(TrackerConfig::default())
}

/// A box on the ground whose foot is at `x`, `y`.
fn at(class: RoadUserClass, x: f32, y: f32, width: f32, height: f32) -> Detection {
    Detection::new(Rect { left: x - width / 2.0, top: y - height, width, height }, class, 0.85)
}

fn walker(x: f32, y: f32) -> Detection {
    at(RoadUserClass::Pedestrian, x, y, 32.0, 80.0)
}

/// Feeds `scene` (detections at a time in seconds, in the order of the road users) at a frame rate. Returns time and objects.
fn play(
    tracker: &mut Tracker,
    rate: u32,
    seconds: std::ops::Range<f32>,
    mut scene: impl FnMut(f32) -> Vec<Detection>,
) -> Vec<(f32, Vec<TrackedObject>)> {
    let frames = |at: f32| (at * rate as f32).round() as i64;
    (frames(seconds.start)..frames(seconds.end))
        .map(|frame| {
            let time = frame as f32 / rate as f32;
            let captured_us = 1_700_000_000_000_000 + frame * 1_000_000 / i64::from(rate);
            (time, tracker.update(captured_us, &scene(time)))
        })
        .collect()
}

fn confirmed(frames: &[(f32, Vec<TrackedObject>)]) -> BTreeSet<u64> {
    let objects = frames.iter().flat_map(|(_, objects)| objects);
    objects.filter(|object| object.state == TrackState::Confirmed).map(|object| object.track_id).collect()
}

/// The id of the road user that is the `index`-th detection of the frame.
fn id_of(objects: &[TrackedObject], index: usize) -> Option<u64> {
    objects.iter().find(|object| object.detection == index).map(|object| object.track_id)
}

#[test]
fn pedestrians_who_cross_keep_their_ids() {
    for rate in RATES {
        let mut tracker = tracker();
        let frames = play(&mut tracker, rate, 0.0..8.0, |t| {
            vec![walker(60.0 + 55.0 * t, 300.0), walker(500.0 - 55.0 * t, 318.0)]
        });
        assert_eq!(confirmed(&frames).len(), 2, "at {rate} frames per second");
        let (first, last) = (&frames[0].1, &frames[frames.len() - 1].1);
        for index in 0..2 {
            assert_eq!(id_of(first, index), id_of(last, index), "at {rate} frames per second");
        }
    }
}

#[test]
fn a_pedestrian_who_is_hidden_for_a_second_keeps_the_id() {
    for rate in RATES {
        let mut tracker = tracker();
        let frames = play(&mut tracker, rate, 0.0..8.0, |t| {
            if (4.0..5.2).contains(&t) { vec![] } else { vec![walker(60.0 + 50.0 * t, 300.0)] }
        });
        assert_eq!(confirmed(&frames).len(), 1, "at {rate} frames per second");
    }
}

#[test]
fn dropped_frames_change_no_id() {
    for rate in [10, 25, 30] {
        let mut tracker = tracker();
        let mut number: u32 = 0;
        let mut all = Vec::new();
        for step in 0..6 * i64::from(rate) {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Two frames of three are dropped, sometimes many in a row.
            if step > 0 && number >> 16 & 3 != 0 {
                continue;
            }
            let t = step as f32 / rate as f32;
            let scene = [walker(60.0 + 50.0 * t, 300.0), walker(500.0 - 40.0 * t, 420.0)];
            all.push((t, tracker.update(step * 1_000_000 / i64::from(rate), &scene)));
        }
        assert_eq!(confirmed(&all).len(), 2, "at {rate} frames per second");
    }
}

#[test]
fn whoever_stands_there_after_a_silence_is_somebody_else() {
    for rate in RATES {
        let scene = |_| vec![walker(200.0, 300.0)];
        let mut tracker = tracker();
        let before = confirmed(&play(&mut tracker, rate, 0.0..4.0, scene));
        let after = confirmed(&play(&mut tracker, rate, 8.0..12.0, scene));
        assert_eq!((before.len(), after.len()), (1, 1), "at {rate} frames per second");
        assert!(before.is_disjoint(&after), "at {rate} frames per second");
        // Half of the time a track may be lost is no silence.
        let pause = confirmed(&play(&mut tracker, rate, 13.0..16.0, scene));
        assert_eq!(pause, after, "at {rate} frames per second");
    }
}

#[test]
fn a_vehicle_whose_class_changes_is_one_track_of_the_class_that_prevails() {
    for rate in RATES {
        let mut tracker = tracker();
        let mut frame = 0;
        let frames = play(&mut tracker, rate, 0.0..10.0, |_| {
            frame += 1;
            let class = if frame % 3 == 0 { RoadUserClass::Truck } else { RoadUserClass::Car };
            vec![at(class, 300.0, 200.0, 90.0, 60.0)]
        });
        assert_eq!(confirmed(&frames).len(), 1, "at {rate} frames per second");
        let late = frames.iter().filter(|(t, _)| *t > 3.0).flat_map(|(_, objects)| objects);
        let cars = late.filter(|object| object.class == RoadUserClass::Car).count();
        let all = frames.iter().filter(|(t, _)| *t > 3.0).count();
        // At a low rate the memory holds two or three detections only.
        assert!(cars * 10 >= all * if rate >= 10 { 10 } else { 6 }, "{cars} of {all} at {rate} frames per second");
    }
}

/// Somebody in clothes of one colour.
fn dressed(detection: Detection, colour: [u8; 3]) -> Detection {
    let image = Image::filled(40, 90, colour);
    let rect = Rect { left: 0.0, top: 0.0, width: 40.0, height: 90.0 };
    Detection { appearance: Appearance::of(image.view(), &rect), ..detection }
}

#[test]
fn pedestrians_who_meet_and_turn_back_are_told_apart_by_their_clothes() {
    for rate in [5, 10, 25] {
        let scene = |t: f32, clothes: bool| {
            // Both walk to the middle until 4 s, and back.
            let way = if t < 4.0 { 40.0 * t } else { 40.0 * (8.0 - t) };
            let (left, right) = (walker(140.0 + way, 300.0), walker(462.0 - way, 300.0));
            match (clothes, (3.6..4.4).contains(&t)) {
                (true, false) => vec![dressed(left, RED), dressed(right, BLUE)],
                (false, false) => vec![left, right],
                // One hides the other.
                (true, true) => vec![dressed(left, RED)],
                (false, true) => vec![left],
            }
        };
        let mut tracker = tracker();
        let frames = play(&mut tracker, rate, 0.0..8.0, |t| scene(t, true));
        let (first, last) = (&frames[0].1, &frames[frames.len() - 1].1);
        assert_eq!((id_of(last, 0), id_of(last, 1)), (id_of(first, 0), id_of(first, 1)), "at {rate} frames per second");
    }
}

const RED: [u8; 3] = [170, 40, 40];
const BLUE: [u8; 3] = [40, 60, 150];

#[test]
fn a_pedestrian_who_turns_back_while_hidden_is_found_again_by_clothes() {
    for rate in [5, 10, 25] {
        // Walks to the right until 3 s, is hidden for a second, and comes out where the way began, far from where it led.
        let scene = |t: f32, later: Option<[u8; 3]>| match t {
            t if t < 3.0 => vec![dressed(walker(100.0 + 60.0 * t, 300.0), RED)],
            t if t < 4.0 => vec![],
            t => {
                let back = walker(280.0 - 60.0 * (t - 3.0), 300.0);
                vec![later.map_or(back, |colour| dressed(back, colour))]
            }
        };
        for (later, tracks) in [(Some(RED), 1), (Some(BLUE), 2), (None, 2)] {
            let frames = play(&mut tracker(), rate, 0.0..6.0, |t| scene(t, later));
            assert_eq!(confirmed(&frames).len(), tracks, "in {later:?} at {rate} frames per second");
        }
        let mut places_only = Tracker::new(TrackerConfig { appearance: 0.0, ..TrackerConfig::default() });
        let frames = play(&mut places_only, rate, 0.0..6.0, |t| scene(t, Some(RED)));
        assert_eq!(confirmed(&frames).len(), 2, "without looks, at {rate} frames per second");
    }
}

#[test]
fn a_runner_who_stops_while_hidden_is_found_again_at_the_place_of_hiding() {
    for rate in [5, 10, 25] {
        let mut tracker = tracker();
        let frames = play(&mut tracker, rate, 0.0..7.0, |t| match t {
            t if t < 3.0 => vec![dressed(walker(50.0 + 150.0 * t, 300.0), RED)],
            t if t < 4.5 => vec![],
            _ => vec![dressed(walker(500.0, 300.0), RED)],
        });
        assert_eq!(confirmed(&frames).len(), 1, "at {rate} frames per second");
    }
}

#[test]
fn who_leaves_the_picture_and_who_comes_in_there_are_two() {
    for rate in RATES {
        let mut tracker = tracker();
        tracker.set_picture_size(640, 480);
        // One walks out on the right. A second later somebody in the same clothes comes in there.
        let frames = play(&mut tracker, rate, 0.0..10.0, |t| {
            let x = if t < 6.0 { 260.0 + 70.0 * t } else { 640.0 - 70.0 * (t - 6.0) };
            let rect = walker(x, 300.0).rect.clamped(640.0, 480.0).filter(|rect| rect.width > 12.0);
            rect.map(|rect| dressed(Detection { rect, ..walker(x, 300.0) }, RED)).into_iter().collect()
        });
        assert_eq!(confirmed(&frames).len(), 2, "at {rate} frames per second");
    }
}

#[test]
fn nobody_is_found_again_by_clothes_at_the_edge_of_the_picture() {
    for (width, tracks) in [(640, 1), (400, 2)] {
        let mut tracker = tracker();
        tracker.set_picture_size(width, 480);
        let frames = play(&mut tracker, 10, 0.0..6.0, |t| match t {
            t if t < 3.0 => vec![dressed(walker(290.0, 300.0), RED)],
            t if t < 4.0 => vec![],
            _ => vec![dressed(walker(382.0, 300.0), RED)],
        });
        assert_eq!(confirmed(&frames).len(), tracks, "in a picture of {width} pixels");
    }
}

fn riderless(detection: Detection) -> Detection {
    Detection { riderless: true, ..detection }
}

fn bicycle(x: f32) -> Detection {
    riderless(at(RoadUserClass::Cyclist, x, 300.0, 70.0, 45.0))
}

#[test]
fn a_parked_bicycle_is_no_road_user_and_one_that_moves_is() {
    for rate in RATES {
        let mut parked = tracker();
        let mut frame = 0;
        let frames = play(&mut parked, rate, 0.0..20.0, |_| {
            frame += 1;
            vec![bicycle(300.0 + (frame % 3) as f32 * 3.0)]
        });
        assert!(frames.iter().all(|(_, objects)| objects.is_empty()), "at {rate} frames per second");
        let mut moving = tracker();
        let frames = play(&mut moving, rate, 0.0..5.0, |t| vec![bicycle(50.0 + 90.0 * t)]);
        assert_eq!(confirmed(&frames).len(), 1, "at {rate} frames per second");
        assert!(!frames[frames.len() - 1].1.is_empty());
    }
}

#[test]
fn a_cyclist_who_leaves_the_bicycle_and_rides_away_later_is_another_cyclist() {
    for rate in [5, 10, 25] {
        let mut tracker = tracker();
        let ridden = |x: f32| at(RoadUserClass::Cyclist, x, 300.0, 70.0, 90.0);
        let frames = play(&mut tracker, rate, 0.0..20.0, |t| match t {
            t if t < 3.0 => vec![ridden(60.0 + 60.0 * t)],
            t if t < 15.0 => vec![bicycle(240.0)],
            t => vec![ridden(240.0 + 60.0 * (t - 15.0))],
        });
        let between =
            |from: f32, to: f32| -> Vec<_> { frames.iter().filter(|(t, _)| (from..to).contains(t)).cloned().collect() };
        assert!(between(7.0, 14.9).iter().all(|(_, objects)| objects.is_empty()), "at {rate} frames per second");
        let (first, second) = (confirmed(&between(0.0, 3.0)), confirmed(&between(15.0, 20.0)));
        assert_eq!((first.len(), second.len()), (1, 1), "at {rate} frames per second");
        assert!(first.is_disjoint(&second), "at {rate} frames per second");
    }
}

#[test]
fn a_pedestrian_who_passes_a_parked_bicycle_stays_a_pedestrian_with_one_id() {
    for rate in RATES {
        let mut tracker = tracker();
        let frames = play(&mut tracker, rate, 0.0..8.0, |t| {
            let x = 60.0 + 60.0 * t;
            // The model misses the pedestrian beside the bicycle.
            if (3.6..4.4).contains(&t) { vec![bicycle(300.0)] } else { vec![bicycle(300.0), walker(x, 305.0)] }
        });
        assert_eq!(confirmed(&frames).len(), 1, "at {rate} frames per second");
        let classes = frames.iter().flat_map(|(_, objects)| objects).map(|object| object.class);
        assert!(classes.into_iter().all(|class| class == RoadUserClass::Pedestrian), "at {rate} frames per second");
    }
}

#[test]
fn a_detection_of_one_frame_confirms_nothing_at_any_rate() {
    for rate in RATES {
        let mut tracker = tracker();
        let step = 1.0 / rate as f32;
        let frames = play(&mut tracker, rate, 0.0..5.0, |t| {
            let shown = if rate > 10 { 0.1 } else { step };
            if t % 1.0 < shown - 0.001 { vec![walker(200.0, 300.0)] } else { vec![] }
        });
        assert!(confirmed(&frames).is_empty(), "at {rate} frames per second");
    }
}
