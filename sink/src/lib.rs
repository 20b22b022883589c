//! Where the results go, each its own consumer of `vru.detections` and `vru.alerts`:
//!
//! - [`postgres`]: every frame, detection and alert as rows, exactly once;
//! - [`s3`]: detections as Parquet, the picture of each alert, and a short clip around it;
//! - [`alerts`]: a gRPC server that pushes alerts to subscribers, who resume by token.
//!
//! They share nothing but the process they may run in: when one cannot go on, the others do. A record that cannot be read
//! goes to the dead-letter topic with its reason, and the stream goes on.

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

pub use batch::BatchConfig;
pub use config::{SinkConfig, Which};
pub use error::SinkError;
pub use pipeline::{migrate, run};
