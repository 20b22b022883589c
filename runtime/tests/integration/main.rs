//! The Kafka clients and the camera configuration, on a real broker.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod cameras;
mod commits;
mod consumer;
mod dead_letters;
mod held_join;
mod jammed;
mod lost_cluster;
mod racks;
mod reader;
mod recreated;
mod redis;
mod secured;
