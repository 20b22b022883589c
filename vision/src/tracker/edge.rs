//! The edge of the picture, where road users leave and others come.

use crate::geometry::Rect;

// As a share of the box's width. Detections of whoever is cut off by the edge end within a few pixels of it.
const NEAR: f32 = 0.1;

/// Where the picture ends, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PictureEdge {
    width: f32,
    height: f32,
}

impl PictureEdge {
    /// `None` if the size is not known.
    pub fn of(width: u32, height: u32) -> Option<Self> {
        (width > 0 && height > 0).then_some(Self { width: width as f32, height: height as f32 })
    }

    /// Whether the box touches the edge: whoever is there comes or goes.
    pub fn touches(self, rect: &Rect) -> bool {
        let near = NEAR * rect.width;
        let inside = rect.left >= near && rect.top >= near;
        !(inside && rect.right() <= self.width - near && rect.bottom() <= self.height - near)
    }

    /// Whether most of the box is outside the picture.
    pub fn is_left_behind(self, rect: &Rect) -> bool {
        let (x, y) = rect.centre();
        !((0.0..=self.width).contains(&x) && (0.0..=self.height).contains(&y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_touches_the_edge_and_then_leaves_the_picture() {
        let edge = PictureEdge::of(640, 480).unwrap();
        let at = |left: f32, top: f32| Rect { left, top, width: 40.0, height: 100.0 };
        for (rect, touches, left_behind) in [
            (at(300.0, 200.0), false, false),
            (at(4.5, 200.0), false, false),
            (at(3.5, 200.0), true, false),
            (at(-19.0, 200.0), true, false),
            (at(-21.0, 200.0), true, true),
            (at(597.0, 200.0), true, false),
            (at(621.0, 200.0), true, true),
            (at(300.0, 377.0), true, false),
            (at(300.0, 431.0), true, true),
            (at(300.0, -51.0), true, true),
            (at(f32::NAN, 200.0), true, true),
        ] {
            assert_eq!((edge.touches(&rect), edge.is_left_behind(&rect)), (touches, left_behind), "{rect:?}");
        }
        assert_eq!(PictureEdge::of(0, 480), None);
    }
}
