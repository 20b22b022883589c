//! The thread that joins, decodes, draws and encodes the live pictures of cameras that have viewers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use vru_infer::picture::{container_colours, orientation};
use vru_media::decoder::{Reordering, RgbConverter, VideoDecoder};
use vru_media::jpeg::{self, JpegEncoder};
use vru_media::{Codec, Orientation};
use vru_proto::v1::{self, Encoding, FrameDetections};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::report::chain;
use vru_vision::image::Image;

use super::channels::Channels;
use super::join::Join;
use crate::annotate::{self, Overlay};

/// For how many frames a track is highlighted after it raised an alert.
const SHOW_ALERT_FRAMES: u64 = 40;
/// Tracks with alerts, and pictures inside the decoder, that are remembered for each camera.
const MAX_REMEMBERED: usize = 64;
const JPEG_QUALITY: u8 = 80;

/// What the thread receives, in order for each camera.
#[derive(Debug)]
pub(super) enum RenderInput {
    Frame(FrameKey, Box<v1::Frame>),
    Detections(FrameKey, Box<FrameDetections>),
    /// The tracks that raised an alert.
    Alert(FrameKey, Vec<u64>),
    /// The last viewer left: forget all cameras.
    Idle,
}

enum SourcePicture {
    Jpeg(Bytes),
    Image(Image),
}

/// How a person sees the picture of a frame.
#[derive(Clone, Copy)]
struct Shown {
    size: (u32, u32),
    turn: Orientation,
}

#[derive(Default)]
struct CameraRenderer {
    join: Join<SourcePicture>,
    decoder: Option<VideoDecoder>,
    converter: RgbConverter,
    /// Frames inside the decoder, by the id under which they were pushed.
    in_decoder: VecDeque<(u64, FrameKey, Shown)>,
    next_id: u64,
    alerted: VecDeque<(FrameKey, u64)>,
}

/// Runs until the senders are dropped.
pub(super) fn run(inputs: &Receiver<RenderInput>, channels: &Arc<Channels>) {
    let mut encoder = match JpegEncoder::new(JPEG_QUALITY) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::error!(error = %chain(&error), "the JPEG encoder does not start: there are no live pictures");
            return;
        }
    };
    let mut cameras: HashMap<CameraId, CameraRenderer> = HashMap::new();
    for input in inputs {
        let (key, pairs) = match input {
            RenderInput::Idle => {
                cameras.clear();
                continue;
            }
            RenderInput::Alert(key, tracks) => {
                cameras.entry(key.camera.clone()).or_default().alert(&key, &tracks);
                continue;
            }
            RenderInput::Frame(key, frame) => {
                let pairs = cameras.entry(key.camera.clone()).or_default().frame(&key, *frame);
                (key, pairs)
            }
            RenderInput::Detections(key, found) => {
                let pair = cameras.entry(key.camera.clone()).or_default().join.detections(key.clone(), *found);
                (key, pair.into_iter().collect())
            }
        };
        let camera = cameras.entry(key.camera.clone()).or_default();
        for (picture, found) in pairs {
            match camera.draw(picture, &found, &key, channels, &mut encoder) {
                Ok(jpeg) => channels.show(&key.camera, jpeg),
                Err(error) => tracing::debug!(frame = %key, error = %chain(&error), "a live picture cannot be drawn"),
            }
        }
    }
}

impl CameraRenderer {
    fn alert(&mut self, key: &FrameKey, tracks: &[u64]) {
        self.alerted.extend(tracks.iter().map(|track| (key.clone(), *track)));
        while self.alerted.len() > MAX_REMEMBERED {
            self.alerted.pop_front();
        }
    }

    fn frame(&mut self, key: &FrameKey, frame: v1::Frame) -> Vec<(SourcePicture, FrameDetections)> {
        let codec = match frame.encoding() {
            Encoding::H264 => Codec::H264,
            Encoding::H265 => Codec::H265,
            Encoding::Jpeg | Encoding::Unspecified => {
                let bytes = frame.payload.len();
                return self.join.picture(key.clone(), SourcePicture::Jpeg(frame.payload), bytes).into_iter().collect();
            }
        };
        let colours = container_colours(&frame);
        if self.decoder.as_ref().is_none_or(|decoder| (decoder.codec(), decoder.colours()) != (codec, colours)) {
            let decoder = VideoDecoder::new(codec, Reordering::AsSeen).ok();
            self.decoder = decoder.map(|decoder| decoder.with_colours(colours));
            self.in_decoder.clear();
        }
        let Some(decoder) = &mut self.decoder else { return Vec::new() };
        let shown = Shown { size: (frame.source_width, frame.source_height), turn: orientation(&frame) };
        let id = self.next_id;
        self.next_id += 1;
        // After a gap the decoder gives grey pictures until the next key frame. That is acceptable on this page.
        let Ok(pictures) = decoder.push(frame.payload, id, frame.key_frame) else { return Vec::new() };
        self.in_decoder.push_back((id, key.clone(), shown));
        let mut pairs = Vec::new();
        for picture in pictures {
            let Some(at) = self.in_decoder.iter().position(|(id, ..)| *id == picture.id) else { continue };
            let Some((_, key, shown)) = self.in_decoder.remove(at) else { continue };
            let size = shown.turn.size(shown.size);
            let Ok(image) = self.converter.convert_to(&picture.picture, size) else { continue };
            let image = shown.turn.apply(image);
            let bytes = image.data.len();
            pairs.extend(self.join.picture(key, SourcePicture::Image(image), bytes));
        }
        while self.in_decoder.len() > MAX_REMEMBERED {
            self.in_decoder.pop_front();
        }
        pairs
    }

    fn draw(
        &self,
        picture: SourcePicture,
        found: &FrameDetections,
        key: &FrameKey,
        channels: &Channels,
        encoder: &mut JpegEncoder,
    ) -> Result<Bytes, jpeg::JpegError> {
        let mut image = match picture {
            SourcePicture::Jpeg(payload) => jpeg::decode(&payload, None)?,
            SourcePicture::Image(image) => image,
        };
        let recent =
            |(at, _): &&(FrameKey, u64)| at.session == key.session && at.sequence + SHOW_ALERT_FRAMES >= key.sequence;
        let alerted: HashSet<u64> = self.alerted.iter().filter(recent).map(|(_, track)| *track).collect();
        let config = channels.camera(&key.camera);
        let zones = config.as_ref().map_or(&[][..], |config| &config.zones);
        let lines = config.as_ref().map_or(&[][..], |config| &config.lines);
        annotate::draw(&mut image, &Overlay { detections: found, zones, lines, alerted: &alerted });
        Ok(encoder.encode(image.view())?.into())
    }
}
