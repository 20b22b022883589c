//! A video file as a camera: each of its frames once, in order, with the same identity and times whenever it is read again.

mod identity;
mod paced;
mod reader;

use std::path::PathBuf;

use vru_proto::v1::{ClockSource, Delivery, FileSource, Frame};
use vru_proto::{CameraId, FrameKey};
use vru_runtime::clock;

pub use paced::stream;

use super::OutputPlan;
use crate::error::SourceError;
use reader::{Raw, Reader};

/// Which file, and as which camera.
#[derive(Debug, Clone)]
pub struct FileOptions {
    /// The camera that it stands for.
    pub camera: CameraId,
    /// The file.
    pub path: PathBuf,
    /// Capture time of the first frame, microseconds since the Unix epoch; the file's modification time when 0.
    pub start_time_us: i64,
    /// Identity of this run over the file; derived from the camera's id and the file's content when 0.
    pub session: u64,
    /// How frames are encoded. All frames are given, whatever its rate says.
    pub plan: OutputPlan,
    /// Frames that are not wanted again, from the start: the first one given has this sequence number.
    pub skip: u64,
}

impl FileOptions {
    /// From a camera's configuration.
    pub fn new(camera: CameraId, source: &FileSource, plan: OutputPlan) -> Self {
        Self {
            camera,
            path: PathBuf::from(&source.path),
            start_time_us: source.start_time_us,
            session: source.session,
            plan,
            skip: 0,
        }
    }
}

/// The frames of a file. Iterating blocks while the next frame is decoded; after an error there is nothing more. The last
/// frame says that it is the last.
#[derive(Debug)]
pub struct FileFrames {
    camera: CameraId,
    session: u64,
    start_time_us: i64,
    sequence: u64,
    /// None when everything was given.
    reader: Option<Reader>,
    /// The next frame, held back until it is known whether another follows.
    held: Option<Raw>,
}

impl FileFrames {
    /// Opens the file and finds its video.
    pub fn open(options: &FileOptions) -> Result<Self, SourceError> {
        let identity = identity::of(options)?;
        Ok(Self {
            camera: options.camera.clone(),
            session: identity.session,
            start_time_us: identity.start_time_us,
            sequence: options.skip,
            reader: Some(Reader::open(&options.path, &options.plan, options.skip)?),
            held: None,
        })
    }

    /// Identity of this run over the file.
    pub fn session(&self) -> u64 {
        self.session
    }

    fn frame(&mut self, raw: Raw, end_of_stream: bool) -> Frame {
        let key = FrameKey { camera: self.camera.clone(), session: self.session, sequence: self.sequence };
        self.sequence += 1;
        Frame {
            id: Some((&key).into()),
            captured_at_us: self.start_time_us + (raw.position_ns / 1_000) as i64,
            clock_source: ClockSource::File as i32,
            ingested_at_us: clock::now_us(),
            width: raw.size.0,
            height: raw.size.1,
            source_width: raw.source_size.0,
            source_height: raw.source_size.1,
            encoding: raw.encoding as i32,
            key_frame: raw.key_frame,
            delivery: Delivery::EveryFrame as i32,
            dropped_before: 0,
            end_of_stream,
            analyse: true,
            payload: raw.payload,
        }
    }

    fn pull(&mut self) -> Result<Option<Raw>, SourceError> {
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
        let current = match self.held.take() {
            Some(raw) => raw,
            None => match self.pull() {
                Ok(Some(raw)) => raw,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            },
        };
        match self.pull() {
            Ok(next) => {
                let last = next.is_none();
                self.held = next;
                Some(Ok(self.frame(current, last)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests;
