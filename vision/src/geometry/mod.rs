//! Boxes in pixels and zones in fractions of the picture.

mod polygon;
mod rect;

pub use polygon::{Point, Polygon, PolygonError};
pub use rect::Rect;
