//! Real servers for tests: Apache Kafka, PostgreSQL, S3, Redis and Mosquitto, cameras, and our own programs as processes. Feature `test-util`;
//! never part of a service.
//!
//! Tests that only use a server share one of each kind ([`kafka`], [`postgres`], [`s3`], [`redis`]) and are isolated by their own topic
//! prefix, database or bucket. Tests that break a server start their own (`KafkaServer::start()`).
//!
//! No test is skipped: a missing program or file is a panic that explains how to install it. Every wait polls a condition and has a deadline.
//! Child processes die with the test process, however it ends.

pub mod acls;
mod authority;
pub mod bombs;
mod bus;
mod camera;
mod certificates;
mod damage;
mod disk;
mod folder;
mod http;
mod kafka;
mod memory;
mod metrics;
mod mosquitto;
mod pictures;
mod ports;
mod postgres;
mod process;
mod racked_kafka;
mod random;
mod redis;
mod redis_cluster;
mod s3;
pub mod secrets;
mod secured_kafka;
mod server_process;
mod service_process;
mod wait;

pub use authority::{Authority, IssuedCertificate};
pub use bus::{Bus, Topic};
pub use camera::{Codec, FfmpegCamera, clip};
pub use certificates::{CertificateFiles, openssl};
pub use damage::damaged;
pub use disk::{DiskHandle, SmallDisk};
pub use folder::folder;
pub use http::{HttpResponse, http_get, http_send};
pub use kafka::{KafkaServer, kafka};
pub use memory::{peak_bytes, resident_bytes};
pub use metrics::Metrics;
pub use mosquitto::{Mosquitto, Subscriber};
pub use pictures::{access_units, jpegs};
pub use ports::free_port;
pub use postgres::{PostgresServer, PostgresTls, postgres};
pub use process::{Launch, Process};
pub use racked_kafka::RackedKafka;
pub use random::seeded_rng;
pub use redis::{RedisServer, redis, redis_client};
pub use redis_cluster::RedisCluster;
pub use s3::{S3Server, s3};
pub use secured_kafka::SecuredKafka;
pub use server_process::ServerProcess;
pub use service_process::{ServiceLaunch, ServiceProcess, binary, run_to_end};
pub use wait::{eventually, wait_for, wait_until};

use std::path::PathBuf;

/// The path of a file that `make setup` fetches. Panics when it is missing.
pub fn require_asset(relative: &str) -> PathBuf {
    crate::assets::require(relative).unwrap_or_else(|error| panic!("{error}"))
}
