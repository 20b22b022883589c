//! An element that reads an object, as `filesrc` reads a file.

use gstreamer as gst;
use gstreamer::glib;
use gstreamer_base as gst_base;

use super::object::StoredObject;

mod element {
    use std::sync::{LazyLock, OnceLock};

    use gstreamer as gst;
    use gstreamer::glib;
    use gstreamer::subclass::prelude::*;
    use gstreamer_base as gst_base;
    use gstreamer_base::subclass::prelude::*;

    use super::StoredObject;

    #[derive(Debug, Default)]
    pub struct ObjectSource {
        pub(super) object: OnceLock<StoredObject>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for ObjectSource {
        const NAME: &'static str = "VruObjectSource";
        type Type = super::ObjectSource;
        type ParentType = gst_base::BaseSrc;
    }

    impl ObjectImpl for ObjectSource {}
    impl GstObjectImpl for ObjectSource {}

    impl ElementImpl for ObjectSource {
        fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
            static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
                gst::subclass::ElementMetadata::new(
                    "Object source",
                    "Source/Network",
                    "Reads an object of a bucket",
                    "vru",
                )
            });
            Some(&METADATA)
        }

        fn pad_templates() -> &'static [gst::PadTemplate] {
            static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
                let (direction, presence) = (gst::PadDirection::Src, gst::PadPresence::Always);
                gst::PadTemplate::new("src", direction, presence, &gst::Caps::new_any()).into_iter().collect()
            });
            TEMPLATES.as_ref()
        }
    }

    impl BaseSrcImpl for ObjectSource {
        fn is_seekable(&self) -> bool {
            true
        }

        fn size(&self) -> Option<u64> {
            self.object.get().map(StoredObject::length)
        }

        fn fill(&self, offset: u64, _: u32, buffer: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
            let Some(object) = self.object.get() else { return Err(gst::FlowError::Error) };
            let mut filled = 0;
            {
                let mut bytes = buffer.map_writable().map_err(|_| gst::FlowError::Error)?;
                while filled < bytes.len() {
                    match object.read_at(offset + filled as u64, &mut bytes[filled..]) {
                        Ok(0) => break,
                        Ok(read) => filled += read,
                        Err(error) => {
                            gst::element_imp_error!(self, gst::ResourceError::Read, ["{error}"]);
                            return Err(gst::FlowError::Error);
                        }
                    }
                }
            }
            if filled == 0 {
                return Err(gst::FlowError::Eos);
            }
            buffer.set_size(filled);
            Ok(gst::FlowSuccess::Ok)
        }
    }
}

glib::wrapper! {
    /// See the module.
    pub struct ObjectSource(ObjectSubclass<element::ObjectSource>) @extends gst_base::BaseSrc, gst::Element, gst::Object;
}

impl ObjectSource {
    pub(super) fn of(object: &StoredObject) -> Self {
        use gstreamer::subclass::prelude::ObjectSubclassIsExt as _;
        let source: Self = glib::Object::new();
        source.imp().object.get_or_init(|| object.clone());
        source
    }
}
