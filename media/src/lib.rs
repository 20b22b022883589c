//! The parts of GStreamer and libjpeg-turbo that several stages use, behind plain types: pictures are
//! [`vru_vision::image::Image`], everything else is bytes.
//!
//! - [`jpeg`]: decode (and scale while decoding), encode, and read the size; limits are checked before memory is allocated;
//! - [`exif`] and [`mp4`]: how a JPEG and the pictures of a file must be turned;
//! - [`sei`]: what a stream says about its pictures, and how it says that they must be turned;
//! - [`frame`]: how the picture of a message is turned, and its colours;
//! - [`decoder`]: decodes the H.264/H.265 access units of one camera, synchronously;
//! - [`clip`]: writes an MP4 of JPEG pictures, raw pictures or access units;
//! - [`shown`] and [`jpeg_colours`]: what colours and shape a picture has for a person, and its colours as a JPEG has them;
//! - [`pipeline_set`]: the pipelines that cameras can use, each with its [`description`].
//!
//! This crate has no Kafka, no configuration and no async.

pub mod clip;
mod codec;
pub mod decoder;
pub mod description;
pub mod exif;
pub mod frame;
pub mod jpeg;
pub mod jpeg_colours;
mod launch;
pub mod mp4;
pub mod pipeline_set;
pub mod sei;
pub mod shown;

pub use launch::{LaunchError, bin as parse_bin};

use std::sync::OnceLock;

pub use codec::{Codec, FirstSlice};
pub use vru_vision::orientation::Orientation;

/// GStreamer cannot start: it is not installed, or its plugin registry cannot be read. A retry does not help.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot initialise GStreamer")]
pub struct InitError(#[source] gstreamer::glib::Error);

/// Initialises GStreamer once per process; further calls are cheap. Everything in this crate that needs GStreamer calls it.
pub fn init() -> Result<(), InitError> {
    static OUTCOME: OnceLock<Result<(), InitError>> = OnceLock::new();
    OUTCOME.get_or_init(|| gstreamer::init().map_err(InitError)).clone()
}
