//! What a stream states itself about its pictures counts, as in players: GStreamer ignores the orientation in a JPEG, in H.264 and in H.265,
//! and prefers the colours that an MP4 file states to those that its H.264 or H.265 states, without the range.

use gstreamer as gst;
use gstreamer::prelude::*;
use vru_media::Codec;

use super::context::FileContext;
use crate::source::orientation::{pass_exif_on, pass_stream_orientation_on};

/// Watches the parsers and decoders that this element makes.
pub(super) fn prefer(bin: &gst::Element, context: &FileContext) {
    let Some(bin) = bin.downcast_ref::<gst::Bin>() else { return };
    let context = context.clone();
    bin.connect_deep_element_added(move |_, _, element| {
        let (Some(input), Some(output)) = (element.static_pad("sink"), element.static_pad("src")) else { return };
        if takes(&input, "image/jpeg") && takes(&output, "video/x-raw") {
            pass_exif_on(&input, context.orientation.get());
        }
        for codec in [Codec::H264, Codec::H265].into_iter().filter(|codec| takes(&input, codec.media_type())) {
            if takes(&output, codec.media_type()) {
                context.colours.take_from_caps(&input);
            } else if takes(&output, "video/x-raw") {
                pass_stream_orientation_on(&input, codec, context.orientation.get());
            }
        }
    });
}

fn takes(pad: &gst::Pad, name: &str) -> bool {
    pad.pad_template().is_some_and(|template| {
        let caps = template.caps();
        !caps.is_any() && caps.iter().any(|caps| caps.name() == name)
    })
}
