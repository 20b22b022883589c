//! Whether the pictures of a camera are blurred.

use parking_lot::Mutex;

/// What is known of it: by the camera's configuration, and by its newest analysis, which may be a moment behind.
#[derive(Debug, Default)]
pub(crate) struct Privacy(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    configured: Option<bool>,
    analysed: Option<bool>,
}

impl Privacy {
    pub(crate) fn configure(&self, blurred: bool) {
        self.0.lock().configured = Some(blurred);
    }

    pub(crate) fn analysed(&self, blurred: bool) {
        self.0.lock().analysed = Some(blurred);
    }

    /// Whether a picture may only be shown with what is hidden made unrecognisable. Also while nobody has said that it need not.
    pub(crate) fn hides(&self) -> bool {
        let Known { configured, analysed } = *self.0.lock();
        configured == Some(true) || analysed == Some(true) || (configured, analysed) == (None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_hidden_until_somebody_says_that_it_need_not_be() {
        let privacy = Privacy::default();
        assert!(privacy.hides());
        privacy.analysed(false);
        assert!(!privacy.hides());
        // The configuration has changed, inference does not know it yet.
        privacy.configure(true);
        assert!(privacy.hides());
        privacy.configure(false);
        assert!(!privacy.hides());
        privacy.analysed(true);
        assert!(privacy.hides());
    }
}
