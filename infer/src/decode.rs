//! Decodes the frames of one camera. The service and `vru analyse` share this code.

use std::collections::VecDeque;
use std::sync::Arc;

use vru_media::Codec;
use vru_media::decoder::{Reordering, RgbConverter, VideoDecodeError, VideoDecoder, VideoPicture};
use vru_media::jpeg::{JpegDecoder, Size};
use vru_media::shown::Unconverted;
use vru_proto::FrameKey;
use vru_proto::v1::{self, Delivery, Encoding};
use vru_vision::image::Image;
use vru_vision::orientation::Orientation;

use crate::error::DecodeError;
use crate::metrics;
use crate::model::Model;
use crate::picture::{Picture, container_colours, orientation};

/// A decoder keeps a few pictures back if the camera's stream reorders them. Beyond this number, it has lost pictures.
const MAX_IN_DECODER: usize = 32;

/// A frame and its picture.
#[derive(Debug, Clone)]
pub struct DecodedFrame<P = Picture> {
    /// The frame as given. If `frame.analyse` is false, it was decoded only because later frames depend on it.
    pub frame: v1::Frame,
    pub picture: P,
}

/// The result of [`FrameDecoder::decode`].
#[derive(Debug)]
pub struct Decoded<P = Picture> {
    /// Usually the given frame; none or several if the camera's stream reorders its pictures.
    pub frames: Vec<DecodedFrame<P>>,
    /// Earlier frames for which the decoder will give no picture.
    pub lost: Vec<v1::Frame>,
    /// Why the given frame has no picture.
    pub failed: Option<DecodeError>,
}

impl<P> Default for Decoded<P> {
    fn default() -> Self {
        Self { frames: Vec::new(), lost: Vec::new(), failed: None }
    }
}

/// A decoded picture in the decoder's own format.
#[derive(Debug, Clone)]
pub struct RawPicture {
    pixels: Pixels,
    orientation: Orientation,
    source: Size,
}

#[derive(Debug, Clone)]
enum Pixels {
    Rgb(Image),
    Video(VideoPicture),
}

impl RawPicture {
    /// An upright picture that is RGB already.
    pub fn rgb(image: Image, source: Size) -> Self {
        Self { pixels: Pixels::Rgb(image), orientation: Orientation::UPRIGHT, source }
    }

    /// The picture as RGB, upright.
    pub fn into_picture(self, converter: &mut RgbConverter) -> Result<Picture, VideoDecodeError> {
        let image = match self.pixels {
            Pixels::Rgb(image) => image,
            Pixels::Video(picture) => {
                converter.convert_to(&picture, self.orientation.size((self.source.width, self.source.height)))?
            }
        };
        Ok(Picture { image: self.orientation.apply(image), source: self.source })
    }
}

/// Decodes the frames of one camera, in order. H.264 and H.265 pictures depend on earlier ones, so decoding starts at a key
/// frame, and starts again at a key frame after an error, a new session or a gap. Live frames are not held back for pictures
/// that might come later; no frame of a file is lost.
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
    /// A session, and what was said about its pictures.
    said: (u64, Vec<Unconverted>),
    /// Used by [`FrameDecoder::decode`] only.
    converter: RgbConverter,
}

impl FrameDecoder {
    /// JPEGs are decoded at the smallest scale that still covers the input of `model`.
    pub fn new(model: Arc<Model>) -> Self {
        let converter = RgbConverter::default();
        let (in_decoder, said) = (VecDeque::new(), (0, Vec::new()));
        Self { model, jpeg: None, video: None, in_decoder, next_id: 0, last: None, said, converter }
    }

    /// What a player would do with the pictures of the last session.
    pub fn unconverted(&self) -> &[Unconverted] {
        &self.said.1
    }

    /// Decodes one frame. At the end of a stream, also returns the frames that are still in the decoder.
    pub fn decode(&mut self, frame: v1::Frame) -> Decoded {
        let Decoded { frames, lost, failed } = self.decode_raw(frame);
        let mut decoded = Decoded { frames: Vec::new(), lost, failed };
        for DecodedFrame { frame, picture } in frames {
            match picture.into_picture(&mut self.converter) {
                Ok(picture) => decoded.frames.push(DecodedFrame { frame, picture }),
                Err(source) => decoded.failed = Some(DecodeError::Video { frame: Box::new(key(&frame)), source }),
            }
        }
        decoded
    }

    /// As [`FrameDecoder::decode`], without conversion to RGB.
    pub fn decode_raw(&mut self, frame: v1::Frame) -> Decoded<RawPicture> {
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

    /// Leaves a picture out that no later one depends on.
    pub fn skip_unreferenced(&mut self, frame: &v1::Frame) {
        let id = frame.id.clone().unwrap_or_default();
        if self.last == Some((id.session, id.sequence.wrapping_sub(1))) {
            self.last = Some((id.session, id.sequence));
        }
    }

    /// Discards the video decoder, so that decoding starts again at a key frame. Returns the frames that were in it.
    fn reset(&mut self) -> Vec<v1::Frame> {
        self.video = None;
        self.last = None;
        self.in_decoder.drain(..).map(|(_, frame)| frame).collect()
    }

    fn decode_still(&mut self, frame: v1::Frame) -> Decoded<RawPicture> {
        let mut decoded = self.end_video();
        if !frame.payload.is_empty() {
            match self.decode_jpeg(frame) {
                Ok(frame) => decoded.frames.push(frame),
                Err(error) => decoded.failed = Some(error),
            }
        }
        decoded
    }

    fn decode_jpeg(&mut self, frame: v1::Frame) -> Result<DecodedFrame<RawPicture>, DecodeError> {
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
        let picture = RawPicture::rgb(image, source(&frame));
        Ok(DecodedFrame { frame, picture })
    }

    /// Whether the decoder must be discarded before this frame: it cannot depend on the frames in the decoder, because it has
    /// another codec, another session, or comes after a gap. After a gap within a session, a picture that resets the decoder
    /// by itself can go on with it, but not if earlier pictures never came: libavcodec carries state from pictures that it could not
    /// decode into the following ones, even behind such a picture.
    fn breaks_stream(&self, codec: Codec, frame: &v1::Frame) -> bool {
        let (Some(decoder), Some((session, sequence))) = (&self.video, self.last) else { return false };
        let id = frame.id.clone().unwrap_or_default();
        let follows = (id.session, id.sequence) == (session, sequence.wrapping_add(1));
        let resets = frame.key_frame && id.session == session && codec.resets_decoder(&frame.payload);
        decoder.codec() != codec || !(follows || resets) || (resets && !self.in_decoder.is_empty())
    }

    fn push(&mut self, codec: Codec, frame: v1::Frame, decoded: &mut Decoded<RawPicture>) -> Result<(), DecodeError> {
        if frame.payload.is_empty() {
            return Ok(());
        }
        let id = key(&frame);
        let failed = |source| match source {
            VideoDecodeError::Init(source) => DecodeError::Start(source),
            source => DecodeError::Video { frame: Box::new(id.clone()), source },
        };
        let every_frame = frame.delivery() == Delivery::EveryFrame;
        let reordering = if every_frame { Reordering::AsAllowed } else { Reordering::AsSeen };
        let decoder = match &mut self.video {
            Some(decoder) => decoder,
            None => self
                .video
                .insert(VideoDecoder::new(codec, reordering).map_err(failed)?.with_colours(container_colours(&frame))),
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
            self.take(picture.id, picture.picture, decoded);
        }
        while self.in_decoder.len() > MAX_IN_DECODER {
            decoded.lost.extend(self.in_decoder.pop_front().map(|(_, frame)| frame));
        }
        Ok(())
    }

    /// Joins a decoded picture with its frame.
    fn take(&mut self, id: u64, picture: VideoPicture, decoded: &mut Decoded<RawPicture>) {
        let Some(at) = self.in_decoder.iter().position(|(given, _)| *given == id) else { return };
        if let Some((_, frame)) = self.in_decoder.remove(at) {
            picture.unconverted().for_each(|kind| self.say(&frame, kind));
            let (pixels, orientation) = (Pixels::Video(picture), orientation(&frame));
            let picture = RawPicture { pixels, orientation, source: source(&frame) };
            decoded.frames.push(DecodedFrame { frame, picture });
        }
    }

    /// Once per session. Ingest says it for the pictures that it decodes.
    fn say(&mut self, frame: &v1::Frame, kind: Unconverted) {
        let FrameKey { camera, session, .. } = key(frame);
        if self.said.0 != session {
            self.said = (session, Vec::new());
        }
        if self.said.1.contains(&kind) {
            return;
        }
        self.said.1.push(kind);
        metrics::UNCONVERTED.with_label_values(&[camera.as_str(), kind.name()]).inc();
        tracing::warn!(camera = camera.as_str(), session, "{kind}");
    }

    fn end_video(&mut self) -> Decoded<RawPicture> {
        let mut decoded = Decoded::default();
        if let Some(mut decoder) = self.video.take() {
            for picture in decoder.flush() {
                self.take(picture.id, picture.picture, &mut decoded);
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
