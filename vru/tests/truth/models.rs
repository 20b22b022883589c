//! Whatever model loads finds the right boxes; what the program cannot know about a model, it refuses.
//!
//! `models/fixtures/make_truth_models.py` makes the models, in the forms that exporters give them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use vru_runtime::test_util::{folder, require_asset};

use crate::analysis::{Analyse, Analysis};
use crate::videos::make;

/// The folder with the models, made once.
fn models() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = folder("models");
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("models/fixtures/make_truth_models.py");
        let made = Command::new(require_asset("venv/bin/python")).arg(script).arg(&folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        folder
    })
}

/// Two frames of one colour.
fn video(colour: &str, width: u32, height: u32) -> PathBuf {
    let source = format!("-f lavfi -i color={colour}:s={width}x{height}:r=2:d=1 -c:v libx264 -pix_fmt yuv420p");
    make("plain.mp4", &source)
}

fn analyse(name: &str, width: u32, height: u32) -> Analysis {
    let model = models().join(format!("{name}.onnx"));
    assert!(model.is_file(), "{name} is not made");
    Analyse::model(&video("gray", width, height), &model).run()
}

/// One pedestrian with the score 0.9 in the middle of the picture, a quarter wide and half high.
fn assert_found(name: &str, width: u32, height: u32) -> String {
    let analysis = analyse(name, width, height);
    assert!(analysis.status.success(), "{name}: {}", analysis.log);
    assert_eq!(analysis.frames.len(), 2, "{name}: {}", analysis.log);
    for frame in &analysis.frames {
        let [object] = &frame.objects[..] else { panic!("{name}: {frame:?}") };
        assert_eq!(object.class, "pedestrian", "{name}");
        assert!((object.score - 0.9).abs() < 0.01, "{name}: {object:?}");
        let (across, down) = (width as f32, height as f32);
        let want = [0.375 * across, 0.25 * down, 0.25 * across, 0.5 * down];
        let near = object.r#box.iter().zip(want).all(|(got, want)| (got - want).abs() < 0.6);
        assert!(near, "{name}: {object:?} is not at {want:?}");
    }
    analysis.log
}

fn assert_refused(name: &str, words: &[&str]) {
    let analysis = analyse(name, 128, 128);
    assert_eq!(analysis.status.code(), Some(1), "{name}: {}", analysis.log);
    assert!(analysis.frames.is_empty(), "{name}");
    for word in words {
        assert!(analysis.log.contains(word), "{name}: `{word}` is not in {}", analysis.log);
    }
}

#[test]
fn suppression_inside_the_model_is_read_for_every_task() {
    for name in [
        "detect-end2end",
        "detect-nms",
        "detect-nms-free",
        "detect-nms-few-rows",
        "two-classes-end2end",
        "two-classes-end2end-stated",
        "one-class-end2end-free",
        "pose-end2end",
        "pose-nms",
        "segment-end2end",
    ] {
        assert_found(name, 128, 128);
    }
}

#[test]
fn tasks_without_upright_boxes_are_refused_with_task_and_shapes() {
    assert_refused("obb-end2end", &["obb", "output0 [?×300×7]", "card"]);
    assert_refused("obb-raw", &["obb", "output0 [?×8×84]"]);
    assert_refused("classify", &["classify", "output0 [?×3]"]);
}

#[test]
fn detections_that_the_model_selects_are_read_in_every_form() {
    for name in [
        "yolov7-counted",
        "yolo-nas-batch",
        "yolov7-flat",
        "yolo-nas-flat",
        "mmdetection",
        "tensorflow",
        "ssd-fractions",
        "paddle-ppyoloe",
    ] {
        assert_found(name, 128, 128);
    }
    assert_found("paddle-rtdetr", 320, 192);
    assert_refused("flat-empty", &["class or score", "output [0×7]"]);
    assert_refused("flat-unclear", &["class or score", "output [1×7]"]);
    assert_refused("yolov7-plugin", &["EfficientNMS_TRT"]);
    assert_refused("ssd-corner-and-size", &["output.boxes", "bboxes [1×50×4]"]);
    assert_refused("ssd-exchanged", &["class index is 0.9"]);
    assert_refused("torchvision", &["torchvision", "no card can change this", "boxes [1×4]"]);
    assert_refused("torchvision-without-batch", &["four dimensions", "boxes: f32 [1×4]"]);
}

#[test]
fn other_detectors_are_read_or_refused_with_what_to_do() {
    for name in [
        "yolov7-grid",
        "yolov5-with-heads",
        "yolov6-named",
        "damo-yolo",
        "paddle-without-nms",
        "picodet",
        "detr-softmax",
    ] {
        assert_found(name, 128, 128);
    }
    assert_refused("yolov5-heads", &["last step", "no card can change this", "head8 [1×3×8×8×8]"]);
    assert_refused("detr-softmax-unstated", &["no object", "output.scores"]);
}

#[test]
fn models_of_other_tasks_are_refused_without_metadata_too() {
    assert_refused("depth", &["depth [1×64×64]", "no known layout"]);
    assert_refused("semantic", &["classes [1×21×64×64]", "no card can change this"]);
    assert_refused("key-point-axes", &["simcc_x [1×17×128]", "no known layout"]);
    assert_refused("obb-unnamed", &["output0 [?×8×84]", "3 classes (the number of labels)"]);
    assert_refused("face-landmarks", &["landms [1×84×10]", "no known layout"]);
}

#[test]
fn key_points_and_masks_are_no_classes() {
    for name in ["pose-raw", "pose-raw-card", "segment-raw", "segment-raw-unnamed", "yolov5-segment"] {
        assert_found(name, 128, 128);
    }
    assert_refused("pose-raw-unnamed", &["no probabilities", "card", "output0 [?×56×84]"]);
}

#[test]
fn yolo_outputs_are_told_apart_by_their_rows_and_numbers() {
    for name in [
        "one-class-yolov5-free",
        "one-class-yolov8-free",
        "yolov8-transposed",
        "yolov8-square",
        "yolov8-fractions",
        "dense-two-outputs",
    ] {
        assert_found(name, 128, 128);
    }
    assert_refused("yolov8-logits", &["no probabilities", "output0 [?×7×84]", "detect"]);
    assert_refused("class-before-score", &["score follows the class", "output0"]);
    assert_refused("class-beyond-labels", &["class index is 7", "3 labels"]);
}

#[test]
fn what_is_decoded_already_is_not_decoded_again() {
    for name in
        ["yolox-raw", "yolox-decoded", "yolox-raw-unnamed", "yolov6-unnamed", "nanodet-logits", "nanodet-activated"]
    {
        assert_found(name, 128, 128);
    }
    assert_refused("yolox-decoded-against-card", &["output.decoded"]);
    assert_refused("nanodet-against-card", &["output.scores"]);
}

#[test]
fn detection_transformers_are_read_in_every_form_of_scores_and_boxes() {
    for name in [
        "detr-logits",
        "detr-activated",
        "detr-edges",
        "detr-pixels",
        "detr-80-unnamed",
        "detr-joined",
        "detr-joined-two-classes",
    ] {
        assert_found(name, 128, 128);
    }
    assert_refused("fractions-two-classes", &["end2end", "detr", "output.layout", "output0 [?×300×6]"]);
}

#[test]
fn exports_that_take_the_size_of_the_picture_get_the_size_that_they_mean() {
    for name in ["dfine-official", "dfine-official-fixed", "dfine-int32", "dfine-float"] {
        assert_found(name, 128, 128);
    }
    for name in ["dfine-rectangle", "dfine-rectangle-height-first"] {
        assert_found(name, 320, 192);
    }
    assert_refused("mask-input", &["pixel_mask", "orig_target_sizes"]);
}

#[test]
fn unnamed_classes_get_the_names_of_coco_and_a_warning() {
    for name in ["unnamed-80", "unnamed-1", "unnamed-91"] {
        let log = assert_found(name, 128, 128);
        assert!(log.contains("the names of COCO are assumed"), "{name}: {log}");
    }
    assert_refused("unnamed-5", &["there are 5", "labels", "output0"]);
    assert_refused("unnamed-end2end", &["their number is unknown", "labels"]);
    assert_refused("unreadable-names", &["labels"]);
    assert_refused("fewer-names", &["2 classes (the number of labels)"]);
}

#[test]
fn free_and_rectangular_inputs_keep_their_shape() {
    for name in ["free-rectangle", "fixed-rectangle", "free-rectangle-channels-last", "fixed-rectangle-channels-last"] {
        assert_found(name, 320, 192);
    }
}

#[test]
fn bytes_and_floats_see_the_same_brightness() {
    let brightness = |name: &str, colour: &str| {
        let model = models().join(format!("{name}.onnx"));
        let analysis = Analyse::model(&video(colour, 128, 128), &model).succeed();
        analysis.frames[0].score("pedestrian")
    };
    for (colour, least) in [("white", 0.9), ("silver", 0.65)] {
        let (bytes, floats) = (brightness("bright-bytes", colour), brightness("bright-floats", colour));
        assert!(bytes > least && bytes < least + 0.2, "{colour}: {bytes}");
        assert!((bytes - floats).abs() < 0.01, "{colour}: {bytes}, {floats}");
    }
}

#[test]
fn outputs_without_bound_are_refused() {
    assert_refused("huge-declared", &["output0", "42000000"]);
    assert_refused("huge-free", &["output0", "42000000"]);
}

#[test]
fn the_start_up_check_says_how_many_road_users_the_model_finds_and_warns_at_none() {
    let warning = "finds no road user on the street picture";
    let log = assert_found("detect-end2end", 128, 128);
    assert!(!log.contains(warning), "{log}");
    let blind = analyse("nothing-found", 128, 128);
    assert!(blind.status.success() && blind.log.contains(warning), "{}", blind.log);
}

/// The version in the summary of an analysis.
fn version(model: &Path) -> String {
    let log = Analyse::model(&video("gray", 128, 128), model).succeed().log;
    let (_, rest) = log.split_once("\"model\":\"external ").unwrap_or_else(|| panic!("no model in {log}"));
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn the_version_changes_with_weights_in_another_file_and_with_a_card_too() {
    let folder = folder("external");
    let [model, weights] = ["external.onnx", "external.bin"].map(|name| folder.join(name));
    for name in ["external.onnx", "external.bin"] {
        fs::copy(models().join(name), folder.join(name)).unwrap();
    }
    let before = version(&model);
    assert_eq!(version(&model), before);
    let mut bytes = fs::read(&weights).unwrap();
    // The left edge of the box.
    let at = bytes.windows(4).position(|number| number == 24.0_f32.to_le_bytes()).unwrap();
    bytes[at..at + 4].copy_from_slice(&25.0_f32.to_le_bytes());
    fs::write(&weights, bytes).unwrap();
    let after = version(&model);
    assert_ne!(after, before);
    fs::write(folder.join("external.toml"), "name = \"external\"\nversion = \"7\"\n").unwrap();
    assert_eq!(version(&model), format!("7+{after}"));
}
