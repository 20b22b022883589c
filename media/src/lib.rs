//! Everything that several stages need of GStreamer and libjpeg-turbo, behind plain types: pictures go in and out as
//! [`vru_vision::image::Image`] and bytes.
//!
//! - [`jpeg`]: decode (scaled while decoding), encode, and read the size, with a limit checked before memory is taken;
//! - [`decoder`]: H.264/H.265 access units of one camera to pictures, synchronous;
//! - [`clip`]: an MP4 from JPEG pictures, raw pictures or access units;
//! - [`description`]: the pipelines of `pipelines/`, embedded and checked.
//!
//! Nothing here knows Kafka, configuration or async.

pub mod clip;
mod codec;
pub mod decoder;
pub mod description;
pub mod jpeg;
mod launch;

pub use launch::{LaunchError, bin as parse_bin};

use std::sync::OnceLock;

pub use codec::{Codec, FirstSlice};

/// GStreamer could not start: it is not installed, or its plugin registry cannot be read. Trying again does not help.
#[derive(Debug, Clone, thiserror::Error)]
#[error("initialise GStreamer")]
pub struct InitError(#[source] gstreamer::glib::Error);

/// Initialises GStreamer once for the process; cheap after the first call. Everything in this crate that needs it calls it.
pub fn init() -> Result<(), InitError> {
    static OUTCOME: OnceLock<Result<(), InitError>> = OnceLock::new();
    OUTCOME.get_or_init(|| gstreamer::init().map_err(InitError)).clone()
}
