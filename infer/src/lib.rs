//! Inference: frames from Kafka become detections, tracks and alerts.
//!
//! A frame passes these modules in order: [`consumer`] reads and validates it and hands it to the [`scheduler`], where each
//! camera has a queue; [`decoders`] decode it; [`batcher`] runs the model on a batch of frames of several cameras;
//! [`analyst`] decodes the outputs, tracks road users and applies the rules, on several threads with one camera at a time each
//! ([`analysis_queue`]); [`publisher`] sends the results and waits for their acknowledgement; [`offsets`] determines which
//! offsets may be committed. [`pipeline`] connects them.
//!
//! Between two batches the model serves [`camera_tests`], whose pictures are blurred before somebody sees them.
//!
//! Guarantees:
//! - A frame's offset is committed only after its results are acknowledged, or after it was dropped and counted.
//! - The frames of a camera are published in order.
//! - If the stage is too slow, live frames are dropped, the oldest first. Frames of files are never dropped: their partition
//!   is paused.
//! - The same frames give the same detections, tracks and alert ids, in any batch and on any worker.
//!
//! [`engine`], [`decode`] and [`analysis`] work without Kafka. `vru analyse` uses them.

pub mod analysis;
pub mod analysis_queue;
pub mod analyst;
pub mod backend;
pub mod batcher;
pub mod camera_tests;
pub mod config;
pub mod consumer;
mod counts;
pub mod decode;
pub mod decoders;
pub mod engine;
pub mod error;
pub mod feed;
pub mod frame;
pub mod history;
pub mod known_cameras;
pub mod lease;
pub mod live;
pub mod metrics;
pub mod model;
pub mod offsets;
pub mod picture;
pub mod pipeline;
pub mod presence;
pub mod publisher;
pub mod scheduler;
pub mod silence;
#[cfg(test)]
mod test_support;
mod trial;
mod weights;

pub use config::InferConfig;
pub use counts::{InferCounts, assigned_partitions, counts, gone_counts};
pub use pipeline::{run, run_with_live};
