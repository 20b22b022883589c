//! Boxes in pixels, and polygons in fractions of the picture.

mod polygon;
mod rect;

pub use polygon::{Point, Polygon, PolygonError};
pub use rect::Rect;
