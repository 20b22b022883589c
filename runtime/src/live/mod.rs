//! The live state of cameras: what each showed in its newest analysed frame. Inference writes it, and the API reads it, so that the API needs
//! no Kafka for it. Ingest writes what it drops. It is kept in Redis, or in memory where both run in one process.
//!
//! It expires. What is older than [`EXPIRY`] is not known, which is something else than an empty street.

mod error;
mod in_redis;
mod memory;
mod state;
mod store;

use std::time::Duration;

pub use error::LiveError;
pub use state::{IngestPod, LiveAlert, LiveCamera, Seen, Update, Worker};
pub use store::LiveStore;

/// How long the state of a camera that sends no frames is kept.
pub const EXPIRY: Duration = Duration::from_mins(10);
/// What is older than this is not live: states are written once a second, and a worker or a broker may pause.
pub const LIVE_WITHIN: Duration = Duration::from_secs(5);
/// How often a worker writes.
pub const WRITE_EVERY: Duration = Duration::from_secs(1);
/// A worker, or a pod of ingest, that has written nothing for so long is not there, or stands still.
pub const WORKER_ALIVE: Duration = Duration::from_secs(5);
/// How long it is remembered.
pub const WORKER_EXPIRY: Duration = Duration::from_secs(30);
