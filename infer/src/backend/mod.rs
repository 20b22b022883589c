//! Backends that compute a model: ONNX Runtime, and a fake for tests.

mod engine_cache;
mod error;
pub mod fake;
mod io;
mod library;
mod ort;
mod picture_input;
mod placement;
pub mod provider;
mod session;
mod session_io;
mod sizes_input;
mod tensor;

pub use self::ort::OrtBackend;
pub use error::BackendError;
pub use io::{ModelIo, TensorPort, describe};
pub use picture_input::input_spec;
pub use placement::NodeShare;
pub use tensor::{OutputTensor, TensorData};

/// Computes one model. One thread drives it.
///
/// A picture's outputs must depend on that picture alone, not on the rest of the batch, so that a replay gives the same
/// outputs. After a failed run the backend stays usable. The same input may or may not fail again, so callers retry a few
/// times and then give the batch up.
pub trait Backend: Send {
    fn io(&self) -> &ModelIo;

    /// Computes `batch` pictures that lie one after the other in `input`. Each output's first dimension is the batch.
    fn run(&mut self, batch: usize, input: &TensorData) -> Result<Vec<OutputTensor>, BackendError>;
}
