//! Inference on the real ONNX Runtime and the real Kafka. A missing part fails the test and says how to get it.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod clip;
mod fixtures;
mod nanodet;
mod refusal;
mod service;
mod support;
