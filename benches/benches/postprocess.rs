//! Postprocessing: decoding and non-maximum suppression of a YOLOv8 output of 84x8400 with 100 objects.
//!
//! Does not measure: mapping to the camera's pixels, labels, and the fusion of riders and bicycles.

use criterion::{Criterion, Throughput};
use vru_benches::inputs::{ANCHORS, ROWS, YoloOutput, hand_over, to_bytes, yolo_output};
use vru_benches::measure::beside;
use vru_benches::peer::{Environment, Peer};
use vru_benches::row::{BenchRow, Goal};
use vru_vision::detection::RawDetection;
use vru_vision::layout::{self, TensorInfo, TensorView};
use vru_vision::nms::{NmsConfig, suppress};

const THRESHOLD: f32 = 0.25;
const IOU: f32 = 0.45;

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let output = yolo_output();
    let info = TensorInfo { name: "output0".to_owned(), shape: vec![1, ROWS as i64, ANCHORS as i64] };
    let layout = layout::detect(&[info], &layout::Metadata::new(), None).expect("the shape is YOLOv8's");
    let shape = [1, ROWS, ANCHORS];
    let decode = || {
        let view = TensorView { shape: &shape, data: std::hint::black_box(&output.data) };
        let mut found = Vec::new();
        layout.decode(&[view], 0, (640, 640), THRESHOLD, &mut found).expect("the output fits");
        suppress(found, NmsConfig { iou: IOU, max_detections: 300 })
    };

    let file = hand_over("output.f32", &to_bytes(&output.data));
    let numbers = [ROWS.to_string(), ANCHORS.to_string(), THRESHOLD.to_string(), IOU.to_string()];
    let args = [file.to_str().expect("a plain path"), &numbers[0], &numbers[1], &numbers[2], &numbers[3]];
    let mut peer = Peer::start(Environment::Tests, "postprocess.py", &args);
    let kept = decode();
    assert_finds(&output, &kept);
    assert_same(&kept, &peer.result(&hand_over("boxes.f32", &[])));

    let id = "layout=yolov8/output=84x8400/objects=100";
    let turns = beside(&mut criterion, "postprocess", id, Throughput::Elements(1), &mut peer, || {
        assert_eq!(decode().len(), 100);
    });
    if !turns.is_empty() {
        BenchRow::of("postprocess", &turns, 1e3, "ms", Goal::Faster(10.0), &peer.versions).save();
    }
    criterion.final_summary();
}

fn assert_finds(output: &YoloOutput, kept: &[RawDetection]) {
    assert_eq!(kept.len(), output.objects.len());
    for &(x, y, class) in &output.objects {
        let at = kept.iter().find(|found| {
            let middle = (found.rect.left + found.rect.width / 2.0, found.rect.top + found.rect.height / 2.0);
            (middle.0 - x).abs() < 2.0 && (middle.1 - y).abs() < 2.0 && found.class_index as usize == class
        });
        assert!(at.is_some(), "no box at {x},{y} of class {class}");
    }
}

/// Both sides keep the same boxes, in different orders.
fn assert_same(ours: &[RawDetection], peers: &[f32]) {
    let (peers, _) = peers.as_chunks::<6>();
    assert_eq!(ours.len(), peers.len());
    for found in ours {
        let wanted = [found.rect.left, found.rect.top, found.rect.width, found.rect.height, found.score];
        let same = |peer: &&[f32; 6]| peer.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-2);
        let peer = peers.iter().find(same).unwrap_or_else(|| panic!("the peer has no {found:?}"));
        assert_eq!(peer[5] as u32, found.class_index);
    }
}
