//! One camera, on the thread that renders it: pictures meet their analysis, and become the renditions that somebody wants.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use vru_media::decoder::RgbConverter;
use vru_media::jpeg::{JpegDecoder, JpegEncoder, JpegError, Size};
use vru_proto::FrameKey;
use vru_proto::v1::{self, Encoding};
use vru_runtime::report::chain;
use vru_vision::image::Image;
use vru_vision::privacy::pixelate_scaled;
use vru_vision::shrink;

use crate::analysis::Analysis;
use crate::camera::WatchedCamera;
use crate::join::Join;
use crate::message::{Message, Shown};
use crate::metrics::Skip;
use crate::recent::{self, Recent};
use crate::rendition::Rendition;
use crate::source::{NoPicture, PictureSource, Pixels, PixelsError, SourcePicture};
use crate::units::{Unit, Units};

/// Pictures that were not analysed by then are shown without boxes.
const SHOWN_WITHOUT_ANALYSIS: Duration = Duration::from_secs(2);
const TILE_WIDTH: u32 = 640;
const TILE_INTERVAL: Duration = Duration::from_millis(100);
const JPEG_QUALITY: u8 = 80;

/// What a thread makes pictures with.
#[derive(Debug)]
pub(crate) struct Tools {
    decoder: JpegDecoder,
    encoder: JpegEncoder,
    converter: RgbConverter,
}

impl Tools {
    pub(crate) fn new() -> Result<Self, JpegError> {
        let (decoder, encoder) = (JpegDecoder::new()?, JpegEncoder::new(JPEG_QUALITY)?);
        Ok(Self { decoder, encoder, converter: RgbConverter::default() })
    }
}

#[derive(Debug)]
pub(crate) struct Stage {
    camera: Arc<WatchedCamera>,
    source: PictureSource,
    join: Join<SourcePicture, Arc<Analysis>>,
    units: Units,
    recent: Recent,
    /// The name of the stream's profile and level, from its last key frame.
    codec: String,
    tile_due: Option<Instant>,
    /// Session and capture time of the newest picture that was shown.
    shown: Option<(u64, i64)>,
}

impl Stage {
    pub(crate) fn new(camera: Arc<WatchedCamera>) -> Self {
        let (source, join) = (PictureSource::default(), Join::default());
        let (units, recent) = (Units::default(), Recent::default());
        Self { camera, source, join, units, recent, codec: String::new(), tile_due: None, shown: None }
    }

    pub(crate) fn camera(&self) -> &Arc<WatchedCamera> {
        &self.camera
    }

    pub(crate) fn frame(&mut self, key: FrameKey, frame: Box<v1::Frame>, tools: &mut Tools) {
        if self.wants_images(frame.encoding()) {
            self.pictures(&key, &frame, tools);
        } else {
            self.source.forget();
        }
        // Also while nobody wants them: whoever comes from the tile of a wall begins at once.
        if frame.encoding() == Encoding::H264 && !self.camera.privacy.hides() {
            if !frame.payload.is_empty() {
                self.units.push(key, frame);
                self.pass_units_on();
            }
        } else {
            self.recent.forget();
        }
    }

    /// Whether somebody wants JPEGs of frames with this encoding.
    fn wants_images(&self, encoding: Encoding) -> bool {
        self.camera.wants(Rendition::Tile)
            || self.camera.wants(Rendition::Full)
            || ((encoding != Encoding::H264 || self.camera.privacy.hides()) && self.camera.wants(Rendition::H264))
    }

    fn pictures(&mut self, key: &FrameKey, frame: &v1::Frame, tools: &mut Tools) {
        let pictures = match self.source.pictures(key, frame) {
            Ok(pictures) => pictures,
            Err(NoPicture::NoKeyFrame) => {
                Skip::NoKeyFrame.count(self.camera.id.as_str(), 1);
                return;
            }
            Err(error) => {
                tracing::debug!(frame = %key, error = %chain(&error), "a live picture cannot be decoded");
                Skip::Undecodable.count(self.camera.id.as_str(), 1);
                return;
            }
        };
        // The others are only there because later ones depend on them.
        for picture in pictures.into_iter().filter(|picture| picture.analyse) {
            let bytes = picture.bytes();
            if let Some((picture, analysis)) = self.join.picture(picture.key.clone(), picture, bytes) {
                self.show(&picture, Some(&analysis), tools);
            }
        }
        self.count_dropped();
    }

    pub(crate) fn analysis(&mut self, key: FrameKey, analysis: &Arc<Analysis>, tools: &mut Tools) {
        self.units.analysis(&key, analysis);
        self.pass_units_on();
        if let Some((picture, analysis)) = self.join.detections(key, analysis.clone()) {
            self.show(&picture, Some(&analysis), tools);
        }
        self.count_dropped();
    }

    /// Call it often: some things only wait for time to pass.
    pub(crate) fn tick(&mut self, tools: &mut Tools) {
        self.pass_units_on();
        if let Some((_, picture)) = self.join.expired(SHOWN_WITHOUT_ANALYSIS) {
            self.show(&picture, None, tools);
        }
        self.count_dropped();
    }

    fn count_dropped(&mut self) {
        Skip::NotAnalysed.count(self.camera.id.as_str(), self.join.take_dropped());
    }

    fn show(&mut self, picture: &SourcePicture, analysis: Option<&Analysis>, tools: &mut Tools) {
        let (session, at) = (picture.key.session, picture.captured_at_us);
        if self.shown.is_some_and(|(shown, newest)| shown == session && at <= newest) {
            Skip::Late.count(self.camera.id.as_str(), 1);
            return;
        }
        self.shown = Some((session, at));
        if let Err(error) = self.render(picture, analysis, tools) {
            tracing::debug!(frame = %picture.key, error = %chain(&error), "a live picture cannot be made");
            Skip::Undecodable.count(self.camera.id.as_str(), 1);
        }
    }

    fn render(
        &mut self,
        picture: &SourcePicture,
        analysis: Option<&Analysis>,
        tools: &mut Tools,
    ) -> Result<(), PixelsError> {
        let SourcePicture { key, captured_at_us, source, .. } = picture;
        let shown = Shown { key, captured_at_us: *captured_at_us, source: *source, analysis };
        let hidden = analysis.and_then(|analysis| analysis.hidden.as_deref());
        if hidden.is_none() && self.camera.privacy.hides() {
            Skip::Private.count(self.camera.id.as_str(), 1);
            return Ok(());
        }
        let tile = self.camera.wants(Rendition::Tile) && self.tile_is_due();
        let instead_of_units = (!self.source.is_h264() || hidden.is_some()) && self.camera.wants(Rendition::H264);
        let full = self.camera.wants(Rendition::Full) || instead_of_units;
        let for_whom = if instead_of_units { &[Rendition::Full, Rendition::H264][..] } else { &[Rendition::Full] };
        match &picture.pixels {
            Pixels::Jpeg { bytes, size } if hidden.is_none() => {
                if full {
                    self.camera.publish(Rendition::Full, for_whom, Message::jpeg(shown, Rendition::Full, *size, bytes));
                }
                if tile && size.0 <= TILE_WIDTH {
                    self.publish_tile(shown, *size, bytes);
                } else if tile {
                    let at_least = Size { width: TILE_WIDTH, height: 1 };
                    let image = picture.image(&mut tools.decoder, &mut tools.converter, Some(at_least))?;
                    self.tile(shown, image, tools)?;
                }
            }
            _ => {
                if !full && !tile {
                    return Ok(());
                }
                let mut image = picture.image(&mut tools.decoder, &mut tools.converter, None)?;
                pixelate_scaled(&mut image, hidden.unwrap_or_default(), *source);
                if full {
                    let jpeg = tools.encoder.encode(image.view())?;
                    let size = (image.width, image.height);
                    self.camera.publish(Rendition::Full, for_whom, Message::jpeg(shown, Rendition::Full, size, &jpeg));
                }
                if tile {
                    self.tile(shown, image, tools)?;
                }
            }
        }
        Ok(())
    }

    fn tile(&self, shown: Shown<'_>, image: Image, tools: &mut Tools) -> Result<(), PixelsError> {
        let image = shrink::to_width(image, TILE_WIDTH);
        let jpeg = Bytes::from(tools.encoder.encode(image.view())?);
        self.publish_tile(shown, (image.width, image.height), &jpeg);
        Ok(())
    }

    fn publish_tile(&self, shown: Shown<'_>, size: (u32, u32), jpeg: &[u8]) {
        let message = Message::jpeg(shown, Rendition::Tile, size, jpeg);
        self.camera.publish(Rendition::Tile, &[Rendition::Tile], message);
    }

    /// Ten a second on average: a camera whose pictures do not come at multiples of that loses none for it.
    fn tile_is_due(&mut self) -> bool {
        let now = Instant::now();
        match self.tile_due {
            Some(due) if now < due => return false,
            Some(due) if now < due + TILE_INTERVAL => self.tile_due = Some(due + TILE_INTERVAL),
            _ => self.tile_due = Some(now + TILE_INTERVAL),
        }
        true
    }

    fn pass_units_on(&mut self) {
        while let Some(Unit { key, frame, analysis, .. }) = self.units.next() {
            if frame.key_frame
                && let Some(codec) = avc_codec(&frame.payload)
            {
                self.codec = codec;
            }
            if self.camera.privacy.hides() || analysis.as_ref().is_some_and(|analysis| analysis.hidden.is_some()) {
                self.recent.forget();
                Skip::Private.count(self.camera.id.as_str(), 1);
                continue;
            }
            if frame.key_frame {
                self.recent.forget();
            }
            self.begin_newcomers();
            if self.camera.wants(Rendition::H264) {
                let source = (frame.source_width, frame.source_height);
                let analysis = analysis.as_deref();
                let shown = Shown { key: &key, captured_at_us: frame.captured_at_us, source, analysis };
                let message = Message::unit(shown, recent::head(&frame, &self.codec), &frame.payload);
                self.camera.publish(Rendition::H264, &[Rendition::H264], message);
            }
            self.recent.push(key, frame);
        }
    }

    /// Gives those who came since the last unit what the next one depends on.
    fn begin_newcomers(&mut self) {
        let newcomers = self.camera.newcomers(Rendition::H264);
        if newcomers.is_empty() {
            return;
        }
        let earlier = self.recent.messages(&self.codec);
        for mailbox in newcomers {
            mailbox.begin(&self.camera.id, &earlier);
        }
    }
}

/// Profile and level of a stream as WebCodecs names them, from the sequence parameter set of a key frame: `avc1.640028`.
fn avc_codec(unit: &[u8]) -> Option<String> {
    const PARAMETER_SET: u8 = 7;
    let starts = unit.windows(4).enumerate().filter(|(_, bytes)| bytes[..3] == [0, 0, 1]);
    let (at, _) = { starts }.find(|(_, bytes)| bytes[3] & 0x1f == PARAMETER_SET)?;
    let [profile, constraints, level] = *unit.get(at + 4..at + 7)? else { return None };
    Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_and_level_are_those_of_the_parameter_set() {
        let unit = [0, 0, 0, 1, 9, 0x10, 0, 0, 1, 0x67, 0x64, 0x00, 0x28, 0xac, 0, 0, 1, 0x65, 1];
        assert_eq!(avc_codec(&unit).as_deref(), Some("avc1.640028"));
        assert_eq!(avc_codec(&unit[..10]), None);
        assert_eq!(avc_codec(&[0, 0, 1, 0x65, 1, 2, 3]), None);
    }
}
