//! Each family decodes outputs whose detections were computed by hand.

use std::collections::HashMap;

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::detection::RawDetection;
use crate::geometry::Rect;
use crate::model_card::{LayoutName, ModelCard};

const INPUT: (u32, u32) = (64, 64);

fn info(name: &str, shape: &[i64]) -> TensorInfo {
    TensorInfo { name: name.to_owned(), shape: shape.to_vec() }
}

fn card(rest: &str) -> ModelCard {
    ModelCard::parse(&format!("name = \"m\"\nversion = \"1\"\n{rest}")).unwrap()
}

fn names(count: usize) -> String {
    let list: Vec<_> = (0..count).map(|at| format!("'c{at}'")).collect();
    format!("[{}]", list.join(", "))
}

fn metadata(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn found(outputs: &[TensorInfo], pairs: &[(&str, &str)], card: Option<&ModelCard>) -> Layout {
    detect(outputs, &metadata(pairs), card).unwrap()
}

/// Decodes picture `batch` of outputs given as (shape, numbers).
fn decode_batch(layout: &Layout, outputs: &[(&[usize], &[f32])], batch: usize, threshold: f32) -> Vec<RawDetection> {
    let views: Vec<_> = outputs.iter().map(|&(shape, data)| TensorView { shape, data }).collect();
    let mut found = Vec::new();
    layout.decode(&views, batch, INPUT, threshold, &mut found).unwrap();
    found
}

fn decode(layout: &Layout, outputs: &[(&[usize], &[f32])], threshold: f32) -> Vec<RawDetection> {
    decode_batch(layout, outputs, 0, threshold)
}

fn assert_is(got: &RawDetection, edges: [f32; 4], class_index: u32, score: f32) {
    let rect = Rect::from_edges(edges[0], edges[1], edges[2], edges[3]);
    let near = |a: f32, b: f32| (a - b).abs() < 1e-3;
    assert!(
        near(got.rect.left, rect.left)
            && near(got.rect.top, rect.top)
            && near(got.rect.right(), rect.right())
            && near(got.rect.bottom(), rect.bottom())
            && got.class_index == class_index
            && near(got.score, score),
        "{got:?} is not {rect:?}, class {class_index}, score {score}"
    );
}

#[test]
fn shapes_metadata_and_card_identify_the_family() {
    let coco = names(80);
    let ultralytics = [("names", coco.as_str()), ("stride", "32"), ("task", "detect")];
    let yolox = card("[output]\nlayout = \"yolox\"");
    let square = card("[input]\nwidth = 640\nheight = 640");
    let sized = card("[input]\nwidth = 480\nheight = 480");
    let nanodet = card(&format!("labels = {}\n[output]\nlayout = \"nanodet\"", names(80)));
    let labelled = card(&format!("labels = {}", names(80)));
    let one = |shape: &[i64]| vec![info("output0", shape)];
    let cases = [
        (one(&[1, 25200, 85]), &[][..], None, LayoutName::YoloV5),
        (one(&[-1, -1, 85]), &ultralytics[..], None, LayoutName::YoloV5),
        (one(&[1, 84, 8400]), &[][..], None, LayoutName::YoloV8),
        (one(&[-1, 84, -1]), &ultralytics[..], None, LayoutName::YoloV8),
        (one(&[1, 300, 6]), &ultralytics[..], None, LayoutName::End2End),
        (one(&[1, 8400, 84]), &ultralytics[..], Some(&square), LayoutName::YoloV8),
        (one(&[1, 100, 6]), &[][..], None, LayoutName::End2End),
        (one(&[1, 25200, 6]), &[][..], None, LayoutName::YoloV5),
        (one(&[1, 8400, 85]), &[][..], None, LayoutName::YoloX),
        (one(&[1, 3549, 85]), &[][..], None, LayoutName::YoloX),
        (one(&[1, 4725, 85]), &[][..], Some(&sized), LayoutName::YoloX),
        (one(&[-1, -1, 85]), &[][..], Some(&yolox), LayoutName::YoloX),
        (one(&[1, 3598, 112]), &[][..], Some(&nanodet), LayoutName::NanoDet),
        (one(&[1, 3598, 112]), &[][..], Some(&labelled), LayoutName::NanoDet),
        (one(&[1, 300, 84]), &ultralytics[..], None, LayoutName::Detr),
        (vec![info("logits", &[1, 300, 80]), info("pred_boxes", &[1, 300, 4])], &[][..], None, LayoutName::Detr),
        (
            vec![info("labels", &[-1, 300]), info("boxes", &[-1, 300, 4]), info("scores", &[-1, 300])],
            &[][..],
            None,
            LayoutName::Detr,
        ),
    ];
    for (outputs, pairs, card, want) in cases {
        assert_eq!(found(&outputs, pairs, card).name(), want, "{outputs:?}");
    }
}

#[test]
fn an_unknown_layout_is_refused_with_its_shapes_and_the_layouts_tried() {
    let outputs = [info("features", &[1, 512, 20, 20]), info("logits", &[-1, 1000])];
    let message = detect(&outputs, &HashMap::new(), None).unwrap_err().to_string();
    assert!(message.contains("features [1×512×20×20]") && message.contains("logits [?×1000]"), "{message}");
    for family in ["Detr", "NanoDet", "End2End", "YoloV8", "YoloX", "YoloV5"] {
        assert!(message.contains(family), "{message}");
    }
    let forced = card("[output]\nlayout = \"yolov8\"");
    let message = detect(&[info("o", &[1, 8400, 84])], &HashMap::new(), Some(&forced)).unwrap_err().to_string();
    assert!(message.contains("look transposed") && !message.contains("YoloV5"), "{message}");
}

#[test]
fn classifiers_and_wrong_label_counts_are_refused() {
    let outputs = [info("output0", &[1, 84, 8400])];
    let error = detect(&outputs, &metadata(&[("task", "obb")]), None).unwrap_err();
    assert!(matches!(error, LayoutError::Task { .. }));
    let two = names(2);
    assert!(detect(&outputs, &metadata(&[("names", &two)]), None).is_err());
    let queries = [info("logits", &[1, 300, 91]), info("boxes", &[1, 300, 4])];
    let error = detect(&queries, &metadata(&[("names", &two)]), None).unwrap_err();
    assert!(matches!(error, LayoutError::Labels { classes: 91, labels: 2, .. }), "{error}");
}

#[test]
fn missing_and_absurd_outputs_are_refused() {
    assert!(detect(&[], &HashMap::new(), None).is_err());
    assert!(detect(&[info("o", &[])], &HashMap::new(), None).is_err());
    assert!(detect(&[info("o", &[1, i64::MAX, i64::MAX])], &HashMap::new(), None).is_err());
}

#[test]
fn yolov5_multiplies_objectness_and_class() {
    let layout = found(&[info("o", &[1, -1, 7])], &[], Some(&card("[output]\nlayout = \"yolov5\"")));
    #[rustfmt::skip]
    let data = [
        32.0, 20.0, 10.0, 20.0, 0.9, 0.2, 0.8,
        32.0, 20.0, 10.0, 20.0, 0.9, 0.2, 0.1,
        32.0, 20.0, 10.0, 20.0, 0.1, 1.0, 1.0,
    ];
    let got = decode(&layout, &[(&[1, 3, 7], &data)], 0.5);
    assert_eq!(got.len(), 1);
    assert_is(&got[0], [27.0, 10.0, 37.0, 30.0], 1, 0.72);
}

#[test]
fn yolov8_reads_columns_and_the_second_picture_of_a_batch() {
    let layout = found(&[info("o", &[-1, 6, -1])], &[], None);
    let anchors = 2500;
    let mut data = vec![0.0_f32; 2 * 6 * anchors];
    // Beyond the first block of anchors, in the second picture.
    for (row, value) in [32.0, 20.0, 10.0, 20.0, 0.3, 0.7].into_iter().enumerate() {
        data[(6 + row) * anchors + 2100] = value;
    }
    let outputs: [(&[usize], &[f32]); 1] = [(&[2, 6, anchors], &data)];
    assert!(decode_batch(&layout, &outputs, 0, 0.5).is_empty());
    let got = decode_batch(&layout, &outputs, 1, 0.5);
    assert_eq!(got.len(), 1);
    assert_is(&got[0], [27.0, 10.0, 37.0, 30.0], 1, 0.7);
}

#[test]
fn yolov8_ignores_the_mask_coefficients_of_a_segmentation_model() {
    let two = names(2);
    let layout = found(
        &[info("o", &[1, 9, 100]), info("masks", &[1, 3, 16, 16])],
        &[("task", "segment"), ("names", &two)],
        None,
    );
    let mut data = vec![0.0_f32; 900];
    for (row, value) in [32.0, 20.0, 10.0, 20.0, 0.6, 0.1, 9.0, 9.0, 9.0].into_iter().enumerate() {
        data[row * 100 + 5] = value;
    }
    let got = decode(&layout, &[(&[1, 9, 100], &data)], 0.5);
    assert_eq!(got.len(), 1);
    assert_is(&got[0], [27.0, 10.0, 37.0, 30.0], 0, 0.6);
}

#[test]
fn end_to_end_rows_need_no_conversion() {
    let layout = found(&[info("o", &[1, 300, 6])], &[], None);
    #[rustfmt::skip]
    let data = [
        1.0, 2.0, 30.0, 40.0, 0.8, 3.0,
        1.0, 2.0, 30.0, 40.0, 0.4, 3.0,
        0.0, 0.0, 0.0, 0.0, 0.9, -1.0,
    ];
    let got = decode(&layout, &[(&[1, 3, 6], &data)], 0.5);
    assert_eq!(got.len(), 1);
    assert_is(&got[0], [1.0, 2.0, 30.0, 40.0], 3, 0.8);
    assert!(!layout.needs_suppression());
}

#[test]
fn yolox_adds_the_cell_and_multiplies_by_its_stride() {
    let layout = found(&[info("o", &[1, 84, 7])], &[], Some(&card("[output]\nlayout = \"yolox\"")));
    let mut data = vec![0.0_f32; 84 * 7];
    // Stride 8 has 8×8 cells: cell 10 is column 2, line 1. Stride 16 begins at 64, 4×4: cell 70 is column 2, line 1.
    for cell in [10, 70] {
        data[cell * 7..][..7].copy_from_slice(&[0.5, 0.25, 2.0_f32.ln(), 0.0, 0.9, 0.8, 0.1]);
    }
    let got = decode(&layout, &[(&[1, 84, 7], &data)], 0.5);
    assert_eq!(got.len(), 2);
    assert_is(&got[0], [12.0, 6.0, 28.0, 14.0], 0, 0.72);
    assert_is(&got[1], [24.0, 12.0, 56.0, 28.0], 0, 0.72);
}

/// Logits of a distribution with all its weight on one distance.
fn peak(bins: usize, at: usize) -> Vec<f32> {
    (0..bins).map(|bin| if bin == at { 30.0 } else { 0.0 }).collect()
}

#[test]
fn nanodet_takes_the_mean_of_each_distribution() {
    let joined = card("labels = [\"a\", \"b\"]\n[output]\nlayout = \"nanodet\"\nreg_max = 3");
    let layout = found(&[info("o", &[1, 84, 18])], &[], Some(&joined));
    let mut data = vec![0.0_f32; 84 * 18];
    let mut sides: Vec<f32> = [1, 0, 2].iter().flat_map(|&at| peak(4, at)).collect();
    // Equal weight on 1 and 2.
    sides.extend([0.0, 30.0, 30.0, 0.0]);
    let row = &mut data[10 * 18..11 * 18];
    row[..2].copy_from_slice(&[0.1, 0.7]);
    row[2..].copy_from_slice(&sides);
    let got = decode(&layout, &[(&[1, 84, 18], &data)], 0.5);
    assert_eq!(got.len(), 1);
    // Anchor of column 2, line 1 of stride 8: 20, 12.
    assert_is(&got[0], [12.0, 12.0, 36.0, 24.0], 1, 0.7);
}

#[test]
fn nanodet_pairs_outputs_by_their_number_of_cells_in_any_order() {
    let two = card(
        "labels = [\"a\", \"b\"]\n[output]\nlayout = \"nanodet\"\nreg_max = 3\nscores = \"sigmoid\"\ncell_offset = 0.0",
    );
    let shapes: [[usize; 3]; 6] = [[1, 4, 16], [1, 16, 2], [1, 64, 16], [1, 4, 2], [1, 16, 16], [1, 64, 2]];
    let infos: Vec<_> = shapes.iter().map(|shape| info("o", &shape.map(|size| size as i64))).collect();
    let layout = found(&infos, &[], Some(&two));
    let mut data: Vec<Vec<f32>> =
        shapes.iter().map(|shape| vec![if shape[2] == 2 { -9.0 } else { 0.0 }; shape.iter().product()]).collect();
    // Stride 16, cell 6: column 2, line 1. Logit 0.4 is a score of 0.5987.
    data[1][6 * 2] = 0.4;
    let sides: Vec<f32> = [1, 1, 3, 0].iter().flat_map(|&at| peak(4, at)).collect();
    data[4][6 * 16..7 * 16].copy_from_slice(&sides);
    let outputs: Vec<(&[usize], &[f32])> =
        shapes.iter().zip(&data).map(|(shape, data)| (&shape[..], &data[..])).collect();
    let got = decode(&layout, &outputs, 0.5);
    assert_eq!(got.len(), 1);
    assert_is(&got[0], [16.0, 0.0, 80.0, 16.0], 0, 0.598_688);
}

#[test]
fn nanodet_pairs_are_detected_without_a_card() {
    let infos: Vec<_> = [[1, 2704, 80], [1, 676, 80], [1, 169, 80], [1, 2704, 32], [1, 676, 32], [1, 169, 32]]
        .iter()
        .map(|shape| info("o", shape))
        .collect();
    let layout = found(&infos, &[], None);
    assert_eq!((layout.name(), layout.classes()), (LayoutName::NanoDet, Some(80)));
}

#[test]
fn detr_scores_by_sigmoid_or_softmax() {
    let infos = [info("boxes", &[1, 2, 4]), info("logits", &[1, 2, 3])];
    let boxes = [0.5, 0.5, 0.25, 0.5, 0.0, 0.0, 0.0, 0.0];
    let logits = [-3.0, 1.0, -1.0, -5.0, -5.0, 4.0];
    let outputs: [(&[usize], &[f32]); 2] = [(&[1, 2, 4], &boxes), (&[1, 2, 3], &logits)];

    let layout = found(&infos, &[], None);
    let got = decode(&layout, &outputs, 0.5);
    assert_eq!(got.len(), 2);
    assert_is(&got[0], [24.0, 16.0, 40.0, 48.0], 1, 0.731_059);
    assert_eq!(got[1].class_index, 2);

    // The last class means "no object", which is the best class of the second query.
    let softmax = card("[output]\nscores = \"softmax\"");
    let layout = found(&infos, &[], Some(&softmax));
    assert_eq!(layout.classes(), Some(2));
    let got = decode(&layout, &outputs, 0.5);
    assert_eq!(got.len(), 1);
    // e^1 of e^-3 + e^1 + e^-1.
    assert_is(&got[0], [24.0, 16.0, 40.0, 48.0], 1, 0.866_813);
}

#[test]
fn detr_exports_with_labels_or_joined_rows_are_read() {
    let infos = [info("labels", &[1, 2]), info("boxes", &[1, 2, 4]), info("scores", &[1, 2])];
    let layout = found(&infos, &[], None);
    let outputs: [(&[usize], &[f32]); 3] =
        [(&[1, 2], &[7.0, 1.0]), (&[1, 2, 4], &[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 1.0, 1.0]), (&[1, 2], &[0.9, 0.1])];
    let got = decode(&layout, &outputs, 0.5);
    assert_eq!(got.len(), 1);
    assert_is(&got[0], [1.0, 2.0, 3.0, 4.0], 7, 0.9);

    let two = names(2);
    let layout = found(&[info("output0", &[1, 1, 6])], &[("names", &two)], Some(&card("[output]\nlayout = \"detr\"")));
    let got = decode(&layout, &[(&[1, 1, 6], &[0.5, 0.5, 0.5, 0.5, 0.1, 0.8])], 0.5);
    assert_is(&got[0], [16.0, 16.0, 48.0, 48.0], 1, 0.8);
}

#[test]
fn outputs_that_differ_from_the_declared_shapes_are_errors() {
    let layout = found(&[info("o", &[-1, 6, -1])], &[], None);
    let mut out = Vec::new();
    let mut run = |shape: &[usize], data: &[f32], batch: usize| {
        layout.decode(&[TensorView { shape, data }], batch, INPUT, 0.5, &mut out).unwrap_err()
    };
    assert!(matches!(run(&[1, 6, 10], &[0.0; 59], 0), LayoutDecodeError::Shape { len: 59, .. }));
    assert!(matches!(run(&[1, 7, 10], &[0.0; 70], 0), LayoutDecodeError::Shape { .. }));
    assert!(matches!(run(&[6, 10], &[0.0; 60], 0), LayoutDecodeError::Shape { .. }));
    assert!(matches!(run(&[1, 6, 10], &[0.0; 60], 1), LayoutDecodeError::Batch { batch: 1, got: 1, .. }));
    assert!(matches!(run(&[usize::MAX, usize::MAX, usize::MAX], &[0.0; 60], 3), LayoutDecodeError::Shape { .. }));
    assert!(matches!(layout.decode(&[], 0, INPUT, 0.5, &mut out), Err(LayoutDecodeError::Missing { .. })));
    let yolox = found(&[info("o", &[1, 84, 7])], &[], Some(&card("[output]\nlayout = \"yolox\"")));
    let error = yolox.decode(&[TensorView { shape: &[1, 85, 7], data: &[0.0; 595] }], 0, INPUT, 0.5, &mut out);
    assert_eq!(error, Err(LayoutDecodeError::Grid { output: 0, rows: 85, needed: 84 }));
}

#[test]
fn arbitrary_numbers_never_panic() {
    let mut random = StdRng::seed_from_u64(3);
    let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1.0, 0.0, 0.7, 1e30];
    let pairs = card("labels = [\"a\", \"b\"]\n[output]\nlayout = \"nanodet\"\nreg_max = 3\nscores = \"sigmoid\"");
    let yolox = card("[output]\nlayout = \"yolox\"");
    let softmax = card("[output]\nscores = \"softmax\"");
    let cases: Vec<(Layout, Vec<[usize; 3]>)> = vec![
        (found(&[info("o", &[1, 6, 84])], &[], None), vec![[1, 6, 84]]),
        (found(&[info("o", &[1, 126, 7])], &[], None), vec![[1, 126, 7]]),
        (found(&[info("o", &[1, 84, 6])], &[], None), vec![[1, 84, 6]]),
        (found(&[info("o", &[1, 84, 7])], &[], Some(&yolox)), vec![[1, 84, 7]]),
        (found(&[info("o", &[1, 84, 18])], &[], Some(&pairs)), vec![[1, 84, 18]]),
        (found(&[info("b", &[1, 20, 4]), info("l", &[1, 20, 3])], &[], Some(&softmax)), vec![[1, 20, 4], [1, 20, 3]]),
    ];
    for (layout, shapes) in cases {
        for _ in 0..50 {
            let data: Vec<Vec<f32>> = shapes
                .iter()
                .map(|shape| {
                    (0..shape.iter().product()).map(|_| values[random.random_range(0..values.len())]).collect()
                })
                .collect();
            let outputs: Vec<(&[usize], &[f32])> =
                shapes.iter().zip(&data).map(|(shape, data)| (&shape[..], &data[..])).collect();
            let found = decode(&layout, &outputs, 0.5);
            for detection in crate::nms::keep_strongest(found, 1000) {
                assert!(detection.score >= 0.5 && detection.rect.is_valid());
            }
        }
    }
}

#[test]
fn a_detected_layout_decodes_the_shapes_it_was_detected_from() {
    let mut random = StdRng::seed_from_u64(17);
    let sizes: [i64; 16] = [-1, 0, 1, 2, 4, 5, 6, 7, 8, 16, 32, 44, 84, 85, 300, 8400];
    let layouts = ["", "yolov5", "yolov8", "end2end", "yolox", "nanodet", "detr"];
    let mut detected = 0;
    for _ in 0..20_000 {
        let outputs: Vec<TensorInfo> = (0..random.random_range(0..4))
            .map(|at| {
                let rank = [2, 3, 3, 3, 4][random.random_range(0..5)];
                let shape: Vec<i64> = (0..rank).map(|_| sizes[random.random_range(0..sizes.len())]).collect();
                info(["boxes", "scores", "labels", "o"][at], &shape)
            })
            .collect();
        let label_count = [0, 1, 2, 4, 80][random.random_range(0..5)];
        let labels = if label_count == 0 { "[\"a\"]".to_owned() } else { names(label_count) };
        let output = match layouts[random.random_range(0..layouts.len())] {
            "" => String::new(),
            layout => format!("[output]\nlayout = \"{layout}\""),
        };
        let card = card(&format!("labels = {labels}\n{output}"));
        let Ok(layout) = detect(&outputs, &Metadata::new(), Some(&card)) else { continue };
        detected += 1;
        let shapes: Vec<Vec<usize>> = outputs
            .iter()
            .map(|output| output.shape.iter().map(|&size| usize::try_from(size).unwrap_or(1).max(1)).collect())
            .collect();
        let data: Vec<Vec<f32>> =
            shapes.iter().map(|shape| vec![0.5; shape.iter().product::<usize>().min(100_000)]).collect();
        let views: Vec<_> = shapes.iter().zip(&data).map(|(shape, data)| TensorView { shape, data }).collect();
        // An error is acceptable (the cells may not fit the grids of this input), a panic is not.
        let mut found = Vec::new();
        drop(layout.decode(&views, 0, INPUT, 0.3, &mut found));
        assert!(found.len() <= 100_000);
    }
    assert!(detected > 100, "{detected}");
}
