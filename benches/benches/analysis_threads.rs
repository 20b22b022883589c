//! What a second thread gains in decoding outputs, suppression and tracking: 32 cameras, each frame a YOLOv8 output of 84x8400 with 100
//! objects, through the queue of `vru-infer` that gives each thread one camera at a time. The reference is the same with one thread.
//!
//! Wall time: on a machine whose cores are busy with other programs there is no gain. Does not measure: rules, snapshots and publishing.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use vru_benches::inputs::{ANCHORS, ROWS, yolo_output};
use vru_benches::measure::Turns;
use vru_benches::row::{BenchRow, Goal};
use vru_infer::analysis_queue::{AnalysisQueue, Turn};
use vru_infer::feed::{Feed, FeedKind};
use vru_vision::detection::Detection;
use vru_vision::layout::{self, Layout, TensorInfo, TensorView};
use vru_vision::nms::{NmsConfig, suppress};
use vru_vision::road_user::RoadUserClass;
use vru_vision::tracker::{Tracker, TrackerConfig};

const CAMERAS: usize = 32;
const FRAMES: u64 = 2_000;
const TURNS: usize = 15;
const FRAME_US: i64 = 100_000;

fn main() {
    let output = Arc::new(yolo_output().data);
    let info = TensorInfo { name: "output0".to_owned(), shape: vec![1, ROWS as i64, ANCHORS as i64] };
    let layout = layout::detect(&[info], &layout::Metadata::new(), None).expect("the shape is YOLOv8's");
    // The first turn of each is the warm-up.
    let mut turns = Turns::default();
    for turn in 0..=TURNS {
        let (two, one) = (frames_per_second(2, &layout, &output), frames_per_second(1, &layout, &output));
        if turn > 0 {
            turns.add(two, one);
        }
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let goal = if cores < 2 { Goal::None } else { Goal::AtLeast(1.5) };
    BenchRow::of("analysis_threads/2", &turns, 1.0, "frames/s", goal, "the same with one thread").save();
}

fn frames_per_second(threads: usize, layout: &Layout, output: &Arc<Vec<f32>>) -> f64 {
    // All frames wait before the clock starts: a thread that brings them would take a core from the others.
    let queue: AnalysisQueue<u64, Tracker> = AnalysisQueue::new(FRAMES as usize);
    let camera = |at: usize| format!("camera-{at}").parse().expect("a valid id");
    let cameras: Vec<Feed> = (0..CAMERAS).map(|at| Feed { camera: camera(at), kind: FeedKind::Live }).collect();
    for frame in 0..FRAMES {
        assert!(queue.push(&cameras[frame as usize % CAMERAS], frame / CAMERAS as u64));
    }
    queue.close();
    let started = Instant::now();
    let tracked: usize = thread::scope(|scope| {
        let run = || {
            let mut tracked = 0;
            while let Some(turn) = queue.next(|_| true) {
                let Turn::Analyse(camera, frame, known) = turn else { continue };
                let mut tracker = known.unwrap_or_else(|| Tracker::new(TrackerConfig::default()));
                tracked += tracker.update(frame as i64 * FRAME_US, &detections(layout, output)).len();
                queue.finish(&camera, tracker);
            }
            tracked
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no thread panics")).sum()
    });
    let took = started.elapsed().as_secs_f64();
    assert_eq!(tracked as u64, FRAMES * 100, "every object of every frame is tracked");
    FRAMES as f64 / took
}

fn detections(layout: &Layout, output: &[f32]) -> Vec<Detection> {
    let shape = [1, ROWS, ANCHORS];
    let mut found = Vec::new();
    layout
        .decode(&[TensorView { shape: &shape, data: output }], 0, (640, 640), 0.25, &mut found)
        .expect("the output fits");
    let kept = suppress(found, NmsConfig { iou: 0.45, max_detections: 300 });
    kept.iter().map(|raw| Detection::new(raw.rect, RoadUserClass::Pedestrian, raw.score)).collect()
}
