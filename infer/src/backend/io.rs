//! The inputs and outputs of a model.

use std::collections::BTreeMap;

use vru_vision::letterbox::Element;

use super::placement::NodeShare;
use crate::config::Provider;

/// A model's inputs, outputs and metadata, and the provider that computes it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelIo {
    /// The input that takes pictures.
    pub input: TensorPort,
    /// Inputs that take sizes, of RT-DETR, D-FINE and PaddleDetection.
    pub sizes: Vec<TensorPort>,
    /// In the model's order.
    pub outputs: Vec<TensorPort>,
    /// The key-value pairs in the ONNX file.
    pub metadata: BTreeMap<String, String>,
    /// Never `auto`.
    pub provider: Provider,
    /// How many nodes each provider computes; empty if that is not known.
    pub placement: Vec<NodeShare>,
}

/// An input or output of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPort {
    pub name: String,
    /// -1 for a free dimension.
    pub dims: Vec<i64>,
    /// The type of its numbers; `None` if this crate does not support the type.
    pub element: Option<Element>,
    /// ONNX Runtime's name of the type, for error messages.
    pub type_name: String,
}

impl std::fmt::Display for TensorPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dim = |dim: &i64| if *dim < 0 { "?".to_owned() } else { dim.to_string() };
        let dims: Vec<String> = self.dims.iter().map(dim).collect();
        write!(f, "{}: {} [{}]", self.name, self.type_name, dims.join("×"))
    }
}

/// The ports on one line, for error messages.
pub fn describe(ports: &[TensorPort]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
