//! Runs a small ONNX file of each output layout in the real ONNX Runtime, and compares the detections with those of a reference
//! in NumPy.

use serde::Deserialize;
use vru_infer::config::ModelConfig;
use vru_infer::engine::Engine;
use vru_infer::picture::Picture;
use vru_vision::detection::Detection;
use vru_vision::image::Image;
use vru_vision::road_user::{ObjectKind, RoadUserClass};

use crate::support::{fixture, model_config};

/// How far a box may be from the expected one, in pixels.
const PIXELS: f32 = 0.01;
/// How far a score may be from the expected one.
const SCORE: f32 = 0.002;

#[derive(Deserialize)]
struct Expected {
    model: String,
    layout: String,
    picture: Colour,
    thresholds: Thresholds,
    detections: Vec<Found>,
}

#[derive(Deserialize)]
struct Colour {
    width: u32,
    height: u32,
    rgb: [u8; 3],
}

#[derive(Deserialize)]
struct Thresholds {
    score: f32,
    iou: f32,
}

#[derive(Debug, Deserialize)]
struct Found {
    label: String,
    score: f32,
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

impl Found {
    fn class(&self) -> RoadUserClass {
        match ObjectKind::from_label(&self.label) {
            Some(ObjectKind::Person) => RoadUserClass::Pedestrian,
            Some(ObjectKind::RoadUser(class)) => class,
            other => panic!("{} is {other:?}", self.label),
        }
    }

    fn matches(&self, detection: &Detection) -> bool {
        let rect = detection.rect;
        let near = |a: f32, b: f32| (a - b).abs() <= PIXELS;
        self.class() == detection.class
            && (self.score - detection.score).abs() <= SCORE
            && near(self.left, rect.left)
            && near(self.top, rect.top)
            && near(self.width, rect.width)
            && near(self.height, rect.height)
    }
}

fn check(name: &str) {
    let text = std::fs::read_to_string(fixture(&format!("{name}.json"))).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let config = ModelConfig {
        score_threshold: Some(expected.thresholds.score),
        iou_threshold: Some(expected.thresholds.iou),
        ..model_config(fixture(&expected.model))
    };
    let mut engine =
        Engine::load(&config).unwrap_or_else(|error| panic!("{name}: {}", vru_runtime::report::chain(&error)));
    let layout = format!("{:?}", engine.model().layout.name()).to_lowercase();
    assert_eq!(layout, expected.layout, "{name}");
    let Colour { width, height, rgb } = expected.picture;
    let picture = Picture::new(Image::filled(width, height, rgb));
    let limit = engine.max_batch(3);
    engine.warm_up(limit).unwrap();
    // Each picture of a batch has its own detections.
    for found in engine.infer(&[&picture, &picture, &picture]).unwrap() {
        assert_eq!(found.len(), expected.detections.len(), "{name}: {found:#?} instead of {:#?}", expected.detections);
        for wanted in &expected.detections {
            assert!(found.iter().any(|detection| wanted.matches(detection)), "{name}: {wanted:?} is not in {found:#?}");
        }
    }
}

macro_rules! fixtures {
    ($($test:ident: $name:literal,)*) => {
        $(#[test]
        fn $test() {
            check($name);
        })*

        #[test]
        fn every_fixture_has_a_test() {
            let tested = [$($name),*];
            let folder = fixture("README.md").parent().unwrap().to_owned();
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "json") {
                    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                    assert!(tested.contains(&name.as_str()), "{name} has no test");
                }
            }
        }
    };
}

fixtures! {
    yolov5_objectness_and_classes: "yolov5",
    yolov8_classes_without_objectness: "yolov8",
    yolov8_with_a_fixed_batch: "yolov8-fixed-batch",
    yolov8_with_a_free_size: "yolov8-free-size",
    end_to_end_output_keeps_its_duplicates: "end2end",
    yolox_grid_is_decoded: "yolox",
    nanodet_in_six_outputs: "nanodet",
    nanodet_plus_joined: "nanodet-plus",
    rtdetr_queries: "rtdetr",
    rtdetr_joined: "rtdetr-joined",
    rfdetr_boxes_and_scores_of_one_shape: "rfdetr",
    dfine_with_postprocessing_inside: "dfine",
    single_precision_input: "colour-f32",
    half_precision_input_and_output: "colour-f16",
    bytes_as_input: "colour-u8",
    blue_first_with_mean_and_deviation: "colour-bgr",
}
