//! What computes a model: ONNX Runtime, and a fake for tests.

mod engine_cache;
pub mod fake;
mod library;
mod ort;
mod placement;
pub mod provider;
mod tensor;

use std::collections::BTreeMap;
use std::path::PathBuf;

use vru_vision::letterbox::Element;

use crate::config::Provider;

pub use self::ort::OrtBackend;
pub use placement::NodeShare;
pub use tensor::{OutputTensor, TensorData};

/// Computes one model.
///
/// The contract: a picture's outputs depend on that picture alone, not on what else is in the batch, so that a replay gives
/// what the first run gave. A backend is driven by one thread. A failed run leaves it usable; whether the same input would
/// fail again is not known, so callers give a batch up after a few tries.
pub trait Backend: Send {
    /// The model's inputs, outputs and metadata, and what computes it.
    fn io(&self) -> &ModelIo;

    /// Computes `batch` pictures that lie one after the other in `input`. Each output's first dimension is the batch.
    fn run(&mut self, batch: usize, input: &TensorData) -> Result<Vec<OutputTensor>, BackendError>;
}

/// A model's inputs, outputs and metadata, and what computes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelIo {
    /// The input.
    pub input: TensorPort,
    /// The outputs, in the model's order.
    pub outputs: Vec<TensorPort>,
    /// The ONNX file's own key-value pairs.
    pub metadata: BTreeMap<String, String>,
    /// Never `auto`.
    pub provider: Provider,
    /// Which provider computes how many nodes; empty where that is not known.
    pub placement: Vec<NodeShare>,
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPort {
    /// Its name.
    pub name: String,
    /// Its dimensions; -1 where free.
    pub dims: Vec<i64>,
    /// Its numbers; none where we do not compute with them.
    pub element: Option<Element>,
    /// The type as ONNX Runtime calls it, for people.
    pub type_name: String,
}

impl std::fmt::Display for TensorPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dim = |dim: &i64| if *dim < 0 { "?".to_owned() } else { dim.to_string() };
        let dims: Vec<String> = self.dims.iter().map(dim).collect();
        write!(f, "{}: {} [{}]", self.name, self.type_name, dims.join("×"))
    }
}

/// Ports on one line, for errors.
pub fn describe(ports: &[TensorPort]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Why a backend could not be made or did not compute. Only [`BackendError::Run`] may pass by itself.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// ONNX Runtime itself is missing, or of a version we cannot use.
    #[error(
        "cannot load ONNX Runtime from {}: run `make setup`, set model.onnxruntime or ORT_DYLIB_PATH",
        path.display()
    )]
    Library {
        /// What was tried.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is no model that ONNX Runtime can read.
    #[error("{} is not a model that ONNX Runtime can load", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What ONNX Runtime said.
        #[source]
        source: ::ort::Error,
    },
    /// This ONNX Runtime was built without the provider.
    #[error("execution provider {provider} is not part of the ONNX Runtime that is loaded")]
    ProviderNotBuilt {
        /// Its name in the configuration.
        provider: &'static str,
    },
    /// The provider does not load here: no GPU, no driver, a library missing.
    #[error("execution provider {provider} does not load on this host")]
    Provider {
        /// Its name in the configuration.
        provider: &'static str,
        /// What ONNX Runtime said.
        #[source]
        source: ::ort::Error,
    },
    /// The provider loads, but computes nothing of this model.
    #[error("execution provider {provider} takes no node of the model; placed: {placed}")]
    ProviderUnused {
        /// Its name in the configuration.
        provider: &'static str,
        /// Where the nodes landed.
        placed: String,
    },
    /// The session's settings were refused.
    #[error("cannot configure the session")]
    Configure(#[source] ::ort::Error),
    /// The folder for built engines cannot be made.
    #[error("cannot make the folder for engines {}", path.display())]
    EngineCache {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder for built engines has no room for one.
    #[error("{} has no room for an engine: free {mebibytes} MiB, or name another folder in model.engine_cache", path.display())]
    EngineCacheFull {
        /// The folder.
        path: PathBuf,
        /// What an engine may need.
        mebibytes: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The model has more or fewer inputs than one.
    #[error("the model has {} inputs, not one: {}", inputs.len(), describe(inputs))]
    Inputs {
        /// What it has.
        inputs: Vec<TensorPort>,
    },
    /// A run failed.
    #[error("the model did not run on {batch} pictures")]
    Run {
        /// How many pictures were in the batch.
        batch: usize,
        /// What ONNX Runtime said.
        #[source]
        source: ::ort::Error,
    },
    /// An output's numbers are of a type that no layout uses.
    #[error("output {output} has numbers of type {type_name}, which cannot be read")]
    OutputType {
        /// Its name.
        output: String,
        /// Its type.
        type_name: String,
    },
    /// The fake was told to fail.
    #[error("the fake fails as it was told")]
    Fake,
}
