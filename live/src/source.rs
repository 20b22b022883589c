//! The pictures in the frames of one camera. JPEGs stay as they are until somebody needs their pixels. H.264 and H.265 are decoded in order
//! from a key frame; after a gap nothing is shown until the next one, because a decoder would show grey.

use std::collections::VecDeque;

use bytes::Bytes;
use vru_media::decoder::{ConvertError, Reordering, RgbConverter, VideoDecodeError, VideoDecoder, VideoPicture};
use vru_media::frame::{container_colours, orientation};
use vru_media::jpeg::{JpegDecoder, JpegError, Size};
use vru_media::{Codec, Orientation};
use vru_proto::FrameKey;
use vru_proto::v1::{self, Encoding};
use vru_vision::image::Image;

/// Pictures that a decoder keeps back at most.
const MAX_IN_DECODER: usize = 64;

/// The picture of one frame.
#[derive(Debug)]
pub struct SourcePicture {
    pub key: FrameKey,
    pub captured_at_us: i64,
    /// The camera's original picture.
    pub source: (u32, u32),
    /// Whether inference was asked to analyse it.
    pub analyse: bool,
    pub pixels: Pixels,
}

#[derive(Debug)]
pub enum Pixels {
    Jpeg { bytes: Bytes, size: (u32, u32) },
    Video { picture: VideoPicture, turn: Orientation },
}

/// Why a frame has no picture.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    #[error("waiting for a key frame")]
    NoKeyFrame,
    #[error(transparent)]
    Decode(#[from] VideoDecodeError),
}

/// A picture cannot be made RGB.
#[derive(Debug, thiserror::Error)]
pub enum PixelsError {
    #[error(transparent)]
    Jpeg(#[from] JpegError),
    #[error(transparent)]
    Convert(#[from] ConvertError),
}

/// Takes the pictures out of the frames of one camera, in order.
#[derive(Debug, Default)]
pub struct PictureSource {
    decoder: Option<VideoDecoder>,
    /// Frames whose pictures are inside the decoder, with the ids under which it has them.
    in_decoder: VecDeque<(u64, Pending)>,
    next_id: u64,
    /// Session and sequence of the last access unit.
    last: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Pending {
    key: FrameKey,
    captured_at_us: i64,
    source: (u32, u32),
    analyse: bool,
    turn: Orientation,
}

impl PictureSource {
    /// The pictures that are there now, in the order in which they are shown: usually that of this frame.
    pub fn pictures(&mut self, key: &FrameKey, frame: &v1::Frame) -> Result<Vec<SourcePicture>, NoPicture> {
        let source = (frame.source_width, frame.source_height);
        let codec = match frame.encoding() {
            Encoding::H264 => Codec::H264,
            Encoding::H265 => Codec::H265,
            Encoding::Jpeg | Encoding::Unspecified => {
                self.forget();
                if frame.payload.is_empty() {
                    return Ok(Vec::new());
                }
                let pixels = Pixels::Jpeg { bytes: frame.payload.clone(), size: (frame.width, frame.height) };
                let (captured_at_us, analyse) = (frame.captured_at_us, frame.analyse);
                return Ok(vec![SourcePicture { key: key.clone(), captured_at_us, source, analyse, pixels }]);
            }
        };
        if frame.payload.is_empty() {
            return Ok(Vec::new());
        }
        let colours = container_colours(frame);
        if self.decoder.as_ref().is_none_or(|decoder| (decoder.codec(), decoder.colours()) != (codec, colours)) {
            self.forget();
            self.decoder = Some(VideoDecoder::new(codec, Reordering::AsSeen)?.with_colours(colours));
        }
        let follows = self.last == Some((key.session, key.sequence.wrapping_sub(1)));
        if !follows {
            // What is still in the decoder is older than the gap.
            self.in_decoder.clear();
            if let Some(decoder) = &mut self.decoder {
                drop(decoder.flush());
            }
        }
        if !follows && !frame.key_frame {
            self.last = None;
            return Err(NoPicture::NoKeyFrame);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(Vec::new()) };
        let id = self.next_id;
        self.next_id += 1;
        let pictures = match decoder.push(frame.payload.clone(), id, frame.key_frame) {
            Ok(pictures) => pictures,
            Err(error) => {
                self.last = None;
                self.in_decoder.clear();
                return Err(error.into());
            }
        };
        self.last = Some((key.session, key.sequence));
        let (captured_at_us, analyse, turn) = (frame.captured_at_us, frame.analyse, orientation(frame));
        self.in_decoder.push_back((id, Pending { key: key.clone(), captured_at_us, source, analyse, turn }));
        let mut shown = Vec::new();
        for decoded in pictures {
            let Some(at) = self.in_decoder.iter().position(|(id, _)| *id == decoded.id) else { continue };
            let Some((_, pending)) = self.in_decoder.remove(at) else { continue };
            let Pending { key, captured_at_us, source, analyse, turn } = pending;
            let pixels = Pixels::Video { picture: decoded.picture, turn };
            shown.push(SourcePicture { key, captured_at_us, source, analyse, pixels });
        }
        while self.in_decoder.len() > MAX_IN_DECODER {
            self.in_decoder.pop_front();
        }
        Ok(shown)
    }

    /// Whether the newest frame was H.264.
    pub fn is_h264(&self) -> bool {
        self.decoder.as_ref().is_some_and(|decoder| decoder.codec() == Codec::H264)
    }

    /// Starts at the next key frame.
    pub fn forget(&mut self) {
        self.decoder = None;
        self.last = None;
        self.in_decoder.clear();
    }
}

impl SourcePicture {
    /// How many bytes it keeps.
    pub fn bytes(&self) -> usize {
        match &self.pixels {
            Pixels::Jpeg { bytes, .. } => bytes.len(),
            // As decoders give it: 4:2:0.
            Pixels::Video { picture, .. } => picture.width() as usize * picture.height() as usize * 3 / 2,
        }
    }

    /// As RGB, upright. A JPEG may come smaller, but not smaller than that.
    pub fn image(
        &self,
        jpeg: &mut JpegDecoder,
        converter: &mut RgbConverter,
        at_least: Option<Size>,
    ) -> Result<Image, PixelsError> {
        match &self.pixels {
            Pixels::Jpeg { bytes, .. } => Ok(match at_least {
                Some(size) => jpeg.decode_at_least(bytes, size)?,
                None => jpeg.decode(bytes)?,
            }),
            Pixels::Video { picture, turn } => Ok(turn.apply(converter.convert_to(picture, turn.size(self.source))?)),
        }
    }
}
