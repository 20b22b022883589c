//! Cameras between the database and Kafka: their messages, their secrets, and the one replica that publishes.

mod message;
mod publisher;
mod topic;

pub(crate) use message::{CameraMessages, Invalid};
pub(crate) use publisher::publish;
