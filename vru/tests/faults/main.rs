//! Faults on purpose: services are killed, servers go away, disks fill, cameras and files of cameras say what is wrong. Our own
//! binaries between real servers; counts are compared exactly, and what is random is seeded.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod broken_payloads;
mod config_reload;
mod full_disk;
mod payload_bombs;
mod payloads;
#[path = "../support/mod.rs"]
mod support;

use support::{camera_server, pipeline};
