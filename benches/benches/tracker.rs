//! One update of the tracker with 10, 100 and 1000 objects.
//!
//! Does not measure: tracking quality (the tests of `vision` do), occlusion, and gaps.

use criterion::{Criterion, Throughput};
use vru_benches::inputs::{SCENE_FRAMES, hand_over, scene, to_bytes};
use vru_benches::measure::{Turns, beside};
use vru_benches::peer::{Environment, Peer};
use vru_benches::row::{BenchRow, Goal};
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;
use vru_vision::tracker::{Tracker, TrackerConfig};

const FRAME_US: i64 = 100_000;

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut took = Vec::new();
    for (objects, goal) in [(10, Goal::Faster(20.0)), (100, Goal::None), (1000, Goal::None)] {
        let scene = scene(objects);
        let file = hand_over(&format!("scene-{objects}.f32"), &to_bytes(&scene));
        let args = [file.to_str().expect("a plain path"), &objects.to_string(), &SCENE_FRAMES.to_string()];
        let mut peer = Peer::start(Environment::Trackers, "tracker.py", &args);
        let frames = frames(&scene, objects);

        let mut tracker = Tracker::new(TrackerConfig::default());
        let mut frame = 0;
        let mut step = || {
            let tracked = tracker.update(frame as i64 * FRAME_US, &frames[frame % SCENE_FRAMES]);
            frame += 1;
            tracked
        };
        for _ in 0..SCENE_FRAMES {
            step();
        }
        let highest = step().iter().map(|object| object.track_id).max();
        assert_eq!(highest, Some(objects as u64), "every object keeps its first track");
        let ids = peer.result(&hand_over("ids.f32", &[]));
        let known = ids.iter().filter(|&&id| id >= 0.0).count();
        assert!(known * 100 >= objects * 90, "the peer tracks {known} of {objects}");

        let id = format!("objects={objects}");
        let turns = beside(&mut criterion, "tracker", &id, Throughput::Elements(objects as u64), &mut peer, || {
            assert_eq!(step().len(), objects);
        });
        if !turns.is_empty() {
            BenchRow::of(&format!("tracker/{objects}"), &turns, 1e6, "us", goal, &peer.versions).save();
            took.push((turns.ours(), peer.versions.clone()));
        }
    }
    if let [_, (hundred, _), (thousand, versions)] = &took[..] {
        // From 100 to 1000 objects, linear time grows tenfold; quadratic time would grow a hundredfold.
        let mut growth = Turns::default();
        growth.add(*thousand, *hundred * 10.0);
        BenchRow::of(
            "tracker/growth 100 to 1000",
            &growth,
            1e6,
            "us",
            Goal::AtMost(1.5),
            &format!("ten times our own at 100; {versions}"),
        )
        .save();
    }
    criterion.final_summary();
}

fn frames(scene: &[f32], objects: usize) -> Vec<Vec<Detection>> {
    let (numbers, _) = scene.as_chunks::<5>();
    let detection = |&[left, top, right, bottom, score]: &[f32; 5]| {
        Detection::new(Rect::from_edges(left, top, right, bottom), RoadUserClass::Pedestrian, score)
    };
    numbers.chunks(objects).map(|frame| frame.iter().map(detection).collect()).collect()
}
