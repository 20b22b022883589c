//! Outputs of models that select the objects themselves: separate outputs, and lists of all pictures.

use super::*;

/// Labels, boxes and scores as separate outputs, the object in the first row.
fn selected(columns: usize, edges: [f32; 4]) -> Vec<Output> {
    let mut boxes = vec![0.0; 100 * columns];
    boxes[..4].copy_from_slice(&edges);
    let mut scores = vec![0.0; 100];
    if columns == 5 {
        boxes[4] = 0.9;
    }
    scores[0] = 0.9;
    let all = [
        output("boxes", &[1, 100, columns as i64], &[1, 100, columns], boxes),
        output("labels", &[1, 100], &[1, 100], vec![0.0; 100]),
        output("scores", &[1, 100], &[1, 100], scores),
    ];
    all.into_iter().take(if columns == 5 { 2 } else { 3 }).collect()
}

#[test]
fn separate_outputs_are_read_with_the_score_in_the_box_or_beside_it() {
    for columns in [4, 5] {
        assert_eq!(assert_found(&selected(columns, EDGES), &[], NAMES), LayoutName::Detr);
    }
    let fractions = [EDGES[0] / 640.0, EDGES[1] / 384.0, EDGES[2] / 640.0, EDGES[3] / 384.0];
    assert_found(&selected(4, fractions), &[], NAMES);
    // A card may call NMS in the model by its name.
    let card = Some("labels = [\"person\", \"car\"]\n[output]\nlayout = \"end2end\"");
    assert_found(&selected(4, EDGES), &[], card);
    let turned = Some("labels = [\"person\", \"car\"]\n[output]\nboxes = \"yxyx\"");
    assert_found(&selected(4, [EDGES[1], EDGES[0], EDGES[3], EDGES[2]]), &[], turned);
}

#[test]
fn tensorflow_names_its_boxes_with_the_vertical_edge_first() {
    let mut outputs = selected(4, [EDGES[1] / 384.0, EDGES[0] / 640.0, EDGES[3] / 384.0, EDGES[2] / 640.0]);
    for (output, name) in outputs.iter_mut().zip(["detection_boxes:0", "detection_classes:0", "detection_scores:0"]) {
        output.name = name;
    }
    assert_found(&outputs, &[], NAMES);
}

#[test]
fn separate_outputs_whose_numbers_are_something_else_are_refused() {
    let with = |at: usize, numbers: Vec<f32>| {
        let mut outputs = selected(4, EDGES);
        outputs[at].data = numbers;
        refusal(&outputs, &[], NAMES)
    };
    let text = with(0, [288.0, 128.0, 64.0, 128.0].repeat(100));
    assert!(text.contains("output.boxes"), "left, top and size: {text}");
    let text = with(1, [vec![0.9], vec![0.0; 99]].concat());
    assert!(text.contains("no index"), "labels and scores exchanged: {text}");
    let text = with(2, vec![90.0; 100]);
    assert!(text.contains("no probabilities"), "per cent: {text}");
    let text = with(1, vec![2.0; 100]);
    assert!(text.contains("2 labels"), "classes that count from 1: {text}");
}

#[test]
fn rows_beyond_the_number_that_nms_kept_are_not_read() {
    let mut outputs = selected(4, EDGES);
    // What was in memory before.
    outputs[0].data[4..8].copy_from_slice(&[1.0, 1.0, 9.0, 9.0]);
    outputs[2].data[1] = 0.8;
    for shape in [&[1_usize][..], &[1, 1]] {
        let declared: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
        outputs.truncate(3);
        outputs.push(output("num_dets", &declared, shape, vec![1.0]));
        assert_found(&outputs, &[], NAMES);
    }
    outputs[3].data[0] = f32::NAN;
    let layout = detect(&outputs, &[], NAMES).unwrap();
    assert!(decode(&layout, &outputs, 0.5).is_empty(), "a number that is none");
}

#[test]
fn lists_of_all_pictures_give_each_picture_its_own_rows() {
    let other = [8.0, 8.0, 40.0, 80.0];
    let indexed = |score_first: bool| {
        let tail = |class: f32, score: f32| if score_first { [score, class] } else { [class, score] };
        let row = |picture: f32, edges: [f32; 4], last: [f32; 2]| [&[picture][..], &edges, &last].concat();
        let rows = [row(0.0, EDGES, tail(0.0, 0.9)), row(1.0, other, tail(1.0, 0.8))].concat();
        vec![output("output", &[-1, 7], &[2, 7], rows)]
    };
    let counted = || {
        let rows = [&[0.0, 0.9][..], &EDGES, &[1.0, 0.8], &other].concat();
        vec![output("tmp_0", &[-1, 6], &[2, 6], rows), output("tmp_2", &[-1], &[2], vec![1.0, 1.0])]
    };
    for outputs in [indexed(false), indexed(true), counted()] {
        assert_eq!(assert_found(&outputs, &[], NAMES), LayoutName::End2End);
        let layout = detect(&outputs, &[], NAMES).unwrap();
        let mut second = Vec::new();
        layout.decode(&views(&outputs), 1, INPUT, 0.5, &mut second).unwrap();
        let [only] = second[..] else { panic!("{second:?}") };
        assert!((only.rect.left - 8.0).abs() < 0.01 && only.class_index == 1, "{only:?}");
    }
    let mut short = counted();
    short[1].data[1] = 5.0;
    let layout = detect(&short, &[], NAMES).unwrap();
    assert!(layout.decode(&views(&short), 1, INPUT, 0.5, &mut Vec::new()).is_err(), "more rows than there are");
}

#[test]
fn a_list_that_does_not_show_which_number_is_the_class_is_refused() {
    for rows in [vec![], [&[0.0][..], &EDGES, &[1.0, 1.0]].concat()] {
        let outputs = [output("output", &[-1, 7], &[rows.len() / 7, 7], rows)];
        let text = refusal(&outputs, &[], NAMES);
        assert!(text.contains("class or score"), "{text}");
    }
}
