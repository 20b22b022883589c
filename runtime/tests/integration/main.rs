//! The Kafka clients and the camera configuration, on a real broker.

mod cameras;
mod consumer;
mod lost_cluster;
mod reader;
