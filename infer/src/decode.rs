//! Decodes the frames of one camera. The service and `vru analyse` share this code.

use std::collections::VecDeque;
use std::sync::Arc;

use vru_media::Codec;
use vru_media::decoder::{VideoDecodeError, VideoDecoder};
use vru_media::jpeg::{JpegDecoder, Size};
use vru_proto::FrameKey;
use vru_proto::v1::{self, Encoding};

use crate::error::DecodeError;
use crate::model::Model;
use crate::picture::Picture;

/// A decoder keeps a few pictures back if the camera's stream reorders them. Beyond this number, it has lost pictures.
const MAX_IN_DECODER: usize = 32;

/// A frame and its picture.
#[derive(Debug, Clone)]
pub struct DecodedFrame {
    /// The frame as given. If `frame.analyse` is false, it was decoded only because later frames depend on it.
    pub frame: v1::Frame,
    pub picture: Picture,
}

/// The result of [`FrameDecoder::decode`].
#[derive(Debug, Default)]
pub struct Decoded {
    /// Usually the given frame; none or several if the camera's stream reorders its pictures.
    pub frames: Vec<DecodedFrame>,
    /// Earlier frames for which the decoder will give no picture.
    pub lost: Vec<v1::Frame>,
    /// Why the given frame has no picture.
    pub failed: Option<DecodeError>,
}

/// Decodes the frames of one camera, in order. H.264 and H.265 pictures depend on earlier ones, so decoding starts at a key
/// frame, and starts again at a key frame after an error, a new session or a gap.
#[derive(Debug)]
pub struct FrameDecoder {
    model: Arc<Model>,
    jpeg: Option<JpegDecoder>,
    video: Option<VideoDecoder>,
    /// Frames that the video decoder has not returned yet, with the ids under which it has them.
    in_decoder: VecDeque<(u64, v1::Frame)>,
    next_id: u64,
    /// Session and sequence of the last H.264 or H.265 picture.
    last: Option<(u64, u64)>,
}

impl FrameDecoder {
    /// JPEGs are decoded at the smallest scale that still covers the input of `model`.
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, jpeg: None, video: None, in_decoder: VecDeque::new(), next_id: 0, last: None }
    }

    /// Decodes one frame. At the end of a stream, also returns the frames that are still in the decoder.
    pub fn decode(&mut self, frame: v1::Frame) -> Decoded {
        let codec = match frame.encoding() {
            Encoding::H264 => Codec::H264,
            Encoding::H265 => Codec::H265,
            Encoding::Jpeg | Encoding::Unspecified => return self.decode_still(frame),
        };
        let mut decoded = if self.breaks_stream(codec, &frame) { self.end_video() } else { Decoded::default() };
        let ends = frame.end_of_stream;
        decoded.failed = self.push(codec, frame, &mut decoded).err();
        if ends {
            let rest = self.end_video();
            decoded.frames.extend(rest.frames);
            decoded.lost.extend(rest.lost);
        }
        decoded
    }

    /// Discards the video decoder, so that decoding starts again at a key frame. Returns the frames that were in it.
    fn reset(&mut self) -> Vec<v1::Frame> {
        self.video = None;
        self.last = None;
        self.in_decoder.drain(..).map(|(_, frame)| frame).collect()
    }

    fn decode_still(&mut self, frame: v1::Frame) -> Decoded {
        let mut decoded = self.end_video();
        if !frame.payload.is_empty() {
            match self.decode_jpeg(frame) {
                Ok(frame) => decoded.frames.push(frame),
                Err(error) => decoded.failed = Some(error),
            }
        }
        decoded
    }

    fn decode_jpeg(&mut self, frame: v1::Frame) -> Result<DecodedFrame, DecodeError> {
        let failed = |source| DecodeError::Jpeg { frame: Box::new(key(&frame)), source };
        let decoder = match &mut self.jpeg {
            Some(decoder) => decoder,
            None => self.jpeg.insert(JpegDecoder::new().map_err(failed)?),
        };
        let found = decoder.header(&frame.payload).map_err(failed)?;
        let stated = Size { width: frame.width, height: frame.height };
        // A decompression bomb states a small size to hide what it costs. Check before decoding.
        if stated != found {
            return Err(DecodeError::Size { frame: Box::new(key(&frame)), stated, found });
        }
        let wanted = self.model.wanted_size(frame.width, frame.height);
        let image = decoder.decode_at_least(&frame.payload, wanted).map_err(failed)?;
        let picture = Picture { image, source: source(&frame) };
        Ok(DecodedFrame { frame, picture })
    }

    /// Whether this frame cannot depend on the frames in the decoder: another codec, another session, or a gap.
    fn breaks_stream(&self, codec: Codec, frame: &v1::Frame) -> bool {
        let Some(decoder) = &self.video else { return false };
        let id = frame.id.clone().unwrap_or_default();
        decoder.codec() != codec || self.last.is_some_and(|last| last != (id.session, id.sequence.wrapping_sub(1)))
    }

    fn push(&mut self, codec: Codec, frame: v1::Frame, decoded: &mut Decoded) -> Result<(), DecodeError> {
        if frame.payload.is_empty() {
            return Ok(());
        }
        let id = key(&frame);
        let failed = |source| match source {
            VideoDecodeError::Init(source) => DecodeError::Start(source),
            source => DecodeError::Video { frame: Box::new(id.clone()), source },
        };
        let decoder = match &mut self.video {
            Some(decoder) => decoder,
            None => self.video.insert(VideoDecoder::new(codec, 1).map_err(failed)?),
        };
        self.last = Some((id.session, id.sequence));
        let decoder_id = self.next_id;
        self.next_id += 1;
        let pictures = match decoder.push(frame.payload.clone(), decoder_id, frame.key_frame) {
            Ok(pictures) => pictures,
            Err(error) => {
                // The decoder starts again, so the pictures in it are lost.
                decoded.lost.extend(self.in_decoder.drain(..).map(|(_, frame)| frame));
                return Err(failed(error));
            }
        };
        self.in_decoder.push_back((decoder_id, frame));
        for picture in pictures {
            self.take(picture.id, picture.image, decoded);
        }
        while self.in_decoder.len() > MAX_IN_DECODER {
            decoded.lost.extend(self.in_decoder.pop_front().map(|(_, frame)| frame));
        }
        Ok(())
    }

    /// Joins a decoded image with its frame.
    fn take(&mut self, id: u64, image: vru_vision::image::Image, decoded: &mut Decoded) {
        let Some(at) = self.in_decoder.iter().position(|(given, _)| *given == id) else { return };
        if let Some((_, frame)) = self.in_decoder.remove(at) {
            let picture = Picture { image, source: source(&frame) };
            decoded.frames.push(DecodedFrame { frame, picture });
        }
    }

    fn end_video(&mut self) -> Decoded {
        let mut decoded = Decoded::default();
        if let Some(mut decoder) = self.video.take() {
            for picture in decoder.flush() {
                self.take(picture.id, picture.image, &mut decoded);
            }
        }
        decoded.lost = self.reset();
        decoded
    }
}

fn source(frame: &v1::Frame) -> Size {
    Size { width: frame.source_width, height: frame.source_height }
}

/// The frame's identity. Frames are validated when they enter the service, so it is valid.
pub fn key(frame: &v1::Frame) -> FrameKey {
    let id = frame.id.clone().unwrap_or_default();
    FrameKey::try_from(&id).unwrap_or_else(|_| FrameKey {
        camera: "unknown".parse().expect("a valid camera id"),
        session: 0,
        sequence: 0,
    })
}
