//! How the pictures of a file must be turned, from the tags that GStreamer finds in its container.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use gstreamer as gst;
use vru_media::Orientation;

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

/// The tag of an orientation.
pub(super) fn tag(orientation: Orientation) -> gst::TagList {
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
