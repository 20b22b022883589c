//! The shared Kafka code on a real broker.

mod cameras;
mod consumer;
mod lost_cluster;
mod reader;
