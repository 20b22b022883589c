//! What all services share: layered configuration, logs and traces, metrics, the admin server, shutdown, retries, Kafka clients and the
//! camera configuration. Code of one stage does not belong here.
//!
//! A service is a library with a function `run(config, ServiceContext)`. Its program passes that function to [`service::main`]. The
//! all-in-one program `vru` calls the `run` of several services in one process.

pub mod admin;
pub mod assets;
pub mod cameras;
pub mod child;
pub mod clock;
pub mod config;
pub mod dead_letter;
pub mod failure;
pub mod flat_section;
pub mod gone_counts;
pub mod http_server;
pub mod kafka;
pub mod latency;
pub mod live;
pub mod memory;
pub mod metrics;
pub mod networks;
pub mod redis;
pub mod report;
pub mod retry;
pub mod secret;
pub mod service;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod tls;
pub mod trace;
pub mod watched_files;
