//! Inference: frames from Kafka become detections, tracks and alerts.
//!
//! The flow, in the order of the files: [`consumer`] reads and validates frames and puts them on the [`board`], where each
//! camera has a lane; [`decoders`] turn them into pictures; [`batcher`] runs the model on frames of several cameras at once;
//! [`analyst`] reads the answers, tracks and judges, camera by camera; [`publisher`] sends the results and waits for their
//! acknowledgement; [`offsets`] says what may be committed. [`pipeline`] wires them.
//!
//! What is promised:
//! - a frame's offset is committed only after its results are acknowledged, or after it was dropped and counted;
//! - the frames of a camera are published in order;
//! - live frames are dropped where the stage falls behind, the oldest first; frames of files never are, their partition
//!   waits;
//! - the same frames give the same detections, tracks and alert ids, whatever they were batched with and whoever had them
//!   before.
//!
//! [`engine`], [`decode`] and [`analysis`] work without Kafka: `vru analyse` is made of them.

pub mod analysis;
pub mod analyst;
pub mod backend;
pub mod batcher;
pub mod board;
pub mod cameras;
pub mod config;
pub mod consumer;
pub mod decode;
pub mod decoders;
pub mod engine;
pub mod error;
pub mod failure;
pub mod frame;
pub mod history;
pub mod lease;
pub mod metrics;
pub mod model;
pub mod offsets;
pub mod picture;
pub mod pipeline;
pub mod publisher;
#[cfg(test)]
mod test_support;

pub use config::InferConfig;
pub use pipeline::run;
