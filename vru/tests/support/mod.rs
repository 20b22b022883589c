//! What the end-to-end tests and the fault suite share: pipelines of real services, cameras, subscribers, and readers of what
//! was stored.

#![allow(dead_code, reason = "each of the two test programs uses its part")]

pub mod camera_server;
pub mod findings;
pub mod follower;
pub mod pipeline;
pub mod store;
pub mod subscriber;
