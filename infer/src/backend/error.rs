//! Errors of a backend.

use std::path::PathBuf;

use super::io::{TensorPort, describe};

/// A backend could not be created, or a run failed. Only [`BackendError::Run`] may be temporary.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// ONNX Runtime is missing, or has a version that this program cannot use.
    #[error(
        "cannot load ONNX Runtime from {}: run `make setup`, set model.onnxruntime or ORT_DYLIB_PATH",
        path.display()
    )]
    Library {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{} is not a model that ONNX Runtime can load", path.display())]
    Model {
        path: PathBuf,
        #[source]
        source: ::ort::Error,
    },
    #[error("the loaded ONNX Runtime was built without the execution provider {provider}")]
    ProviderNotBuilt { provider: &'static str },
    /// There is no GPU or no driver, or a library is missing.
    #[error("execution provider {provider} does not load on this host")]
    Provider {
        provider: &'static str,
        #[source]
        source: ::ort::Error,
    },
    /// The provider loads, but computes no node of this model.
    #[error("execution provider {provider} computes no node of the model; placed: {placed}")]
    ProviderUnused {
        provider: &'static str,
        /// How many nodes each provider computes.
        placed: String,
    },
    /// ONNX Runtime refused a setting of the session.
    #[error("cannot configure the ONNX Runtime session")]
    Configure(#[source] ::ort::Error),
    #[error("cannot create the folder for TensorRT engines {}", path.display())]
    EngineCache {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} has no room for a TensorRT engine: free {mebibytes} MiB, or set another folder in model.engine_cache", path.display())]
    EngineCacheFull {
        path: PathBuf,
        /// The space that an engine may need.
        mebibytes: u64,
        #[source]
        source: std::io::Error,
    },
    /// The model has no input for pictures, or others whose meaning is unknown.
    #[error(
        "the model's inputs are not one picture: {}; unknown: {}; export it so that it takes the picture alone, \
         or beside it only sizes [N×2] named orig_target_sizes, im_shape or scale_factor",
        describe(inputs),
        describe(unknown)
    )]
    Inputs { inputs: Vec<TensorPort>, unknown: Vec<TensorPort> },
    /// The input is not a picture.
    #[error("the model's input does not take pictures ({problem}): {input}; outputs: {}", describe(outputs))]
    Input {
        problem: String,
        input: Box<TensorPort>,
        /// Shown so that the reader recognises the model.
        outputs: Vec<TensorPort>,
    },
    #[error("the input {input} takes a size, but a test run does not show whether the width or the height comes first")]
    SizesOrder { input: Box<TensorPort> },
    #[error("output {output} has {numbers} numbers per picture, more than {limit}")]
    OutputSize { output: String, numbers: usize, limit: usize },
    #[error("the model failed on a batch of {batch} pictures")]
    Run {
        batch: usize,
        #[source]
        source: ::ort::Error,
    },
    #[error("output {output} has the unsupported type {type_name}")]
    OutputType { output: String, type_name: String },
    /// The test made the fake backend fail.
    #[error("the fake backend fails on request")]
    Fake,
}

impl BackendError {
    /// Whether another provider may succeed with the same model.
    pub(super) fn may_be_the_provider(&self) -> bool {
        !matches!(
            self,
            Self::Model { .. }
                | Self::Inputs { .. }
                | Self::Input { .. }
                | Self::SizesOrder { .. }
                | Self::OutputSize { .. }
        )
    }
}
