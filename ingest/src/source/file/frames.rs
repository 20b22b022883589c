//! The frames of a file, with their identities and capture times.

use vru_proto::v1::{ClockSource, Delivery, Frame};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::clock;

use super::identity::Identity;
use super::options::FileOptions;
use super::reader::{Reader, VideoFrame};
use crate::error::SourceError;

/// Iterates over the frames of a file. Each step blocks while the next frame is decoded. After an error the iterator ends. The
/// last frame of the file has `end_of_stream` set.
#[derive(Debug)]
pub struct FileFrames {
    camera: CameraId,
    session: u64,
    start_time_us: i64,
    sequence: u64,
    /// `None` at the end of the file and after an error.
    reader: Option<Reader>,
    /// The next frame, kept until it is known whether another one follows.
    pending: Option<VideoFrame>,
}

impl FileFrames {
    /// Opens the file and starts to decode its first video stream.
    pub fn open(options: &FileOptions) -> Result<Self, SourceError> {
        let identity = Identity::of(options)?;
        Ok(Self {
            camera: options.camera.clone(),
            session: identity.session,
            start_time_us: identity.start_time_us,
            sequence: options.skip,
            reader: Some(Reader::open(&options.path, &options.plan, options.skip)?),
            pending: None,
        })
    }

    pub fn session(&self) -> u64 {
        self.session
    }

    fn frame(&mut self, video: VideoFrame, end_of_stream: bool) -> Frame {
        let key = FrameKey { camera: self.camera.clone(), session: self.session, sequence: self.sequence };
        self.sequence += 1;
        Frame {
            id: Some((&key).into()),
            captured_at_us: self.start_time_us + (video.position_ns / 1_000) as i64,
            clock_source: ClockSource::File as i32,
            ingested_at_us: clock::now_us(),
            width: video.size.0,
            height: video.size.1,
            source_width: video.source_size.0,
            source_height: video.source_size.1,
            encoding: video.encoding as i32,
            key_frame: video.key_frame,
            delivery: Delivery::EveryFrame as i32,
            dropped_before: 0,
            end_of_stream,
            analyse: true,
            payload: video.payload,
        }
    }

    fn pull(&mut self) -> Result<Option<VideoFrame>, SourceError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let pulled = reader.next();
        if !matches!(pulled, Ok(Some(_))) {
            self.reader = None;
        }
        pulled
    }
}

impl Iterator for FileFrames {
    type Item = Result<Frame, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let current = match self.pending.take() {
            Some(video) => video,
            None => match self.pull() {
                Ok(Some(video)) => video,
                Ok(None) => return None,
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
