//! A model that cannot be used is refused at the start, with a description of the model.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use vru_runtime::test_util::{folder, require_asset, run_to_end};

/// A classifier: its output of 1000 numbers fits no layout of boxes.
const CLASSIFIER: &str = "
import sys, onnx
from onnx import TensorProto, helper
picture = helper.make_tensor_value_info('images', TensorProto.FLOAT, [1, 3, 64, 96])
scores = helper.make_tensor_value_info('scores', TensorProto.FLOAT, [1, 1000])
weights = helper.make_tensor('weights', TensorProto.FLOAT, [1, 1000], [0.0] * 1000)
mean = helper.make_node('ReduceMean', ['images'], ['mean'], axes=[1, 2, 3], keepdims=0)
add = helper.make_node('Add', ['mean', 'weights'], ['scores'])
graph = helper.make_graph([mean, add], 'classifier', [picture], [scores], [weights])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
";

fn run_with(model: &Path) -> Output {
    run_to_end("vru-infer", &["--model", model.to_str().unwrap()], &[("admin", "127.0.0.1:0")])
}

#[test]
fn a_model_of_an_unknown_layout_is_refused_with_its_shapes() {
    let model = folder("model").join("classifier.onnx");
    let made = Command::new(require_asset("venv/bin/python")).args(["-c", CLASSIFIER]).arg(&model).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let output = run_with(&model);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let last = text.lines().last().unwrap();
    for part in ["images", "64", "96", "scores", "1000"] {
        assert!(last.contains(part), "`{part}` is not in: {last}");
    }
}

#[test]
fn a_file_that_is_no_model_is_refused_with_its_path() {
    let model = folder("model").join("notes.onnx");
    fs::write(&model, "not a model").unwrap();
    let output = run_with(&model);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.lines().last().unwrap().contains("notes.onnx"), "{text}");
}

#[test]
fn a_missing_model_is_refused_with_its_path() {
    let output = run_with(Path::new("/nowhere/model.onnx"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
    assert!(text.contains("/nowhere/model.onnx"), "{text}");
}
