//! What a stream states itself about its pictures counts, as in players: GStreamer ignores the orientation in a JPEG, and prefers the colours
//! that an MP4 file states to those that its H.264 or H.265 states, without the range.

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_media::{Codec, Orientation, exif};

use crate::source::orientation::tag;

/// Watches the parsers and decoders that this element makes.
pub(super) fn prefer(bin: &gst::Element) {
    let Some(bin) = bin.downcast_ref::<gst::Bin>() else { return };
    bin.connect_deep_element_added(|_, _, element| {
        let (Some(input), Some(output)) = (element.static_pad("sink"), element.static_pad("src")) else { return };
        if takes(&input, "image/jpeg") && takes(&output, "video/x-raw") {
            pass_orientation_on(&input);
        }
        if [Codec::H264, Codec::H265]
            .iter()
            .any(|codec| takes(&input, codec.media_type()) && takes(&output, codec.media_type()))
        {
            forget_colours(&input);
        }
    });
}

fn takes(pad: &gst::Pad, name: &str) -> bool {
    pad.pad_template().is_some_and(|template| {
        let caps = template.caps();
        !caps.is_any() && caps.iter().any(|caps| caps.name() == name)
    })
}

/// As a tag, like that of a container.
fn pass_orientation_on(input: &gst::Pad) {
    let last = Mutex::new(Orientation::UPRIGHT);
    input.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let stated = info.buffer().and_then(|buffer| exif::orientation(buffer.map_readable().ok()?.as_slice()));
        if let Some(stated) = stated
            && std::mem::replace(&mut *last.lock(), stated) != stated
        {
            // Before the picture: the decoder sends it on in front of it.
            pad.send_event(gst::event::Tag::new(tag(stated)));
        }
        gst::PadProbeReturn::Ok
    });
}

/// The parser then states those of the stream.
fn forget_colours(input: &gst::Pad) {
    input.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        if let Some(event) = info.event_mut()
            && let gst::EventView::Caps(caps) = event.view()
        {
            let mut caps = caps.caps_owned();
            if let Some(fields) = caps.make_mut().structure_mut(0) {
                fields.remove_field("colorimetry");
            }
            *event = gst::event::Caps::builder(&caps).seqnum(event.seqnum()).build();
        }
        gst::PadProbeReturn::Ok
    });
}
