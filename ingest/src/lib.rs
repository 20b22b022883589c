//! Receives video from cameras and files, and publishes frames to Kafka.
//!
//! ```text
//! vru.cameras ─▶ supervisor ─▶ one task per camera: run (retries) ─▶ run_once (one connection, one session)
//!                                     │
//!   pull: rtspsrc ────┐               ▼
//!   push: RTSP server ┼▶ depay ▶ decode ▶ sampler ▶ encode ▶ appsink ▶ live sender (drops oldest) ▶ publisher ▶ vru.frames
//!   file: parsebin ───┘                                                └ a file drops nothing: it waits for its consumers ▶ vru.file-frames
//! ```
//!
//! Guarantees:
//! - A live camera is never blocked. Its queue holds a few frames and drops the oldest. Each drop is counted by camera and
//!   reason, shows as a gap in the sequence, and is reported in the next frame (`dropped_before`).
//! - A frame gets its sequence number at the end of its pipeline, before anything can drop it. The numbers have no gaps there.
//! - Each frame of a file is published at least once, in order, always with the same identity. A file is never further ahead
//!   of its consumers than Kafka is sure to retain.
//! - A camera that fails, stalls or changes is reconnected, without limit, with jittered waits.

pub mod camera;
pub mod camera_login;
mod camera_tests;
pub mod config;
mod counts;
mod drops;
pub mod error;
mod file_faults;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod live_sender;
mod login_pace;
pub mod metrics;
pub mod publisher;
mod queue;
mod removed_cameras;
pub mod sampler;
mod service;
pub mod source;
mod supervisor;
pub mod timeline;
mod waits;

pub use config::IngestConfig;
pub use counts::{IngestCounts, counts, gone_counts};
pub use service::{run, run_with_live};
