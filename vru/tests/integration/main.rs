//! The whole pipeline end to end: our binaries with real cameras, Apache Kafka, PostgreSQL, S3 and gRPC subscribers. Counts are
//! compared exactly.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

mod camera_tests;
mod cameras_change;
mod cameras_topic;
mod config_mistakes;
mod end_to_end;
mod file_source;
mod hostile_records;
mod model_refused;
mod pods_share_cameras;
mod pushed_cameras;
mod secured_kafka;
mod subscriber_resumes;
#[path = "../support/mod.rs"]
mod support;
mod termination;
mod traces;
mod up_api;
mod up_https;
mod up_screen;
mod uploads;

use support::{camera_server, findings, pipeline, store, subscriber};
