//! Section `model`.

use std::path::PathBuf;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// The environment variable that names the model if the configuration does not.
pub const MODEL_PATH: &str = "MODEL_PATH";

/// The execution provider: the part of ONNX Runtime that computes the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The first of `tensorrt`, `cuda` and `cpu` that loads.
    #[default]
    Auto,
    Tensorrt,
    Cuda,
    Cpu,
}

impl Provider {
    /// The name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tensorrt => "tensorrt",
            Self::Cuda => "cuda",
            Self::Cpu => "cpu",
        }
    }
}

/// No model is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no model is named: set model.path or the environment variable MODEL_PATH")]
pub struct NoModel;

/// The model and how it is run.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// The ONNX file. If empty, the environment variable `MODEL_PATH` names it (default empty).
    pub path: PathBuf,
    /// The model card (TOML). Default: the file beside the model with the extension `.toml`, if it exists. Settings that are
    /// not in a card are read from the model's own metadata and shapes.
    pub card: Option<PathBuf>,
    /// ONNX Runtime's shared library. Default: the environment variable `ORT_DYLIB_PATH`, else the library that setup
    /// fetched, else `libonnxruntime.so` on the system's library path.
    pub onnxruntime: Option<PathBuf>,
    /// `auto`, `tensorrt`, `cuda` or `cpu` (default `auto`). If a named provider does not load, the service does not start:
    /// there is no fallback.
    pub provider: Provider,
    /// Number of the GPU, from 0 (default 0).
    pub device: i32,
    /// Lets TensorRT compute in half precision (default true).
    pub fp16: bool,
    /// The folder where TensorRT keeps built engines and timings, which take minutes to make. Default: `engines` in the cache
    /// folder. Engines that were not used for 90 days are deleted.
    pub engine_cache: Option<PathBuf>,
    /// How large the engines of all models together may be, in MiB: beyond that, those that were used the longest ago and are not in use
    /// are deleted (default 16384).
    pub engine_cache_mib: u64,
    /// Workspace of TensorRT's builder, and memory limit of CUDA's arena, in MiB (default 4096).
    pub gpu_memory_mib: usize,
    /// The batch sizes that a GPU's engine is built and warmed up for, rising. A batch is padded to the next size (default 1,
    /// 4, 8, 16).
    pub batch_profiles: Vec<usize>,
    /// Threads that compute one operator on the CPU; 0: one for each core (default 0).
    pub threads: usize,
    /// The minimum score of an object, 0 to 1. Default: from the model card.
    pub score_threshold: Option<f32>,
    /// The overlap (IoU) above which two boxes of a class count as one object, 0 to 1. Default: from the model card.
    pub iou_threshold: Option<f32>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            card: None,
            onnxruntime: None,
            provider: Provider::Auto,
            device: 0,
            fp16: true,
            engine_cache: None,
            engine_cache_mib: 16_384,
            gpu_memory_mib: 4096,
            batch_profiles: vec![1, 4, 8, 16],
            threads: 0,
            score_threshold: None,
            iou_threshold: None,
        }
    }
}

impl ModelConfig {
    /// The defaults, with this model file.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// The model's file: the setting, else the environment variable `MODEL_PATH`.
    pub fn model_path(&self) -> Result<PathBuf, NoModel> {
        if !self.path.as_os_str().is_empty() {
            return Ok(self.path.clone());
        }
        let named = std::env::var_os(MODEL_PATH).filter(|value| !value.is_empty());
        named.map(PathBuf::from).ok_or(NoModel)
    }
}

impl Validate for ModelConfig {
    fn validate(&self, problems: &mut Problems) {
        match self.model_path() {
            Ok(path) => problems.require(path.is_file(), "path", format!("{} is not a file", path.display())),
            Err(error) => problems.at("path", error),
        }
        for (key, path) in [("card", &self.card), ("onnxruntime", &self.onnxruntime)] {
            if let Some(path) = path {
                problems.require(path.is_file(), key, format!("{} is not a file", path.display()));
            }
        }
        problems.require(self.device >= 0, "device", "is negative");
        let cache = 1..=1 << 30;
        problems.require(cache.contains(&self.engine_cache_mib), "engine_cache_mib", "is not 1 to 1073741824");
        problems.require(self.gpu_memory_mib >= 256, "gpu_memory_mib", "is less than 256");
        problems.require(self.threads <= 1_024, "threads", "is more than 1024");
        let profiles = &self.batch_profiles;
        let rising = profiles.windows(2).all(|pair| pair[0] < pair[1]);
        let sane = profiles.iter().all(|size| (1..=256).contains(size));
        let good = !profiles.is_empty() && rising && sane;
        problems.require(good, "batch_profiles", format!("is {profiles:?}, not a rising list of 1 to 256"));
        for (key, value) in [("score_threshold", self.score_threshold), ("iou_threshold", self.iou_threshold)] {
            if let Some(value) = value {
                problems.require((0.0..=1.0).contains(&value), key, format!("is {value}, not 0 to 1"));
            }
        }
    }
}
