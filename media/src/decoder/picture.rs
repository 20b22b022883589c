//! A picture as the decoder gives it, and its conversion to RGB.

use std::collections::VecDeque;

use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use vru_vision::image::Image;

use crate::shown::{self, Unconverted};

/// Formats that a [`RgbConverter`] remembers: cameras of one site have few.
const REMEMBERED_FORMATS: usize = 8;
/// How much wider or narrower than it is stored a picture is shown at most: a record may state any size.
const MAX_STRETCH: u32 = 10;

/// A decoded picture in the decoder's own format: half the bytes of RGB, and not yet converted, because most pictures of an H.264 stream
/// are only decoded for those that depend on them.
#[derive(Debug, Clone)]
pub struct VideoPicture {
    buffer: gst::Buffer,
    info: gst_video::VideoInfo,
}

/// GStreamer cannot convert a decoder's output to RGB.
#[derive(Debug, thiserror::Error)]
#[error("cannot convert a picture of {width}×{height} pixels in format {format} to RGB")]
pub struct ConvertError {
    width: u32,
    height: u32,
    format: String,
}

impl VideoPicture {
    pub(super) fn new(buffer: gst::Buffer, info: gst_video::VideoInfo) -> Self {
        Self { buffer, info }
    }

    pub fn width(&self) -> u32 {
        self.info.width()
    }

    pub fn height(&self) -> u32 {
        self.info.height()
    }

    pub fn unconverted(&self) -> impl Iterator<Item = Unconverted> + use<> {
        Unconverted::of(&self.info)
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> &gst::MemoryRef {
        self.buffer.peek_memory(0)
    }
}

/// Converts pictures to RGB. Keep one per thread and reuse it: it has a buffer of one RGB picture for each format.
#[derive(Default)]
pub struct RgbConverter {
    formats: VecDeque<Format>,
}

/// What converts pictures of one format and size.
struct Format {
    input: gst_video::VideoInfo,
    output: gst_video::VideoInfo,
    converter: gst_video::VideoConverter,
    buffer: gst::Buffer,
}

impl RgbConverter {
    /// The picture as RGB with square pixels: as high as the camera sent it, and as wide as a player shows it.
    pub fn convert(&mut self, picture: &VideoPicture) -> Result<Image, ConvertError> {
        self.convert_to(picture, (0, 0))
    }

    /// As [`RgbConverter::convert`], in this size if it differs in the width only: the shape of pixels may be stated outside of the stream.
    pub fn convert_to(&mut self, picture: &VideoPicture, shown: (u32, u32)) -> Result<Image, ConvertError> {
        let (width, height) = (picture.width(), picture.height());
        let plausible = height == shown.1
            && shown.0 <= width.saturating_mul(MAX_STRETCH)
            && width <= shown.0.saturating_mul(MAX_STRETCH);
        let width = if plausible { shown.0 } else { shown::displayed_width(width, picture.info.par()) };
        self.try_convert(picture, width).ok_or_else(|| ConvertError {
            width: picture.width(),
            height: picture.height(),
            format: picture.info.name().to_owned(),
        })
    }

    fn try_convert(&mut self, picture: &VideoPicture, width: u32) -> Option<Image> {
        let Format { output, converter, buffer, .. } = self.format(&picture.info, width)?;
        {
            let source = gst_video::VideoFrameRef::from_buffer_ref_readable(&picture.buffer, &picture.info).ok()?;
            let target = gst_video::VideoFrameRef::from_buffer_ref_writable(buffer.get_mut()?, output);
            converter.frame_ref(&source, &mut target.ok()?);
        }
        to_image(buffer, output)
    }

    fn format(&mut self, input: &gst_video::VideoInfo, width: u32) -> Option<&mut Format> {
        match self.formats.iter().position(|format| format.input == *input && format.output.width() == width) {
            Some(0) => {}
            Some(at) => {
                let format = self.formats.remove(at)?;
                self.formats.push_front(format);
            }
            None => {
                self.formats.truncate(REMEMBERED_FORMATS - 1);
                self.formats.push_front(Format::new(input, width)?);
            }
        }
        self.formats.front_mut()
    }
}

impl std::fmt::Debug for RgbConverter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RgbConverter").field("formats", &self.formats.len()).finish()
    }
}

impl Format {
    /// The element `videoconvert` has the same defaults, so it gives the same pixels.
    fn new(input: &gst_video::VideoInfo, width: u32) -> Option<Self> {
        let output = gst_video::VideoInfo::builder(gst_video::VideoFormat::Rgb, width, input.height())
            // The converter changes neither.
            .interlace_mode(input.interlace_mode())
            .fps(input.fps())
            .build()
            .ok()?;
        let mut config = gst_video::VideoConverterConfig::new();
        config.set_threads(1);
        let converter = gst_video::VideoConverter::new(input, &output, Some(config)).ok()?;
        let buffer = gst::Buffer::with_size(output.size()).ok()?;
        Some(Self { input: input.clone(), output, converter, buffer })
    }
}

/// Copies a picture without row padding: GStreamer pads rows to multiples of four bytes.
fn to_image(buffer: &gst::Buffer, info: &gst_video::VideoInfo) -> Option<Image> {
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info).ok()?;
    let stride = usize::try_from(*frame.plane_stride().first()?).ok()?;
    let pixels = frame.plane_data(0).ok()?;
    let row = info.width() as usize * 3;
    let mut data = Vec::with_capacity(row * info.height() as usize);
    for line in pixels.chunks(stride).take(info.height() as usize) {
        data.extend_from_slice(line.get(..row)?);
    }
    Image::new(info.width(), info.height(), data).ok()
}
