//! Frames of one camera to pictures. The service and `vru analyse` use this same code.

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

/// Cameras that reorder pictures hold back a few; more than this were lost in the decoder.
const MAX_HELD: usize = 32;

/// A frame and what it shows.
#[derive(Debug, Clone)]
pub struct DecodedFrame {
    /// As it came. `frame.analyse` may be false: it was decoded only for those that follow.
    pub frame: v1::Frame,
    /// The picture.
    pub picture: Picture,
}

/// What came of a frame that was given to a [`FrameDecoder`].
#[derive(Debug, Default)]
pub struct Decoded {
    /// Usually the frame itself; none or several where the camera's stream reorders its pictures.
    pub frames: Vec<DecodedFrame>,
    /// Earlier frames that gave no picture and never will.
    pub lost: Vec<v1::Frame>,
    /// Why the frame itself gives none.
    pub failed: Option<DecodeError>,
}

/// Decodes the frames of one camera, in order. H.264 and H.265 pictures build on earlier ones, so it starts at a key frame,
/// and again after an error, a new session or a gap.
#[derive(Debug)]
pub struct FrameDecoder {
    model: Arc<Model>,
    jpeg: Option<JpegDecoder>,
    video: Option<VideoDecoder>,
    /// Given to the video decoder, not seen again yet; with the id they were given.
    held: VecDeque<(u64, v1::Frame)>,
    next_id: u64,
    /// Session and sequence of the last coded picture.
    last: Option<(u64, u64)>,
}

impl FrameDecoder {
    /// A decoder for one camera, which decodes no larger than the model can see.
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, jpeg: None, video: None, held: VecDeque::new(), next_id: 0, last: None }
    }

    /// Decodes one frame. The end of a stream gives back what the decoder still holds.
    pub fn decode(&mut self, frame: v1::Frame) -> Decoded {
        let codec = match frame.encoding() {
            Encoding::H264 => Codec::H264,
            Encoding::H265 => Codec::H265,
            Encoding::Jpeg | Encoding::Unspecified => return self.decode_still(frame),
        };
        let mut decoded = if self.breaks(codec, &frame) { self.end_video() } else { Decoded::default() };
        let ends = frame.end_of_stream;
        decoded.failed = self.push(codec, frame, &mut decoded).err();
        if ends {
            let rest = self.end_video();
            decoded.frames.extend(rest.frames);
            decoded.lost.extend(rest.lost);
        }
        decoded
    }

    /// Gives up what the decoder holds, and waits for a key frame.
    fn reset(&mut self) -> Vec<v1::Frame> {
        self.video = None;
        self.last = None;
        self.held.drain(..).map(|(_, frame)| frame).collect()
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
        let wrong = |source| DecodeError::Jpeg { frame: Box::new(key(&frame)), source };
        let decoder = match &mut self.jpeg {
            Some(decoder) => decoder,
            None => self.jpeg.insert(JpegDecoder::new().map_err(wrong)?),
        };
        let found = decoder.header(&frame.payload).map_err(wrong)?;
        let said = Size { width: frame.width, height: frame.height };
        // Who knows the size of the pictures that it sends knows what they cost us; a bomb says it is small.
        if said != found {
            return Err(DecodeError::Size { frame: Box::new(key(&frame)), said, found });
        }
        let wanted = self.model.wanted_size(frame.width, frame.height);
        let image = decoder.decode_at_least(&frame.payload, wanted).map_err(wrong)?;
        let picture = Picture { image, source: source(&frame) };
        Ok(DecodedFrame { frame, picture })
    }

    /// Whether what follows cannot build on what came before.
    fn breaks(&self, codec: Codec, frame: &v1::Frame) -> bool {
        let Some(decoder) = &self.video else { return false };
        let id = frame.id.clone().unwrap_or_default();
        decoder.codec() != codec || self.last.is_some_and(|last| last != (id.session, id.sequence.wrapping_sub(1)))
    }

    fn push(&mut self, codec: Codec, frame: v1::Frame, decoded: &mut Decoded) -> Result<(), DecodeError> {
        if frame.payload.is_empty() {
            return Ok(());
        }
        let named = key(&frame);
        let wrong = |source| match source {
            VideoDecodeError::Init(source) => DecodeError::Start(source),
            source => DecodeError::Video { frame: Box::new(named.clone()), source },
        };
        let decoder = match &mut self.video {
            Some(decoder) => decoder,
            None => self.video.insert(VideoDecoder::new(codec, 1).map_err(wrong)?),
        };
        self.last = Some((named.session, named.sequence));
        let id = self.next_id;
        self.next_id += 1;
        let pictures = match decoder.push(frame.payload.clone(), id, frame.key_frame) {
            Ok(pictures) => pictures,
            Err(error) => {
                // The decoder starts anew: what it held is gone.
                decoded.lost.extend(self.held.drain(..).map(|(_, frame)| frame));
                return Err(wrong(error));
            }
        };
        self.held.push_back((id, frame));
        for picture in pictures {
            self.take(picture.id, picture.image, decoded);
        }
        while self.held.len() > MAX_HELD {
            decoded.lost.extend(self.held.pop_front().map(|(_, frame)| frame));
        }
        Ok(())
    }

    fn take(&mut self, id: u64, image: vru_vision::image::Image, decoded: &mut Decoded) {
        let Some(at) = self.held.iter().position(|(held, _)| *held == id) else { return };
        if let Some((_, frame)) = self.held.remove(at) {
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

/// The frame's identity; frames are validated where they enter the service, so it is there.
pub fn key(frame: &v1::Frame) -> FrameKey {
    let id = frame.id.clone().unwrap_or_default();
    FrameKey::try_from(&id).unwrap_or_else(|_| FrameKey {
        camera: "unknown".parse().expect("a valid camera id"),
        session: 0,
        sequence: 0,
    })
}
