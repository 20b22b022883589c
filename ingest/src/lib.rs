//! Cameras to Kafka.
//!
//! ```text
//! vru.cameras ─▶ supervisor ─▶ one task a camera: run (retries) ─▶ run_once (one connection, one session)
//!                                     │
//!   pull: rtspsrc ───┐                ▼
//!   push: RTSP server┼▶ depay ▶ decode ▶ sampler ▶ encode ▶ appsink ▶ queue (drops its oldest) ▶ publisher ▶ vru.frames
//!   file: decodebin ─┘                                                 └ a file has no queue: it waits for its consumers
//! ```
//!
//! What it promises:
//! - a live camera is never blocked: its queue holds a few frames and drops the oldest; each drop is counted by camera and
//!   reason, shows as a gap in the sequence, and is told in the next frame (`dropped_before`);
//! - a frame's sequence number is given at the end of its pipeline, before anything can drop it, without gaps;
//! - each frame of a file is published at least once, in order, always under the same identity, and never further ahead of
//!   its consumers than Kafka is sure to hold;
//! - a camera that fails, stalls or changes is opened again, for ever, with jittered waits.

pub mod camera;
pub mod config;
pub mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod metrics;
mod pipeline;
pub mod publisher;
pub mod queue;
pub mod sampler;
pub mod source;
mod supervisor;
pub mod timeline;

pub use config::IngestConfig;
pub use pipeline::run;
