//! Outputs as large as those of real detectors, with noise for the background and known objects: the layout is found by the numbers
//! of a run, and the objects by the layout.

mod selected;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use vru_vision::detection::RawDetection;
use vru_vision::layout::{Layout, LayoutError, Metadata, Run, TensorInfo, TensorView, detect_with_run};
use vru_vision::model_card::{LayoutName, ModelCard};
use vru_vision::nms::{NmsConfig, suppress};

const INPUT: (u32, u32) = (640, 384);
/// Cells of the grids with strides 8, 16 and 32.
const CELLS: usize = 80 * 48 + 40 * 24 + 20 * 12;
/// Centre and size of the object.
const OBJECT: [f32; 4] = [320.0, 192.0, 64.0, 128.0];

const EDGES: [f32; 4] = [288.0, 128.0, 352.0, 256.0];
const NAMES: Option<&str> = Some("labels = [\"person\", \"car\"]");

struct Output {
    name: &'static str,
    /// As declared, -1 where free.
    declared: Vec<i64>,
    shape: Vec<usize>,
    data: Vec<f32>,
}

fn output(name: &'static str, declared: &[i64], shape: &[usize], data: Vec<f32>) -> Output {
    Output { name, declared: declared.to_vec(), shape: shape.to_vec(), data }
}

fn free(rows: usize, columns: usize, data: Vec<f32>) -> Vec<Output> {
    vec![output("output0", &[-1, -1, columns as i64], &[1, rows, columns], data)]
}

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn detect(outputs: &[Output], pairs: &[(&str, &str)], card: Option<&str>) -> Result<Layout, LayoutError> {
    let infos: Vec<TensorInfo> = outputs
        .iter()
        .map(|output| TensorInfo { name: output.name.to_owned(), shape: output.declared.clone() })
        .collect();
    let card = card.map(|text| ModelCard::parse(&format!("name = \"a\"\nversion = \"1\"\n{text}")).unwrap());
    detect_with_run(&infos, &metadata(pairs), card.as_ref(), Run { outputs: &views(outputs), input: INPUT })
}

fn views(outputs: &[Output]) -> Vec<TensorView<'_>> {
    outputs.iter().map(|output| TensorView { shape: &output.shape, data: &output.data }).collect()
}

fn decode(layout: &Layout, outputs: &[Output], threshold: f32) -> Vec<RawDetection> {
    let mut found = Vec::new();
    layout.decode(&views(outputs), 0, INPUT, threshold, &mut found).unwrap();
    found
}

/// The layout that is found, which must find the object and nothing else.
fn assert_found(outputs: &[Output], pairs: &[(&str, &str)], card: Option<&str>) -> LayoutName {
    let layout = detect(outputs, pairs, card).unwrap();
    let found = suppress(decode(&layout, outputs, 0.5), NmsConfig { iou: 0.5, max_detections: 100 });
    let [only] = found[..] else { panic!("{:?}: {found:?}", layout.name()) };
    let want = [288.0, 128.0, 352.0, 256.0];
    let got = [only.rect.left, only.rect.top, only.rect.right(), only.rect.bottom()];
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 0.5), "{:?}: {got:?}", layout.name());
    assert_eq!(only.class_index, 0);
    layout.name()
}

fn refusal(outputs: &[Output], pairs: &[(&str, &str)], card: Option<&str>) -> String {
    detect(outputs, pairs, card).unwrap_err().to_string()
}

/// Rows of noise: centres all over the picture, sizes, and low scores.
fn background(rows: usize, columns: usize) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(5);
    let mut row = || {
        let mut numbers = vec![
            random.random_range(0.0..INPUT.0 as f32),
            random.random_range(0.0..INPUT.1 as f32),
            random.random_range(4.0..300.0),
            random.random_range(4.0..300.0),
        ];
        numbers.extend((4..columns).map(|_| random.random_range(0.0..0.1_f32)));
        numbers
    };
    (0..rows).flat_map(|_| row()).collect()
}

/// The same with the object at row `at`.
fn with_object(rows: usize, columns: usize, at: usize, scores: &[f32]) -> Vec<f32> {
    let mut data = background(rows, columns);
    data[at * columns..][..4].copy_from_slice(&OBJECT);
    data[at * columns + 4..][..scores.len()].copy_from_slice(scores);
    data
}

/// Rows after NMS: edges, score and class, the rest zeros.
fn after_nms(rows: usize) -> Vec<f32> {
    let mut data = vec![0.0; rows * 6];
    data[..6].copy_from_slice(&[288.0, 128.0, 352.0, 256.0, 0.9, 0.0]);
    data[6..12].copy_from_slice(&[10.0, 10.0, 50.0, 90.0, 0.3, 1.0]);
    data
}

fn ultralytics(names: &str) -> [(&str, &str); 3] {
    [("names", names), ("stride", "32"), ("task", "detect")]
}

#[test]
fn rows_of_six_numbers_are_told_apart() {
    let (one, two) = (ultralytics("['person']"), ultralytics("['person', 'car']"));
    let yolov5 = free(3 * CELLS, 6, with_object(3 * CELLS, 6, 777, &[0.95, 0.97]));
    assert_eq!(assert_found(&yolov5, &one, None), LayoutName::YoloV5);
    let mut single = after_nms(300);
    single[11] = 0.0;
    assert_eq!(assert_found(&free(300, 6, single), &one, None), LayoutName::End2End);
    assert_eq!(assert_found(&free(300, 6, after_nms(300)), &two, None), LayoutName::End2End);
    let transposed = free(CELLS, 6, with_object(CELLS, 6, 99, &[0.9, 0.1]));
    assert_eq!(assert_found(&transposed, &two, None), LayoutName::YoloV8);
    let mut queries = background(300, 6);
    for row in queries.chunks_exact_mut(6) {
        let fractions = [1.0 / INPUT.0 as f32, 1.0 / INPUT.1 as f32];
        (0..4).for_each(|at| row[at] *= fractions[at % 2]);
    }
    queries[..6].copy_from_slice(&[0.5, 0.5, 0.1, 128.0 / 384.0, 0.9, 0.05]);
    assert_eq!(assert_found(&free(300, 6, queries), &two, None), LayoutName::Detr);
}

#[test]
fn rows_that_fit_two_layouts_are_ambiguous_unless_something_is_stated() {
    // Edges, score and class in fractions, or the box of a query and two scores.
    let mut rows = vec![0.0; 1800];
    rows[..6].copy_from_slice(&[0.4, 0.3, 0.6, 0.7, 0.9, 1.0]);
    let outputs = free(300, 6, rows);
    let two = ultralytics("['person', 'car']");
    let text = refusal(&outputs, &two, None);
    assert!(text.contains("detr, end2end") && text.contains("output.layout") && text.contains("300×6"), "{text}");
    let stated = [("names", "['person', 'car']"), ("end2end", "True")];
    assert_eq!(detect(&outputs, &stated, None).unwrap().name(), LayoutName::End2End);
    let card = Some("[output]\nlayout = \"detr\"");
    assert_eq!(detect(&outputs, &two, card).unwrap().name(), LayoutName::Detr);
    // A query always has a box, so that rows of zeros are those that NMS left free.
    assert_eq!(detect(&free(300, 6, vec![0.0; 1800]), &two, None).unwrap().name(), LayoutName::End2End);
}

#[test]
fn the_boxes_of_yolox_are_decoded_once() {
    let card = Some("labels = [\"person\", \"car\"]");
    let decoded = free(CELLS, 7, with_object(CELLS, 7, 99, &[0.95, 0.95, 0.1]));
    assert_eq!(assert_found(&decoded, &[], card), LayoutName::YoloX);
    let mut random = StdRng::seed_from_u64(6);
    let mut raw = background(CELLS, 7);
    for row in raw.chunks_exact_mut(7) {
        row[..4].iter_mut().for_each(|number| *number = random.random_range(-2.0..3.0));
    }
    // Column 20, line 12 of stride 16: its corner is the object's centre.
    let at = 80 * 48 + 12 * 40 + 20;
    raw[at * 7..][..7].copy_from_slice(&[0.0, 0.0, 4.0_f32.ln(), 8.0_f32.ln(), 0.95, 0.95, 0.1]);
    assert_eq!(assert_found(&free(CELLS, 7, raw), &[], card), LayoutName::YoloX);
}

#[test]
fn two_outputs_are_read_in_the_unit_form_and_activation_of_their_numbers() {
    let names = Some("labels = [\"person\", \"car\"]");
    for (edges, fractions, logits) in
        [(false, true, true), (false, true, false), (true, true, true), (true, false, false), (false, false, true)]
    {
        let rows = background(300, 4);
        let mut boxes: Vec<f32> = OBJECT.iter().copied().chain(rows[4..].iter().copied()).collect();
        for row in boxes.chunks_exact_mut(4) {
            // A box that would leave the picture is made smaller.
            row[2] = row[2].min(2.0 * row[0]).min(2.0 * (INPUT.0 as f32 - row[0]));
            row[3] = row[3].min(2.0 * row[1]).min(2.0 * (INPUT.1 as f32 - row[1]));
            if edges {
                let [x, y, width, height] = [row[0], row[1], row[2] / 2.0, row[3] / 2.0];
                row.copy_from_slice(&[x - width, y - height, x + width, y + height]);
            }
            if fractions {
                (0..4).for_each(|at| row[at] /= if at % 2 == 0 { INPUT.0 as f32 } else { INPUT.1 as f32 });
            }
        }
        let mut scores = vec![0.02_f32; 600];
        scores[0] = 0.9;
        if logits {
            for score in &mut scores {
                *score = (*score / (1.0 - *score)).ln();
            }
        }
        let outputs = [
            output("logits", &[1, 300, 2], &[1, 300, 2], scores),
            output("pred_boxes", &[1, 300, 4], &[1, 300, 4], boxes),
        ];
        assert_eq!(assert_found(&outputs, &[], names), LayoutName::Detr, "{edges} {fractions} {logits}");
    }
}

#[test]
fn class_scores_in_rows_of_classes_are_turned() {
    let mut scores = vec![0.01; 2 * CELLS];
    scores[99] = 0.9;
    let mut boxes = [1.0, 1.0, 9.0, 9.0].repeat(CELLS);
    boxes[4 * 99..][..4].copy_from_slice(&EDGES);
    let rows = CELLS as i64;
    let outputs = [
        output("boxes", &[1, rows, 4], &[1, CELLS, 4], boxes),
        output("scores", &[1, 2, rows], &[1, 2, CELLS], scores),
    ];
    assert_eq!(assert_found(&outputs, &[], NAMES), LayoutName::Detr);
}

#[test]
fn softmax_over_a_class_for_nothing_is_not_read_as_independent_classes() {
    let logits: Vec<f32> = (0..300 * 3).map(|at| [2.0, -3.0, 6.0][at % 3]).collect();
    let outputs = [
        output("logits", &[1, 300, 3], &[1, 300, 3], logits),
        output("pred_boxes", &[1, 300, 4], &[1, 300, 4], [0.5, 0.5, 0.1, 0.2].repeat(300)),
    ];
    let text = refusal(&outputs, &[], Some("labels = [\"person\", \"car\", \"nothing\"]"));
    assert!(text.contains("output.scores") && text.contains("no object"), "{text}");
    let card = Some("labels = [\"person\", \"car\"]\n[output]\nscores = \"softmax\"");
    assert_eq!(detect(&outputs, &[], card).unwrap().name(), LayoutName::Detr);
}

#[test]
fn boxes_and_scores_that_are_exchanged_are_refused() {
    // With four classes only the names tell which output has the boxes, and here they lie.
    let mut scores = vec![0.02; 300 * 4];
    scores[0] = 0.9;
    let outputs = [
        output("boxes", &[1, 300, 4], &[1, 300, 4], scores),
        output("scores", &[1, 300, 4], &[1, 300, 4], [0.6, 0.5, 0.1, 0.2].repeat(300)),
    ];
    let text = refusal(&outputs, &[], Some("labels = [\"person\", \"car\", \"bus\", \"truck\"]"));
    assert!(text.contains("exchanged"), "{text}");
}

#[test]
fn boxes_of_another_form_in_a_dense_output_are_refused() {
    let mut edges = with_object(CELLS, 6, 99, &[0.9, 0.1]);
    for row in edges.chunks_exact_mut(6) {
        (row[2], row[3]) = (row[0] + row[2], row[1] + row[3]);
    }
    let turned: Vec<f32> = (0..6).flat_map(|column| edges.iter().skip(column).step_by(6).copied()).collect();
    let outputs = [output("output0", &[1, 6, -1], &[1, 6, CELLS], turned)];
    let text = refusal(&outputs, &ultralytics("['person', 'car']"), None);
    assert!(text.contains("look like edges"), "{text}");
}

#[test]
fn statements_of_a_card_that_the_numbers_contradict_are_refused() {
    let yolov5 = free(3 * CELLS, 7, with_object(3 * CELLS, 7, 777, &[0.95, 0.97, 0.0]));
    let labels = "labels = [\"person\", \"car\"]";
    let card = |output: &str| format!("{labels}\n[output]\n{output}");
    for (output, words) in [
        ("layout = \"yolov5\"\nbox_units = \"normalised\"", "output.box_units"),
        ("layout = \"end2end\"", "6 numbers"),
        ("layout = \"yolox\"", "cells"),
        ("layout = \"yolov5\"\nextras = 3", "2 classes"),
    ] {
        let text = refusal(&yolov5, &[], Some(&card(output)));
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_threshold_near_zero_and_a_large_output_cost_bounded_memory() {
    let rows = 3 * CELLS * 20;
    let card = "labels = [\"person\"]\n[output]\nlayout = \"yolov5\"";
    let outputs = free(rows, 6, with_object(rows, 6, 7, &[0.95, 0.97]));
    let layout = detect(&outputs, &[], Some(card)).unwrap();
    let found = decode(&layout, &outputs, 0.0);
    assert!(found.len() <= 65_536, "{}", found.len());
    assert!(found.iter().any(|detection| detection.score > 0.9), "the strongest is kept");
    let huge = [output("output0", &[1, 6, 50_000_000], &[1, 6, 0], Vec::new())];
    let infos = [TensorInfo { name: "output0".to_owned(), shape: huge[0].declared.clone() }];
    let names = metadata(&[("names", "['a', 'b']")]);
    assert!(matches!(vru_vision::layout::detect(&infos, &names, None), Err(LayoutError::TooLarge { .. })));
}

#[test]
fn arbitrary_numbers_of_a_run_never_panic() {
    let mut random = StdRng::seed_from_u64(11);
    let values = [f32::NAN, f32::INFINITY, -1.0, 1e30, 0.0, 0.7];
    let sizes = [0, 1, 2, 4, 5, 6, 7, 84, 85, 300, 20];
    let mut found = 0;
    for _ in 0..2_000 {
        let outputs: Vec<Output> = (0..random.random_range(0..4))
            .map(|at| {
                let rank = [1, 2, 3, 3, 3, 4][random.random_range(0..6)];
                let shape: Vec<usize> =
                    std::iter::once(1).chain((1..rank).map(|_| sizes[random.random_range(0..sizes.len())])).collect();
                let length = shape.iter().product::<usize>().min(30_000);
                // Most runs have only numbers that may be probabilities, so that some pass.
                let from = if random.random_range(0..4) == 0 { 0 } else { 4 };
                let data = (0..length).map(|_| values[random.random_range(from..values.len())]).collect();
                let declared: Vec<i64> =
                    shape.iter().map(|size| if random.random() { *size as i64 } else { -1 }).collect();
                output(["boxes", "scores", "labels", "o"][at], &declared, &shape, data)
            })
            .collect();
        let names = ["['a']", "['a', 'b']", "", "{"][random.random_range(0..4)];
        let task = ["detect", "pose", "segment"][random.random_range(0..3)];
        let Ok(layout) = detect(&outputs, &[("names", names), ("task", task)], None) else { continue };
        found += 1;
        let mut detections = Vec::new();
        drop(layout.decode(&views(&outputs), 0, INPUT, 0.3, &mut detections));
    }
    assert!(found > 20, "{found}");
}
