//! Inputs with a known answer through the real programs: what is seen must be what is there. One module for each subject.
//!
//! The inputs are made here ([`videos`]). The models that look at them ([`analysis`]) are probes, `models/fixtures/probe-*`, which say what
//! they see.

#![expect(clippy::unwrap_used, reason = "a failure here fails the test")]

mod analysis;
mod files;
mod live;
mod models;
mod pictures;
#[path = "../support/mod.rs"]
mod support;
mod tracks;
mod videos;
mod zones;

use support::{camera_server, pipeline};
