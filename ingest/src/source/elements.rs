//! Makes GStreamer elements, with errors that name what is missing.

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::error::SourceError;

pub(super) fn build_error(problem: &str) -> SourceError {
    SourceError::Build { problem: problem.to_owned() }
}

pub(super) fn make_element(factory: &str) -> Result<gst::Element, SourceError> {
    let missing = |_| build_error(&format!("this host has no GStreamer element {factory}"));
    gst::ElementFactory::make(factory).build().map_err(missing)
}

/// A bin of the elements of a launch line.
pub(super) fn make_bin(launch: &str) -> Result<gst::Bin, SourceError> {
    Ok(vru_media::parse_bin(launch)?)
}

pub(super) fn static_pad(bin: &gst::Bin, name: &str) -> Result<gst::Pad, SourceError> {
    bin.static_pad(name).ok_or_else(|| build_error(&format!("{} has no {name} pad", bin.name())))
}
