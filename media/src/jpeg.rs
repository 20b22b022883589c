//! JPEG by libjpeg-turbo. A [`JpegDecoder`] or [`JpegEncoder`] is kept by one thread and reused.

use turbojpeg::{Compressor, Decompressor, PixelFormat, ScalingFactor, Subsamp};
use vru_vision::image::{Image, ImageRef};

/// Most pixels that a picture may have, 8192 × 8192: 192 MiB as RGB. A header that says more is a bomb or a broken
/// camera, and is refused before memory is taken.
pub const MAX_PIXELS: u64 = 8_192 * 8_192;

/// A progressive JPEG with thousands of scans costs minutes of CPU in a few kilobytes; real ones have about ten.
const MAX_SCANS: u32 = 64;

/// Why a JPEG could not be read or made. Trying again with the same bytes does not help.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// libjpeg-turbo could not start.
    #[error("start libjpeg-turbo")]
    Start(#[source] turbojpeg::Error),
    /// No JPEG, or its header is broken.
    #[error("read the header of a JPEG of {bytes} bytes")]
    Header {
        /// Size of what was given.
        bytes: usize,
        /// What libjpeg-turbo says.
        #[source]
        source: turbojpeg::Error,
    },
    /// More pixels than the limit.
    #[error("refuse a JPEG of {width}×{height} pixels: more than {MAX_PIXELS} pixels")]
    TooLarge {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// The picture behind the header is broken or truncated.
    #[error("decode a JPEG of {width}×{height} pixels")]
    Decode {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// What libjpeg-turbo says.
        #[source]
        source: turbojpeg::Error,
    },
    /// The picture cannot be encoded.
    #[error("encode {width}×{height} pixels as JPEG")]
    Encode {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// What libjpeg-turbo says.
        #[source]
        source: turbojpeg::Error,
    },
}

/// Size of a picture, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// Decodes JPEG to RGB.
#[derive(Debug)]
pub struct JpegDecoder {
    inner: Decompressor,
}

impl JpegDecoder {
    /// A decoder for one thread.
    pub fn new() -> Result<Self, JpegError> {
        Ok(Self { inner: decompressor()? })
    }

    /// The size that the header states, within [`MAX_PIXELS`].
    pub fn header(&mut self, jpeg: &[u8]) -> Result<Size, JpegError> {
        let header = match self.inner.read_header(jpeg) {
            Ok(header) => header,
            Err(source) => {
                self.inner = decompressor()?;
                return Err(JpegError::Header { bytes: jpeg.len(), source });
            }
        };
        let (width, height) = (header.width as u32, header.height as u32);
        if width == 0 || height == 0 || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(JpegError::TooLarge { width, height });
        }
        Ok(Size { width, height })
    }

    /// The picture in RGB, whole.
    pub fn decode(&mut self, jpeg: &[u8]) -> Result<Image, JpegError> {
        let size = self.header(jpeg)?;
        self.decode_scaled(jpeg, size, ScalingFactor::ONE)
    }

    /// The picture in RGB, scaled down while decoding as far as it stays at least `wanted` in both directions: the
    /// inverse cosine transform and the colour conversion then work on fewer pixels.
    pub fn decode_at_least(&mut self, jpeg: &[u8], wanted: Size) -> Result<Image, JpegError> {
        let size = self.header(jpeg)?;
        self.decode_scaled(jpeg, size, scaling(size, wanted))
    }

    fn decode_scaled(&mut self, jpeg: &[u8], size: Size, factor: ScalingFactor) -> Result<Image, JpegError> {
        let Size { width, height } = size;
        let wrong = |source| JpegError::Decode { width, height, source };
        self.inner.set_scaling_factor(factor).map_err(wrong)?;
        let (out_width, out_height) = (factor.scale(width as usize), factor.scale(height as usize));
        let pitch = out_width * 3;
        let mut pixels = vec![0; pitch * out_height];
        let output = turbojpeg::Image {
            pixels: pixels.as_mut_slice(),
            width: out_width,
            pitch,
            height: out_height,
            format: PixelFormat::RGB,
        };
        if let Err(source) = self.inner.decompress(jpeg, output) {
            self.inner = decompressor()?;
            return Err(wrong(source));
        }
        Ok(Image { width: out_width as u32, height: out_height as u32, data: pixels })
    }
}

/// After an error libjpeg-turbo may keep the marker it stumbled over, and then refuses every picture that follows; the
/// decoder is therefore made anew after each error.
fn decompressor() -> Result<Decompressor, JpegError> {
    let mut inner = Decompressor::new().map_err(JpegError::Start)?;
    inner.set_scan_limit(MAX_SCANS).map_err(JpegError::Start)?;
    Ok(inner)
}

/// Powers of two only: libjpeg-turbo has SIMD for these; with 7/8 … 3/8 it falls back to plain C and is slower than at full size.
fn scaling(size: Size, wanted: Size) -> ScalingFactor {
    let enough = |factor: &ScalingFactor| {
        factor.scale(size.width as usize) >= wanted.width as usize
            && factor.scale(size.height as usize) >= wanted.height as usize
    };
    [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF]
        .into_iter()
        .find(enough)
        .unwrap_or(ScalingFactor::ONE)
}

/// Encodes RGB to JPEG with 4:2:0 chroma.
#[derive(Debug)]
pub struct JpegEncoder {
    inner: Compressor,
}

impl JpegEncoder {
    /// An encoder for one thread; `quality` is brought into 1 to 100.
    pub fn new(quality: u8) -> Result<Self, JpegError> {
        let mut inner = Compressor::new().map_err(JpegError::Start)?;
        inner.set_quality(i32::from(quality.clamp(1, 100))).map_err(JpegError::Start)?;
        inner.set_subsamp(Subsamp::Sub2x2).map_err(JpegError::Start)?;
        Ok(Self { inner })
    }

    /// The picture as JPEG.
    pub fn encode(&mut self, image: ImageRef<'_>) -> Result<Vec<u8>, JpegError> {
        let (width, height) = (image.width, image.height);
        let input = turbojpeg::Image {
            pixels: image.data,
            width: width as usize,
            pitch: width as usize * 3,
            height: height as usize,
            format: PixelFormat::RGB,
        };
        self.inner.compress_to_vec(input).map_err(|source| JpegError::Encode { width, height, source })
    }
}

/// [`JpegDecoder::header`] with a decoder made for it.
pub fn header(jpeg: &[u8]) -> Result<Size, JpegError> {
    JpegDecoder::new()?.header(jpeg)
}

/// [`JpegDecoder::decode`] or, with `wanted`, [`JpegDecoder::decode_at_least`], with a decoder made for it.
pub fn decode(jpeg: &[u8], wanted: Option<Size>) -> Result<Image, JpegError> {
    let mut decoder = JpegDecoder::new()?;
    match wanted {
        Some(wanted) => decoder.decode_at_least(jpeg, wanted),
        None => decoder.decode(jpeg),
    }
}

/// [`JpegEncoder::encode`] with an encoder made for it.
pub fn encode(image: ImageRef<'_>, quality: u8) -> Result<Vec<u8>, JpegError> {
    JpegEncoder::new(quality)?.encode(image)
}

#[cfg(test)]
mod tests;
