//! Whether the pictures of a camera are blurred, and blurring them.

use parking_lot::Mutex;
use vru_vision::geometry::Rect;
use vru_vision::image::Image;
use vru_vision::privacy::pixelate;

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

/// Makes these parts unrecognisable, which are in pixels of the camera's picture of the size `source`.
pub(crate) fn blur(image: &mut Image, hidden: &[Rect], source: (u32, u32)) {
    let x = image.width as f32 / source.0.max(1) as f32;
    let y = image.height as f32 / source.1.max(1) as f32;
    for rect in hidden {
        pixelate(
            image,
            Rect { left: rect.left * x, top: rect.top * y, width: rect.width * x, height: rect.height * y },
        );
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

    #[test]
    fn what_is_hidden_is_found_in_a_picture_of_another_size() {
        let stripes = |at: u32| if (at % 320 / 4).is_multiple_of(2) { [0; 3] } else { [255; 3] };
        let mut image = Image::new(320, 180, (0..320 * 180).flat_map(stripes).collect()).unwrap();
        let hidden = Rect { left: 640.0, top: 360.0, width: 640.0, height: 360.0 };
        blur(&mut image, &[hidden], (1280, 720));
        assert!((160..320).all(|x| image.pixel(x, 100)[0] > 60 && image.pixel(x, 100)[0] < 190));
        assert_eq!((image.pixel(0, 100), image.pixel(4, 100), image.pixel(164, 10)), ([0; 3], [255; 3], [255; 3]));
    }
}
