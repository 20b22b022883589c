//! The thread that joins, decodes, draws and encodes the live pictures of watched cameras.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use vru_media::Codec;
use vru_media::decoder::VideoDecoder;
use vru_media::jpeg::{self, JpegEncoder};
use vru_proto::v1::{self, Encoding, FrameDetections};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::report::chain;
use vru_vision::image::Image;

use super::join::Join;
use super::live::Shared;
use crate::annotate::{self, Overlay};

/// For how many frames a track is shown as one that raised an alert.
const SHOW_ALERT_FRAMES: u64 = 40;
/// Tracks with alerts that are remembered for each camera.
const MAX_ALERTED: usize = 64;
const QUALITY: u8 = 80;

/// Work for the thread, in the order of each camera.
#[derive(Debug)]
pub enum Work {
    /// A picture.
    Frame(FrameKey, Box<v1::Frame>),
    /// What was found in one.
    Detections(FrameKey, Box<FrameDetections>),
    /// A track raised an alert.
    Alert(FrameKey, Vec<u64>),
    /// Nobody watches any more.
    Idle,
}

enum Shown {
    Jpeg(Bytes),
    Image(Image),
}

#[derive(Default)]
struct Camera {
    join: Join<Shown>,
    decoder: Option<VideoDecoder>,
    /// Given to the decoder and not out yet, by the id they were given.
    held: VecDeque<(u64, FrameKey)>,
    next_id: u64,
    alerted: VecDeque<(FrameKey, u64)>,
}

/// Runs until nobody sends work any more.
pub fn run(work: &Receiver<Work>, shared: &Arc<Shared>) {
    let mut encoder = match JpegEncoder::new(QUALITY) {
        Ok(encoder) => encoder,
        Err(error) => {
            tracing::error!(error = %chain(&error), "no live pictures");
            return;
        }
    };
    let mut cameras: HashMap<CameraId, Camera> = HashMap::new();
    for next in work {
        let (key, pairs) = match next {
            Work::Idle => {
                cameras.clear();
                continue;
            }
            Work::Alert(key, tracks) => {
                cameras.entry(key.camera.clone()).or_default().alert(&key, &tracks);
                continue;
            }
            Work::Frame(key, frame) => {
                let pairs = cameras.entry(key.camera.clone()).or_default().frame(&key, *frame);
                (key, pairs)
            }
            Work::Detections(key, found) => {
                let pair = cameras.entry(key.camera.clone()).or_default().join.detections(key.clone(), *found);
                (key, pair.into_iter().collect())
            }
        };
        let camera = cameras.entry(key.camera.clone()).or_default();
        for (shown, found) in pairs {
            match camera.draw(shown, &found, &key, shared, &mut encoder) {
                Ok(picture) => shared.show(&key.camera, picture),
                Err(error) => tracing::debug!(frame = %key, error = %chain(&error), "a live picture was left out"),
            }
        }
    }
}

impl Camera {
    fn alert(&mut self, key: &FrameKey, tracks: &[u64]) {
        self.alerted.extend(tracks.iter().map(|track| (key.clone(), *track)));
        while self.alerted.len() > MAX_ALERTED {
            self.alerted.pop_front();
        }
    }

    fn frame(&mut self, key: &FrameKey, frame: v1::Frame) -> Vec<(Shown, FrameDetections)> {
        let codec = match frame.encoding() {
            Encoding::H264 => Codec::H264,
            Encoding::H265 => Codec::H265,
            Encoding::Jpeg | Encoding::Unspecified => {
                let bytes = frame.payload.len();
                return self.join.picture(key.clone(), Shown::Jpeg(frame.payload), bytes).into_iter().collect();
            }
        };
        if self.decoder.as_ref().is_none_or(|decoder| decoder.codec() != codec) {
            self.decoder = VideoDecoder::new(codec, 1).ok();
            self.held.clear();
        }
        let Some(decoder) = &mut self.decoder else { return Vec::new() };
        let id = self.next_id;
        self.next_id += 1;
        // After a gap the decoder shows grey until the next key frame; on this page that may be.
        let Ok(pictures) = decoder.push(frame.payload, id, frame.key_frame) else { return Vec::new() };
        self.held.push_back((id, key.clone()));
        let mut pairs = Vec::new();
        for picture in pictures {
            let Some(at) = self.held.iter().position(|(held, _)| *held == picture.id) else { continue };
            let Some((_, key)) = self.held.remove(at) else { continue };
            let bytes = picture.image.data.len();
            pairs.extend(self.join.picture(key, Shown::Image(picture.image), bytes));
        }
        while self.held.len() > MAX_ALERTED {
            self.held.pop_front();
        }
        pairs
    }

    fn draw(
        &self,
        shown: Shown,
        found: &FrameDetections,
        key: &FrameKey,
        shared: &Shared,
        encoder: &mut JpegEncoder,
    ) -> Result<Bytes, jpeg::JpegError> {
        let mut image = match shown {
            Shown::Jpeg(payload) => jpeg::decode(&payload, None)?,
            Shown::Image(image) => image,
        };
        let recent =
            |(at, _): &&(FrameKey, u64)| at.session == key.session && at.sequence + SHOW_ALERT_FRAMES >= key.sequence;
        let alerted: HashSet<u64> = self.alerted.iter().filter(recent).map(|(_, track)| *track).collect();
        let config = shared.camera(&key.camera);
        let zones = config.as_ref().map_or(&[][..], |config| &config.zones);
        annotate::draw(&mut image, &Overlay { detections: found, zones, alerted: &alerted });
        Ok(encoder.encode(image.view())?.into())
    }
}
