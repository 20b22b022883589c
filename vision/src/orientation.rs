//! How a stored picture must be turned to be seen upright. Phones store what the sensor saw, and state how it was held.

use crate::image::{CHANNELS, Image};

/// The eight ways to turn a picture. First it is mirrored (left and right change places), then rotated clockwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Orientation {
    pub mirrored: bool,
    /// Quarter turns, 0 to 3.
    pub quarters: u8,
}

impl Orientation {
    pub const UPRIGHT: Self = Self { mirrored: false, quarters: 0 };

    /// Every orientation.
    pub fn all() -> impl Iterator<Item = Self> {
        [false, true].into_iter().flat_map(|mirrored| (0..4).map(move |quarters| Self { mirrored, quarters }))
    }

    /// 0 to 7: the quarters, and 4 more if it is mirrored.
    pub fn number(self) -> u8 {
        self.quarters % 4 + if self.mirrored { 4 } else { 0 }
    }

    /// The orientation with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        (number < 8).then_some(Self { mirrored: number >= 4, quarters: number % 4 })
    }

    /// The size of a picture after it was turned.
    pub fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.quarters % 2 == 1 { (height, width) } else { (width, height) }
    }

    /// The picture as it must be seen.
    pub fn apply(self, image: Image) -> Image {
        if self == Self::UPRIGHT {
            return image;
        }
        let (width, height) = self.size((image.width, image.height));
        let (stored_width, stored_height) = (image.width as usize, image.height as usize);
        let mut data = Vec::with_capacity(image.data.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                // Where the pixel was before the rotation, then before the mirror.
                let (column, row) = match self.quarters % 4 {
                    0 => (x, y),
                    1 => (y, stored_height - 1 - x),
                    2 => (stored_width - 1 - x, stored_height - 1 - y),
                    _ => (stored_width - 1 - y, x),
                };
                let column = if self.mirrored { stored_width - 1 - column } else { column };
                let at = (row * stored_width + column) * CHANNELS;
                data.extend_from_slice(&image.data[at..at + CHANNELS]);
            }
        }
        Image { width, height, data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three grey pixels.
    fn picture() -> Image {
        Image::new(3, 2, [1, 2, 3, 4, 5, 6].iter().flat_map(|grey| [*grey; 3]).collect()).unwrap()
    }

    fn turned(mirrored: bool, quarters: u8) -> (u32, u32, Vec<u8>) {
        let image = Orientation { mirrored, quarters }.apply(picture());
        (image.width, image.height, image.data.chunks(3).map(|pixel| pixel[0]).collect())
    }

    #[test]
    fn each_orientation_has_a_number() {
        let numbers: Vec<u8> = Orientation::all().map(Orientation::number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(Orientation::all().all(|one| Orientation::from_number(one.number()) == Some(one)));
        assert_eq!(Orientation::from_number(8), None);
    }

    #[test]
    fn pixels_are_where_a_person_expects_them() {
        assert_eq!(turned(false, 0), (3, 2, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(turned(false, 1), (2, 3, vec![4, 1, 5, 2, 6, 3]), "clockwise");
        assert_eq!(turned(false, 2), (3, 2, vec![6, 5, 4, 3, 2, 1]));
        assert_eq!(turned(false, 3), (2, 3, vec![3, 6, 2, 5, 1, 4]), "counter-clockwise");
        assert_eq!(turned(true, 0), (3, 2, vec![3, 2, 1, 6, 5, 4]), "left and right change places");
        assert_eq!(turned(true, 2), (3, 2, vec![4, 5, 6, 1, 2, 3]), "top and bottom change places");
        assert_eq!(turned(true, 1), (2, 3, vec![6, 3, 5, 2, 4, 1]));
        assert_eq!(turned(true, 3), (2, 3, vec![1, 4, 2, 5, 3, 6]), "rows become columns");
    }
}
