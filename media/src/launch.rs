//! Small helpers over GStreamer's launch syntax and bus, shared by the modules.

use gstreamer as gst;
use gstreamer::prelude::*;

/// A bin with ghost pads for what `launch` leaves unlinked, or which elements are missing.
pub fn bin(launch: &str) -> Result<gst::Bin, LaunchError> {
    let mut context = gst::ParseContext::new();
    gst::parse::bin_from_description_full(launch, true, Some(&mut context), gst::ParseFlags::FATAL_ERRORS)
        .map_err(|source| LaunchError { missing: context.missing_elements(), source })?
        .downcast()
        .map_err(|_| unreachable_bin())
}

fn unreachable_bin() -> LaunchError {
    LaunchError { missing: Vec::new(), source: gst::glib::Error::new(gst::ParseError::Empty, "not a bin") }
}

/// Why a launch line could not become elements.
#[derive(Debug, thiserror::Error)]
#[error("parse pipeline{}", missing_text(.missing))]
pub struct LaunchError {
    /// Elements that this host does not have.
    pub missing: Vec<String>,
    /// What GStreamer says.
    #[source]
    pub source: gst::glib::Error,
}

fn missing_text(missing: &[String]) -> String {
    if missing.is_empty() { String::new() } else { format!(": this host has no {}", missing.join(", ")) }
}

/// The first error on the bus, as text with the element that posted it.
pub(crate) fn bus_error(bus: &gst::Bus) -> Option<String> {
    let message = bus.pop_filtered(&[gst::MessageType::Error])?;
    let gst::MessageView::Error(error) = message.view() else { return None };
    let element = error.src().map_or_else(String::new, |object| object.name().to_string());
    Some(format!("{element}: {}", error.error()))
}
