//! Section `model`.

use std::path::PathBuf;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

use crate::error::EngineError;

/// The environment variable that names the model where the configuration does not.
pub const MODEL_PATH: &str = "MODEL_PATH";

/// What runs the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The first of the others that loads, in their order.
    #[default]
    Auto,
    /// NVIDIA TensorRT.
    Tensorrt,
    /// NVIDIA CUDA.
    Cuda,
    /// The processor.
    Cpu,
}

impl Provider {
    /// The name that configuration uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Tensorrt => "tensorrt",
            Self::Cuda => "cuda",
            Self::Cpu => "cpu",
        }
    }
}

/// Which model, and what runs it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// The ONNX file. Empty: the environment variable `MODEL_PATH` names it (default).
    pub path: PathBuf,
    /// The model card (TOML). Default: the file beside the model with the ending `.toml`, if there is one; what no card says
    /// is read from the model's own metadata and shapes.
    pub card: Option<PathBuf>,
    /// ONNX Runtime's shared library. Default: the environment variable `ORT_DYLIB_PATH`, else the one that setup fetched,
    /// else `libonnxruntime.so` as the system finds it.
    pub onnxruntime: Option<PathBuf>,
    /// `auto`, `tensorrt`, `cuda` or `cpu` (default `auto`). A named one that does not load is an error, never replaced.
    pub provider: Provider,
    /// Which GPU, from 0 (default 0).
    pub device: i32,
    /// TensorRT computes in half precision where it can (default true).
    pub fp16: bool,
    /// Where TensorRT keeps built engines and timings, which take minutes to make. Default: `engines` in the cache folder.
    pub engine_cache: Option<PathBuf>,
    /// Workspace of TensorRT's builder and memory limit of CUDA's arena, MiB (default 4096).
    pub gpu_memory_mib: usize,
    /// The batch sizes that a GPU's engine is built and warmed up for; a batch is padded to the next (default 1, 4, 8, 16).
    pub batch_profiles: Vec<usize>,
    /// Threads of one operator on the processor; 0: one for each core (default 0).
    pub threads: usize,
    /// The least score of an object, 0 to 1. Default: what the model card says.
    pub score_threshold: Option<f32>,
    /// Overlap (IoU) above which two boxes of a class are one object, 0 to 1. Default: what the model card says.
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
            gpu_memory_mib: 4096,
            batch_profiles: vec![1, 4, 8, 16],
            threads: 0,
            score_threshold: None,
            iou_threshold: None,
        }
    }
}

impl ModelConfig {
    /// The model in that file, and defaults.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// The model's file: the setting, else `MODEL_PATH`.
    pub fn model_path(&self) -> Result<PathBuf, EngineError> {
        if !self.path.as_os_str().is_empty() {
            return Ok(self.path.clone());
        }
        let named = std::env::var_os(MODEL_PATH).filter(|value| !value.is_empty());
        named.map(PathBuf::from).ok_or(EngineError::NoModel)
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
