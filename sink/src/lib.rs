//! Stores and distributes the results of inference. Each sink is a consumer of `vru.detections` and `vru.alerts`:
//!
//! - [`postgres`]: every frame, detection and alert as a row, exactly once;
//! - [`s3`]: detections as Parquet, the snapshot of each alert, and a short clip around it;
//! - [`alerts`]: a gRPC server that pushes alerts to subscribers, who resume by token.
//!
//! They share nothing but the process: if one fails, the others continue. A record that cannot be read goes to the dead-letter
//! topic with the reason, and the sink continues with the next one.

pub mod alerts;
mod batch;
mod config;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod metrics;
mod pipeline;
pub mod postgres;
pub mod s3;
mod supervise;
mod unreadable;

pub use batch::BatchConfig;
pub use config::{SinkConfig, SinkSelection};
pub use error::SinkError;
pub use pipeline::{migrate, recovery, run};
