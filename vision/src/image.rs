//! Decoded pictures: packed RGB, 8 bits per channel, rows without padding. The stages exchange no other pixel format.

/// Bytes per pixel.
pub const CHANNELS: usize = 3;

/// A decoded picture that owns its pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    pub width: u32,
    pub height: u32,
    /// `width × height × 3` bytes in row-major order; the first three are red, green and blue of the top left pixel.
    pub data: Vec<u8>,
}

/// A decoded picture that borrows its pixels.
#[derive(Clone, Copy)]
pub struct ImageRef<'a> {
    pub width: u32,
    pub height: u32,
    /// Same format as [`Image::data`].
    pub data: &'a [u8],
}

/// The number of bytes does not match the size of the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a picture of {width}x{height} needs {needed} bytes of RGB, got {got}")]
pub struct ImageSizeError {
    pub width: u32,
    pub height: u32,
    /// `width × height × 3`.
    pub needed: u64,
    /// Length of the data.
    pub got: u64,
}

impl Image {
    /// Fails if `data` does not have `width × height × 3` bytes.
    pub fn new(width: u32, height: u32, data: Vec<u8>) -> Result<Self, ImageSizeError> {
        check(width, height, data.len())?;
        Ok(Self { width, height, data })
    }

    /// A picture of one colour.
    pub fn filled(width: u32, height: u32, rgb: [u8; 3]) -> Self {
        let pixels = width as usize * height as usize;
        Self { width, height, data: rgb.repeat(pixels) }
    }

    pub fn view(&self) -> ImageRef<'_> {
        ImageRef { width: self.width, height: self.height, data: &self.data }
    }

    /// The red, green and blue of a pixel. The position must be inside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * self.width as usize + x as usize) * CHANNELS;
        [self.data[at], self.data[at + 1], self.data[at + 2]]
    }
}

impl<'a> ImageRef<'a> {
    /// Fails if `data` does not have `width × height × 3` bytes.
    pub fn new(width: u32, height: u32, data: &'a [u8]) -> Result<Self, ImageSizeError> {
        check(width, height, data.len())?;
        Ok(Self { width, height, data })
    }

    /// Fails if the data does not match the size. The fields are public, so code that indexes must check first.
    pub fn check(&self) -> Result<(), ImageSizeError> {
        check(self.width, self.height, self.data.len())
    }
}

impl<'a> From<&'a Image> for ImageRef<'a> {
    fn from(image: &'a Image) -> Self {
        image.view()
    }
}

// Without the pixels: there are millions of bytes.
impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}x{})", self.width, self.height)
    }
}

impl std::fmt::Debug for ImageRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ImageRef({}x{})", self.width, self.height)
    }
}

fn check(width: u32, height: u32, got: usize) -> Result<(), ImageSizeError> {
    let needed = (u64::from(width) * u64::from(height)).saturating_mul(CHANNELS as u64);
    if needed == got as u64 { Ok(()) } else { Err(ImageSizeError { width, height, needed, got: got as u64 }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_with_missing_bytes_is_refused() {
        let error = Image::new(2, 2, vec![0; 11]).unwrap_err();
        assert_eq!(error.to_string(), "a picture of 2x2 needs 12 bytes of RGB, got 11");
        assert!(ImageRef::new(u32::MAX, u32::MAX, &[]).is_err());
    }

    #[test]
    fn pixels_are_rows_from_the_top_left() {
        let mut image = Image::filled(3, 2, [1, 2, 3]);
        image.data[(3 + 2) * 3] = 9;
        assert_eq!(image.pixel(2, 1), [9, 2, 3]);
        assert_eq!(image.pixel(2, 0), [1, 2, 3]);
    }
}
