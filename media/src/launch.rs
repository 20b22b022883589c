//! Helpers for GStreamer's launch syntax and bus.

use gstreamer as gst;
use gstreamer::prelude::*;

/// Parses a launch line to a bin, with ghost pads for the unlinked pads.
pub fn bin(launch: &str) -> Result<gst::Bin, LaunchError> {
    let mut context = gst::ParseContext::new();
    gst::parse::bin_from_description_full(launch, true, Some(&mut context), gst::ParseFlags::FATAL_ERRORS)
        .map_err(|source| {
            // GStreamer also lists an element as missing when the line sets an unknown property of it.
            let is_missing = source.matches(gst::ParseError::NoSuchElement);
            LaunchError { missing: if is_missing { context.missing_elements() } else { Vec::new() }, source }
        })?
        .downcast()
        .map_err(|_| unreachable_bin())
}

fn unreachable_bin() -> LaunchError {
    LaunchError { missing: Vec::new(), source: gst::glib::Error::new(gst::ParseError::Empty, "not a bin") }
}

/// GStreamer cannot parse a launch line, or lacks an element in it.
#[derive(Debug, thiserror::Error)]
#[error("cannot parse a GStreamer launch line{}", missing_text(.missing))]
pub struct LaunchError {
    /// Elements that this host lacks.
    pub missing: Vec<String>,
    #[source]
    pub source: gst::glib::Error,
}

fn missing_text(missing: &[String]) -> String {
    if missing.is_empty() { String::new() } else { format!(": this host has no {}", missing.join(", ")) }
}

/// The first error on the bus, with the name of the element that posted it.
pub(crate) fn bus_error(bus: &gst::Bus) -> Option<String> {
    let message = bus.pop_filtered(&[gst::MessageType::Error])?;
    let gst::MessageView::Error(error) = message.view() else { return None };
    let element = error.src().map_or_else(String::new, |object| object.name().to_string());
    Some(format!("{element}: {}", error.error()))
}
