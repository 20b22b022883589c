//! How pictures must be turned: as tags that GStreamer finds in a container, and that travel in front of the pictures to the encoder. What
//! a stream says itself becomes such a tag; GStreamer ignores it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_media::sei::{Framing, StreamOrientation};
use vru_media::{Codec, Orientation, exif};

/// Written where tags pass, read where pictures leave the pipeline.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedOrientation(Arc<AtomicU8>);

impl SharedOrientation {
    pub(super) fn get(&self) -> Orientation {
        Orientation::from_number(self.0.load(Ordering::Acquire)).unwrap_or_default()
    }

    /// Takes the orientation from an event with tags. False if the event states none.
    pub(super) fn read(&self, event: &gst::Event) -> bool {
        let gst::EventView::Tag(tags) = event.view() else { return false };
        let stated = tags.tag().get::<gst::tags::ImageOrientation>();
        let Some(orientation) = stated.and_then(|stated| of_tag(stated.get())) else { return false };
        self.set(orientation);
        true
    }

    pub(super) fn set(&self, orientation: Orientation) {
        self.0.store(orientation.number(), Ordering::Release);
    }
}

/// `rotate-90`, `flip-rotate-270`: mirrored first, degrees clockwise.
fn of_tag(text: &str) -> Option<Orientation> {
    let (mirrored, rotation) = match text.strip_prefix("flip-") {
        Some(rotation) => (true, rotation),
        None => (false, text),
    };
    let quarters = match rotation {
        "rotate-0" => 0,
        "rotate-90" => 1,
        "rotate-180" => 2,
        "rotate-270" => 3,
        _ => return None,
    };
    Some(Orientation { mirrored, quarters })
}

/// Sends what each JPEG at the input of a decoder states on, as a tag in front of its picture.
pub(super) fn pass_exif_on(input: &gst::Pad, container: Orientation) {
    pass_on(input, container, |_, jpeg| exif::orientation(jpeg));
}

/// Sends what the access units at the input of a decoder state on, as a tag in front of their pictures.
pub(super) fn pass_stream_orientation_on(input: &gst::Pad, codec: Codec, container: Orientation) {
    let mut stated = StreamOrientation::default();
    pass_on(input, container, move |caps, unit| Some(stated.next(codec, Framing::of(caps)?, unit)));
}

/// `container` is what the container states, until tags state something else.
fn pass_on(
    input: &gst::Pad,
    container: Orientation,
    read: impl FnMut(&gst::CapsRef, &[u8]) -> Option<Orientation> + Send + 'static,
) {
    let by_container = SharedOrientation::default();
    by_container.set(container);
    let state = Mutex::new((read, container));
    let types = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    input.add_probe(types, move |pad, info| {
        // An event of ours comes while the lock is held.
        let Some(mut state) = state.try_lock() else { return gst::PadProbeReturn::Ok };
        let (read, last) = &mut *state;
        if let Some(event) = info.event()
            && by_container.read(event)
        {
            *last = by_container.get();
        }
        let Some(buffer) = info.buffer() else { return gst::PadProbeReturn::Ok };
        let stated = pad.current_caps().and_then(|caps| read(&caps, buffer.map_readable().ok()?.as_slice()));
        let orientation = stronger(stated.unwrap_or_default(), by_container.get());
        if std::mem::replace(last, orientation) != orientation {
            // Before the picture: the decoder sends it on in front of it.
            pad.send_event(gst::event::Tag::new(tag(orientation)));
        }
        gst::PadProbeReturn::Ok
    });
}

/// Which orientation counts if a stream and its container state one: that of the stream, as in players.
pub(super) fn stronger(stream: Orientation, container: Orientation) -> Orientation {
    if stream == Orientation::UPRIGHT { container } else { stream }
}

/// The tag of an orientation.
fn tag(orientation: Orientation) -> gst::TagList {
    let mirrored = if orientation.mirrored { "flip-" } else { "" };
    let text = format!("{mirrored}rotate-{}", 90 * u32::from(orientation.quarters));
    let mut tags = gst::TagList::new();
    tags.make_mut().add::<gst::tags::ImageOrientation>(&text.as_str(), gst::TagMergeMode::Replace);
    tags
}

/// The value of the property `video-direction`.
pub(super) fn direction(orientation: Orientation) -> &'static str {
    match (orientation.mirrored, orientation.quarters) {
        (false, 1) => "90r",
        (false, 2) => "180",
        (false, 3) => "90l",
        (false, _) => "identity",
        (true, 1) => "ur-ll",
        (true, 2) => "vert",
        (true, 3) => "ul-lr",
        (true, _) => "horiz",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_understood_and_others_ignored() {
        assert_eq!(of_tag("rotate-0"), Some(Orientation::UPRIGHT));
        assert_eq!(of_tag("rotate-270"), Some(Orientation { mirrored: false, quarters: 3 }));
        assert_eq!(of_tag("flip-rotate-90"), Some(Orientation { mirrored: true, quarters: 1 }));
        assert_eq!(of_tag("rotate-45"), None);
    }

    #[test]
    fn each_orientation_has_its_tag() {
        vru_media::init().unwrap();
        for orientation in Orientation::all() {
            let shared = SharedOrientation::default();
            assert!(shared.read(&gst::event::Tag::new(tag(orientation))));
            assert_eq!(shared.get(), orientation);
        }
    }
}
