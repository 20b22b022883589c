//! Real parts for tests: Apache Kafka, PostgreSQL, S3 and Redis servers, cameras, and our own binaries as processes. Feature
//! `test-util`; never part of a service.
//!
//! Tests that only use a server share one of each ([`kafka`], [`postgres`], [`s3`], [`redis`]) and keep apart by a topic
//! prefix, a database or a bucket of their own. Tests that break a server start their own (`KafkaServer::start()`).
//!
//! Nothing is skipped: a part that is missing is a panic that says how to get it. Every wait has a deadline and polls a
//! condition. Children die with the test process, however it ends.

pub mod bombs;
mod bus;
mod camera;
mod disk;
mod folder;
mod http;
mod kafka;
mod memory;
mod metrics;
mod pictures;
mod ports;
mod postgres;
mod process;
mod random;
mod redis;
mod s3;
mod server;
mod service;
mod wait;

pub use bus::{Bus, Topic};
pub use camera::{Codec, FfmpegCamera, clip};
pub use disk::{KeptDisk, SmallDisk};
pub use folder::folder;
pub use http::{HttpResponse, http_get, http_send};
pub use kafka::{KafkaServer, kafka};
pub use memory::{peak_bytes, resident_bytes};
pub use metrics::Metrics;
pub use pictures::{access_units, jpegs};
pub use ports::free_port;
pub use postgres::{PostgresServer, postgres};
pub use process::{Launch, Process};
pub use random::seeded_rng;
pub use redis::{RedisServer, redis};
pub use s3::{S3Server, s3};
pub use server::Server;
pub use service::{Service, ServiceLaunch, binary, run_to_end};
pub use wait::{eventually, wait_for, wait_until};

use std::path::PathBuf;

/// A file that `make setup` fetches; a panic that says so when it is missing.
pub fn require_asset(relative: &str) -> PathBuf {
    crate::assets::require(relative).unwrap_or_else(|error| panic!("{error}"))
}
