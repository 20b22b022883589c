//! Preprocessing: a decoded picture is letterboxed to 640x640 and normalised to planes of 32-bit floats, on one thread.
//!
//! Does not measure: decoding, the copy into the runtime, half precision, and pictures that are outside the CPU
//! cache for reasons other than their size.

use criterion::{Criterion, Throughput};
use vru_benches::inputs::{hand_over, picture};
use vru_benches::measure::beside;
use vru_benches::peer::{Environment, Peer};
use vru_benches::row::{BenchRow, Goal};
use vru_vision::letterbox::{ColourOrder, Element, InputSpec, Letterbox, Resize, TensorLayout};

const SIDE: u32 = 640;

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let sizes =
        [("1080p", 1920, 1080, Goal::AtMost(0.25)), ("720p", 1280, 720, Goal::None), ("4k", 3840, 2160, Goal::None)];
    for (name, width, height, goal) in sizes {
        let picture = picture(width, height);
        let file = hand_over(&format!("picture-{name}.rgb"), &picture.data);
        let args = [file.to_str().expect("a plain path"), &width.to_string(), &height.to_string(), &SIDE.to_string()];
        let mut peer = Peer::start(Environment::Tests, "preprocess.py", &args);

        let mut letterbox = Letterbox::new(spec()).expect("the input has a size");
        let mut tensor = vec![0.0_f32; letterbox.spec().tensor_len()];
        letterbox.write(picture.view(), &mut tensor).expect("the picture fits");
        assert_same(&tensor, &peer.result(&hand_over("tensor.f32", &[])));

        let throughput = Throughput::Bytes(picture.data.len() as u64);
        let id = format!("from={name}/to={SIDE}");
        let turns = beside(&mut criterion, "preprocess", &id, throughput, &mut peer, || {
            letterbox.write(std::hint::black_box(&picture).view(), &mut tensor).expect("the picture fits");
        });
        if !turns.is_empty() {
            BenchRow::of(&format!("preprocess/{name}"), &turns, 1e3, "ms", goal, &peer.versions).save();
        }
    }
    criterion.final_summary();
}

fn spec() -> InputSpec {
    InputSpec {
        width: SIDE,
        height: SIDE,
        colour: ColourOrder::Rgb,
        scale: 1.0 / 255.0,
        mean: [0.0; 3],
        std: [1.0; 3],
        element: Element::F32,
        layout: TensorLayout::Nchw,
        resize: Resize::Letterbox,
        pad: 114,
    }
}

/// Both sides give the same tensor, within two grey levels.
fn assert_same(ours: &[f32], peers: &[f32]) {
    assert_eq!(ours.len(), peers.len());
    let worst = ours.iter().zip(peers).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst * 255.0 <= 2.01, "the tensors differ by {} grey levels", worst * 255.0);
}
