//! Models, cards and providers that cannot be used are refused at start, with an error that tells why.

use std::path::PathBuf;

use vru_infer::config::{ModelConfig, Provider};
use vru_infer::engine::Engine;
use vru_runtime::report;

use crate::support::{fixture, model_config};

fn refusal(config: &ModelConfig) -> String {
    match Engine::load(config) {
        Ok(engine) => panic!("{engine:?} was not refused"),
        Err(error) => report::chain(&error).to_string(),
    }
}

fn assert_contains(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn a_model_of_an_unknown_layout_is_refused_with_its_shapes() {
    let text = refusal(&model_config(fixture("not-a-layout.onnx")));
    assert_contains(&text, &["images", "64×64", "×10]"]);
}

#[test]
fn a_file_that_is_not_a_model_is_refused_with_the_error_of_onnx_runtime() {
    let text = refusal(&model_config(fixture("truncated.onnx")));
    assert_contains(&text, &["truncated.onnx", "is not a model", "Protobuf"]);
    let text = refusal(&model_config(fixture("README.md")));
    assert_contains(&text, &["README.md", "is not a model"]);
}

#[test]
fn the_error_names_a_missing_model_file() {
    assert_contains(&refusal(&model_config(PathBuf::from("/nowhere/model.onnx"))), &["/nowhere/model.onnx"]);
}

#[test]
fn an_invalid_card_is_refused_with_every_problem() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("card.toml");
    std::fs::write(&card, "name = ''\nversion = '1'\n[thresholds]\nscore = 2.0\n").unwrap();
    let text = refusal(&ModelConfig { card: Some(card), ..model_config(fixture("yolov8.onnx")) });
    assert_contains(&text, &["card.toml", "name", "thresholds.score"]);
}

#[test]
fn a_card_that_contradicts_the_model_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("card.toml");
    std::fs::write(&card, "name = 'a'\nversion = '1'\n[input]\nwidth = 320\nheight = 320\n").unwrap();
    let text = refusal(&ModelConfig { card: Some(card), ..model_config(fixture("yolov8.onnx")) });
    assert_contains(&text, &["64×64", "320×320"]);
}

#[test]
fn a_named_provider_that_cannot_load_is_an_error() {
    for provider in [Provider::Cuda, Provider::Tensorrt] {
        let text = refusal(&ModelConfig { provider, ..model_config(fixture("yolov8.onnx")) });
        assert_contains(&text, &[provider.name(), "execution provider"]);
    }
}

#[test]
fn auto_falls_back_to_the_cpu() {
    let config = ModelConfig { provider: Provider::Auto, ..model_config(fixture("yolov8.onnx")) };
    let engine = Engine::load(&config).unwrap();
    assert_eq!(engine.provider(), Provider::Cpu);
    let placed = &engine.io().placement;
    assert!(placed.iter().any(|share| share.provider == "CPUExecutionProvider" && share.nodes > 0), "{placed:?}");
}
