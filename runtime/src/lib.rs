//! What every service shares, and nothing that belongs to one stage: configuration in layers, logs and traces, metrics, the
//! admin server, shutdown, retries, Kafka clients and the cameras' configuration.
//!
//! A service is a library with a `run(config, ServiceContext)`; its binary is [`service::main`] with that function, and the
//! all-in-one command calls the same function for several services in one process.

pub mod admin;
pub mod assets;
pub mod cameras;
pub mod child;
pub mod clock;
pub mod config;
pub mod dead_letter;
pub mod kafka;
pub mod memory;
pub mod metrics;
pub mod report;
pub mod retry;
pub mod secret;
pub mod service;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod trace;
