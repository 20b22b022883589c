//! JPEG with libjpeg-turbo. Keep one [`JpegDecoder`] or [`JpegEncoder`] per thread and reuse it.

use turbojpeg::{Compressor, Decompressor, PixelFormat, ScalingFactor, Subsamp};
use vru_vision::image::{Image, ImageRef};

/// Maximum number of pixels in a picture, 8192 × 8192: 192 MiB as RGB. A header that declares more is a decompression bomb or comes
/// from a faulty camera; it is refused before memory is allocated.
pub const MAX_PIXELS: u64 = 8_192 * 8_192;

/// A progressive JPEG of a few kilobytes with thousands of scans costs minutes of CPU time; real ones have about ten scans.
const MAX_SCANS: u32 = 64;

/// Why a JPEG could not be decoded or encoded. A retry with the same bytes does not help.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    #[error("cannot start libjpeg-turbo")]
    Start(#[source] turbojpeg::Error),
    /// The data is not a JPEG, or its header is corrupt.
    #[error("cannot read the JPEG header in {bytes} bytes")]
    Header {
        bytes: usize,
        #[source]
        source: turbojpeg::Error,
    },
    #[error("a JPEG of {width}×{height} pixels is empty or above the limit of {MAX_PIXELS} pixels")]
    TooLarge { width: u32, height: u32 },
    /// The data after the header is corrupt or truncated.
    #[error("cannot decode a JPEG of {width}×{height} pixels")]
    Decode {
        width: u32,
        height: u32,
        #[source]
        source: turbojpeg::Error,
    },
    #[error("cannot encode {width}×{height} pixels as JPEG")]
    Encode {
        width: u32,
        height: u32,
        #[source]
        source: turbojpeg::Error,
    },
}

/// The size of a picture in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

/// Decodes JPEG to RGB.
#[derive(Debug)]
pub struct JpegDecoder {
    inner: Decompressor,
}

impl JpegDecoder {
    pub fn new() -> Result<Self, JpegError> {
        Ok(Self { inner: decompressor()? })
    }

    /// Reads the size from the header. A size above [`MAX_PIXELS`] is an error.
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

    /// Decodes the picture to RGB in full size.
    pub fn decode(&mut self, jpeg: &[u8]) -> Result<Image, JpegError> {
        let size = self.header(jpeg)?;
        self.decode_scaled(jpeg, size, ScalingFactor::ONE)
    }

    /// Decodes the picture to RGB, scaled down as far as both sides stay at least as long as in `wanted`. Scaling while decoding
    /// means fewer pixels for the inverse cosine transform and the colour conversion.
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

/// Creates a decompressor; needed again after each error. libjpeg-turbo may keep the marker at which it failed, and would then
/// refuse every following picture.
fn decompressor() -> Result<Decompressor, JpegError> {
    let mut inner = Decompressor::new().map_err(JpegError::Start)?;
    inner.set_scan_limit(MAX_SCANS).map_err(JpegError::Start)?;
    Ok(inner)
}

/// The smallest sufficient scale. Only powers of two, for which libjpeg-turbo has SIMD code; with 7/8 … 3/8 it runs plain C and is
/// slower than at full size.
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
    /// `quality` is clamped to 1 to 100.
    pub fn new(quality: u8) -> Result<Self, JpegError> {
        let mut inner = Compressor::new().map_err(JpegError::Start)?;
        inner.set_quality(i32::from(quality.clamp(1, 100))).map_err(JpegError::Start)?;
        inner.set_subsamp(Subsamp::Sub2x2).map_err(JpegError::Start)?;
        Ok(Self { inner })
    }

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

/// [`JpegDecoder::header`] with a new decoder.
pub fn header(jpeg: &[u8]) -> Result<Size, JpegError> {
    JpegDecoder::new()?.header(jpeg)
}

/// [`JpegDecoder::decode`] or, with `wanted`, [`JpegDecoder::decode_at_least`], with a new decoder.
pub fn decode(jpeg: &[u8], wanted: Option<Size>) -> Result<Image, JpegError> {
    let mut decoder = JpegDecoder::new()?;
    match wanted {
        Some(wanted) => decoder.decode_at_least(jpeg, wanted),
        None => decoder.decode(jpeg),
    }
}

/// [`JpegEncoder::encode`] with a new encoder.
pub fn encode(image: ImageRef<'_>, quality: u8) -> Result<Vec<u8>, JpegError> {
    JpegEncoder::new(quality)?.encode(image)
}

#[cfg(test)]
mod tests;
