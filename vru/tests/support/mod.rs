//! Shared by the end-to-end tests, the fault tests and the soak: pipelines of real services, cameras, subscribers, and readers of
//! the stored results.

#![allow(dead_code, reason = "each test program uses a part")]

pub mod api_client;
pub mod backup;
pub mod books;
pub mod camera_server;
pub mod collector;
pub mod findings;
pub mod follower;
pub mod pipeline;
pub mod store;
pub mod subscriber;
pub mod up;
pub mod webhook_target;
