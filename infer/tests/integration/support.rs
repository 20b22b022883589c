//! Helpers for several test files.

use std::path::{Path, PathBuf};

use vru_infer::config::{ModelConfig, Provider};
use vru_infer::engine::Engine;

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}

/// A file of `models/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    let path = repository().join("models/fixtures").join(name);
    assert!(path.is_file(), "{} is missing: run `make fixtures`", path.display());
    path
}

/// A file that `make setup` fetched.
pub fn asset(relative: &str) -> PathBuf {
    vru_runtime::assets::require(relative).unwrap_or_else(|error| panic!("{error}"))
}

/// The configuration of a model on the CPU, with the ONNX Runtime that setup fetched.
pub fn model_config(path: PathBuf) -> ModelConfig {
    ModelConfig {
        onnxruntime: Some(asset("onnxruntime/libonnxruntime.so")),
        provider: Provider::Cpu,
        ..ModelConfig::of(path)
    }
}

/// The demo's model.
pub fn nanodet() -> Engine {
    Engine::load(&model_config(asset("models/nanodet-g.onnx"))).unwrap()
}
