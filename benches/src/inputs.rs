//! Inputs of the benches, made from fixed seeds so that every machine measures the same.

use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::seq::index::sample;
use rand::{Rng as _, SeedableRng as _};
use vru_vision::image::Image;

use crate::results;

/// A picture with edges, surfaces and noise. The time of both sides does not depend on the content.
pub fn picture(width: u32, height: u32) -> Image {
    let mut random = StdRng::seed_from_u64(1);
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let block = ((x / 37) ^ (y / 23)) * 29;
            for channel in [1, 2, 3] {
                data.push((block * channel + (x + y) / 16 + random.random_range(0..12)) as u8);
            }
        }
    }
    Image { width, height, data }
}

/// A YOLOv8 output of the usual model: 84 rows, 8400 columns.
#[derive(Debug)]
pub struct YoloOutput {
    /// Values in row-major order.
    pub data: Vec<f32>,
    /// The objects that suppression must keep: centre x, centre y, class.
    pub objects: Vec<(f32, f32, usize)>,
}

/// Rows of the output.
pub const ROWS: usize = 84;
/// Columns of the output.
pub const ANCHORS: usize = 8400;
// Trained detectors report each object at several neighbouring anchors.
const ANCHORS_PER_OBJECT: usize = 8;

/// One hundred objects of 80 classes without overlap, each at several anchors; all other anchors have very low scores.
pub fn yolo_output() -> YoloOutput {
    let mut random = StdRng::seed_from_u64(2);
    let mut data = vec![0.0_f32; ROWS * ANCHORS];
    for anchor in 0..ANCHORS {
        for row in 0..2 {
            data[row * ANCHORS + anchor] = random.random_range(0.0..640.0);
        }
        for row in 2..4 {
            data[row * ANCHORS + anchor] = random.random_range(10.0..200.0);
        }
        for row in 4..ROWS {
            data[row * ANCHORS + anchor] = random.random_range(0.0..0.02);
        }
    }
    let mut objects = Vec::new();
    let mut anchors = sample(&mut random, ANCHORS, 100 * ANCHORS_PER_OBJECT).into_iter();
    for number in 0..100 {
        let centre = ((number % 10) as f32 * 64.0 + 32.0, (number / 10) as f32 * 64.0 + 32.0);
        let class = random.random_range(0..ROWS - 4);
        for _ in 0..ANCHORS_PER_OBJECT {
            let anchor = anchors.next().expect("as many were drawn");
            let mut set = |row: usize, value: f32| data[row * ANCHORS + anchor] = value;
            set(0, centre.0 + random.random_range(-1.5..1.5));
            set(1, centre.1 + random.random_range(-1.5..1.5));
            set(2, random.random_range(39.0..41.0));
            set(3, random.random_range(39.0..41.0));
            set(4 + class, random.random_range(0.5..0.95));
        }
        objects.push((centre.0, centre.1, class));
    }
    YoloOutput { data, objects }
}

/// Frames after which the scene repeats.
pub const SCENE_FRAMES: usize = 120;

/// Objects that move on circles side by side, as `x1, y1, x2, y2, score` for each object of each frame, at 10 frames per
/// second. One detection in thirty is weak.
pub fn scene(objects: usize) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(3);
    let columns = (objects as f32 * 16.0 / 9.0).sqrt().ceil();
    let lines = (objects as f32 / columns).ceil();
    let (cell_width, cell_height) = (1920.0 / columns, 1080.0 / lines);
    let (width, height) = (cell_width * 0.4, cell_height * 0.6);
    let phases: Vec<f32> = (0..objects).map(|_| random.random_range(0.0..std::f32::consts::TAU)).collect();
    let mut scene = Vec::with_capacity(SCENE_FRAMES * objects * 5);
    for frame in 0..SCENE_FRAMES {
        let turn = frame as f32 / SCENE_FRAMES as f32 * std::f32::consts::TAU;
        for (object, phase) in phases.iter().enumerate() {
            let x = (object as f32 % columns + 0.5) * cell_width + (turn + phase).cos() * cell_width * 0.2;
            let y = ((object as f32 / columns).floor() + 0.5) * cell_height + (turn + phase).sin() * cell_height * 0.15;
            let score = if random.random_range(0..30) == 0 && frame > 5 { 0.3 } else { 0.9 };
            scene.extend([x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0, score]);
        }
    }
    scene
}

/// Writes a file that a peer reads.
pub fn hand_over(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = results().join("inputs");
    std::fs::create_dir_all(&folder).expect("target can be written");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("target can be written");
    path
}

/// Little-endian bytes of the numbers, as a peer reads them.
pub fn to_bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}
