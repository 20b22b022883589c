//! The colours that a file's container states, for where the video itself states none.

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_media::shown::ContainerColours;

/// Written where the video leaves its container, read where pictures are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedColours(Arc<Mutex<Option<ContainerColours>>>);

impl SharedColours {
    /// With what the index of the file states. GStreamer's caps of MP4 lack the range.
    pub(super) fn of_index(stated: Option<ContainerColours>) -> Self {
        Self(Arc::new(Mutex::new(stated)))
    }

    pub(super) fn get(&self) -> ContainerColours {
        self.0.lock().unwrap_or_default()
    }

    /// Takes the container's colours out of the caps in front of a parser, which then states those of the stream.
    pub(super) fn take_from_caps(&self, input: &gst::Pad) {
        let shared = self.clone();
        input.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
            if let Some(event) = info.event_mut()
                && let gst::EventView::Caps(caps) = event.view()
            {
                let mut caps = caps.caps_owned();
                let stated = ContainerColours::of(&caps);
                if stated != ContainerColours::default() {
                    shared.0.lock().get_or_insert(stated);
                }
                if let Some(fields) = caps.make_mut().structure_mut(0) {
                    fields.remove_field("colorimetry");
                }
                *event = gst::event::Caps::builder(&caps).seqnum(event.seqnum()).build();
            }
            gst::PadProbeReturn::Ok
        });
    }
}
