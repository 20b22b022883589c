//! The frames of a file, with their identities and capture times.

use vru_media::shown::ContainerColours;
use vru_proto::v1::{self, ClockSource, Delivery, Frame};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::clock;

use super::identity::Identity;
use super::options::FileOptions;
use super::reader::{Reader, VideoFrame};
use super::report::{FileReport, SharedReport};
use crate::error::SourceError;
use crate::metrics;
use crate::source::shrink;

/// Iterates over the frames of a file. Each step blocks while the next frame is decoded. After an error the iterator ends. The
/// last frame that can be decoded has `end_of_stream` set.
#[derive(Debug)]
pub struct FileFrames {
    camera: CameraId,
    path: String,
    session: u64,
    start_time_us: i64,
    /// The number of the next frame, if none is lost.
    expected: u64,
    max_picture_bytes: Option<usize>,
    /// `None` at the end of the file and after an error.
    reader: Option<Reader>,
    /// The next frame, kept until it is known whether another one follows.
    pending: Option<VideoFrame>,
    report: SharedReport,
}

impl FileFrames {
    /// Opens the file and starts to decode its video.
    pub fn open(options: &FileOptions) -> Result<Self, SourceError> {
        let identity = Identity::of(options)?;
        Ok(Self {
            camera: options.camera.clone(),
            path: options.path.display().to_string(),
            session: identity.session,
            start_time_us: identity.start_time_us,
            expected: options.skip,
            max_picture_bytes: options.max_picture_bytes,
            reader: Some(Reader::open(options, identity.session)?),
            pending: None,
            report: SharedReport::default(),
        })
    }

    pub fn session(&self) -> u64 {
        self.session
    }

    /// What the file gave; complete when the iterator has ended.
    pub fn report(&self) -> SharedReport {
        self.report.clone()
    }

    fn frame(&mut self, video: VideoFrame, end_of_stream: bool) -> Frame {
        let lost = video.number.saturating_sub(self.expected);
        self.expected = video.number + 1;
        let key = FrameKey { camera: self.camera.clone(), session: self.session, sequence: video.number };
        let (payload, size) = match self.max_picture_bytes {
            Some(limit) if video.payload.len() > limit => self.shrink(&video, limit),
            _ => (video.payload, video.size),
        };
        Frame {
            id: Some((&key).into()),
            captured_at_us: self.start_time_us + (video.position_ns / 1_000) as i64,
            clock_source: ClockSource::File as i32,
            ingested_at_us: clock::now_us(),
            width: size.0,
            height: size.1,
            source_width: video.source_size.0,
            source_height: video.source_size.1,
            encoding: video.encoding as i32,
            key_frame: video.key_frame,
            delivery: Delivery::EveryFrame as i32,
            dropped_before: u32::try_from(lost).unwrap_or(u32::MAX),
            end_of_stream,
            analyse: true,
            payload,
            orientation: i32::from(video.orientation.number()),
            container_colours: message(video.container_colours),
        }
    }

    /// A picture that stays too large is refused where it is sent, with a reason.
    fn shrink(&self, video: &VideoFrame, limit: usize) -> (bytes::Bytes, (u32, u32)) {
        let Some((payload, size)) = shrink::to_fit(&video.payload, video.encoding, limit) else {
            return (video.payload.clone(), video.size);
        };
        metrics::SHRUNK.with_label_values(&[self.camera.as_str()]).inc();
        (payload, size)
    }

    fn pull(&mut self) -> Result<Option<VideoFrame>, SourceError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let pulled = reader.next();
        let mut report = self.report.get();
        if report.expected_frames.is_none() && self.pending.is_none() {
            report.expected_frames = reader.expected_frames();
            self.report.set(report.clone());
        }
        if !matches!(pulled, Ok(Some(_))) {
            self.report.set(FileReport { expected_frames: report.expected_frames, ..reader.report() });
            self.reader = None;
        }
        pulled
    }
}

fn message(colours: ContainerColours) -> Option<v1::ContainerColours> {
    let (matrix, range) = colours.numbers();
    (colours != ContainerColours::default()).then_some(v1::ContainerColours { matrix, range })
}

impl Iterator for FileFrames {
    type Item = Result<Frame, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let current = match self.pending.take() {
            Some(video) => video,
            None => match self.pull() {
                Ok(Some(video)) => video,
                Ok(None) if self.expected > 0 => return None,
                Ok(None) => {
                    // The iterator ends with the next call.
                    self.expected = 1;
                    return Some(Err(SourceError::no_frame(&self.path)));
                }
                Err(error) => return Some(Err(error)),
            },
        };
        match self.pull() {
            Ok(next) => {
                let last = next.is_none();
                self.pending = next;
                Some(Ok(self.frame(current, last)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
