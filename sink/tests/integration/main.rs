//! The real `vru-sink` on real Apache Kafka, PostgreSQL and S3. Counts are compared exactly.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod alerts;
mod alerts_auth;
mod alerts_connections;
mod alerts_stuck;
mod alerts_tls;
mod blurred_clips;
mod clips;
mod messages;
mod postgres;
mod recreated;
mod refused;
mod s3;
mod secrets;
mod subscriber;
mod tracks;
