//! MP4 files from pictures or access units, with the real times between them. The index stands at the front
//! ("faststart"), so a browser plays the clip while it loads.

mod pipeline;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use vru_vision::image::Image;

use crate::jpeg::{JpegDecoder, JpegError};
use crate::launch::LaunchError;
use crate::{Codec, InitError};
use pipeline::{ClipPipeline, Stream, Times};

/// Most bytes of access units in one clip; they are kept until the end, when their order of display is known.
const MAX_UNIT_BYTES: usize = 256 * 1024 * 1024;

/// When a clip must be done.
#[derive(Debug)]
struct Deadline {
    at: Instant,
    after: Duration,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipInput {
    /// Pictures, encoded as H.264.
    Pictures,
    /// Access units in byte-stream format, stored as they are.
    Units(Codec),
}

/// Why a clip could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// GStreamer does not start here.
    #[error(transparent)]
    Init(#[from] InitError),
    /// An element is missing on this host.
    #[error("build the pipeline of a clip")]
    Build(#[from] LaunchError),
    /// A JPEG among the pictures is broken; the clip can go on without it.
    #[error("read a picture of a clip")]
    Picture(#[from] JpegError),
    /// Pictures given to a clip of units, or the other way round.
    #[error("the clip does not take {what}")]
    Kind {
        /// What was given.
        what: &'static str,
    },
    /// The pipeline stopped.
    #[error("write a clip: {problem}")]
    Pipeline {
        /// What GStreamer says.
        problem: String,
    },
    /// It took too long.
    #[error("write a clip: not done after {after:?}")]
    TimedOut {
        /// The limit that was set.
        after: Duration,
    },
    /// Nothing was left that can be shown.
    #[error("write a clip: none of its samples can be shown")]
    Empty,
    /// The file system failed.
    #[error("{what} a clip")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// Writes one MP4. Drop it to give up; the unfinished file is the caller's to remove.
#[derive(Debug)]
pub struct ClipWriter {
    input: ClipInput,
    path: std::path::PathBuf,
    deadline: Deadline,
    /// Made with the first picture: only then the size is known.
    pipeline: Option<ClipPipeline>,
    decoder: Option<JpegDecoder>,
    first_us: i64,
    last_us: i64,
    /// Access units and when each is shown.
    units: Vec<(i64, Bytes)>,
    unit_bytes: usize,
    written: usize,
}

impl ClipWriter {
    /// A writer to `path` that must be finished within `limit`.
    pub fn create(path: &Path, input: ClipInput, limit: Duration) -> Result<Self, ClipError> {
        crate::init()?;
        Ok(Self {
            input,
            path: path.to_owned(),
            deadline: Deadline { at: Instant::now() + limit, after: limit },
            pipeline: None,
            decoder: None,
            first_us: 0,
            last_us: 0,
            units: Vec::new(),
            unit_bytes: 0,
            written: 0,
        })
    }

    /// Adds a picture. A time that does not go forward is moved up to the one before, as MP4 has no other way.
    pub fn push_picture(&mut self, time_us: i64, image: Image) -> Result<(), ClipError> {
        if self.input != ClipInput::Pictures {
            return Err(ClipError::Kind { what: "pictures" });
        }
        if image.width < 2 || image.height < 2 {
            return Err(ClipError::Pipeline { problem: format!("a picture of {}×{}", image.width, image.height) });
        }
        let pipeline = match &mut self.pipeline {
            Some(pipeline) => {
                self.last_us = time_us.max(self.last_us + 1_000);
                pipeline
            }
            none => {
                (self.first_us, self.last_us) = (time_us, time_us);
                let stream = Stream::Pictures { width: image.width & !1, height: image.height & !1 };
                none.insert(ClipPipeline::start(stream, &self.path)?)
            }
        };
        pipeline.push_picture((self.last_us - self.first_us) as u64, image, &self.deadline)?;
        self.written += 1;
        Ok(())
    }

    /// Adds a JPEG as a picture. A broken one is an error that leaves the writer usable.
    pub fn push_jpeg(&mut self, time_us: i64, jpeg: &[u8]) -> Result<(), ClipError> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(JpegDecoder::new()?),
        };
        let image = decoder.decode(jpeg)?;
        self.push_picture(time_us, image)
    }

    /// Adds an access unit, in stream order with the time at which it is shown. Units before the first key frame are left
    /// out.
    pub fn push_unit(&mut self, time_us: i64, unit: Bytes, key_frame: bool) -> Result<(), ClipError> {
        if !matches!(self.input, ClipInput::Units(_)) {
            return Err(ClipError::Kind { what: "access units" });
        }
        if self.units.is_empty() && !key_frame {
            return Ok(());
        }
        self.unit_bytes += unit.len();
        if self.unit_bytes > MAX_UNIT_BYTES {
            return Err(ClipError::Pipeline { problem: format!("more than {MAX_UNIT_BYTES} bytes of access units") });
        }
        self.units.push((time_us, unit));
        Ok(())
    }

    /// Completes the file and returns how many samples it holds.
    pub fn finish(mut self) -> Result<usize, ClipError> {
        if let ClipInput::Units(codec) = self.input {
            self.write_units(codec)?;
        }
        let Some(pipeline) = self.pipeline.take() else { return Err(ClipError::Empty) };
        pipeline.finish(&self.deadline)?;
        Ok(self.written)
    }

    fn write_units(&mut self, codec: Codec) -> Result<(), ClipError> {
        let shown: Vec<i64> = self.units.iter().map(|(time_us, _)| *time_us).collect();
        let times = decode_order(&shown);
        for ((_, unit), times) in self.units.drain(..).zip(times) {
            let pipeline = match &mut self.pipeline {
                Some(pipeline) => pipeline,
                none => none.insert(ClipPipeline::start(Stream::Units(codec), &self.path)?),
            };
            pipeline.push_unit(times, unit, &self.deadline)?;
            self.written += 1;
        }
        Ok(())
    }
}

/// Times for units in stream order that are shown at `shown_us`. Where pictures are reordered, each must be decoded before
/// it is shown: the n-th unit is decoded at the n-th smallest time, and all are shown later by as much as that needs.
fn decode_order(shown_us: &[i64]) -> Vec<Times> {
    let mut sorted = shown_us.to_vec();
    sorted.sort_unstable();
    let Some(&first) = sorted.first() else { return Vec::new() };
    let delay = sorted.iter().zip(shown_us).map(|(decode, show)| decode - show).max().unwrap_or(0).max(0);
    let mut last = None;
    sorted
        .iter()
        .zip(shown_us)
        .map(|(decode, show)| {
            // Two units at one time would be one too many for MP4.
            let decode_us = last.map_or(0, |last: u64| last + 1).max((decode - first) as u64);
            last = Some(decode_us);
            Times { decode_us, show_us: ((show - first + delay) as u64).max(decode_us) }
        })
        .collect()
}

/// One sample of [`write_mp4`].
#[derive(Debug, Clone)]
pub struct Sample {
    /// Microseconds on any clock.
    pub time_us: i64,
    /// A JPEG, or an access unit.
    pub payload: Bytes,
    /// A decoder can start here; true for JPEG.
    pub key_frame: bool,
}

/// A finished clip.
#[derive(Debug)]
pub struct Clip {
    /// The MP4.
    pub mp4: Vec<u8>,
    /// Samples in it.
    pub written: usize,
    /// Samples left out: broken pictures, and units before the first key frame.
    pub skipped: usize,
}

/// Makes an MP4 in memory of JPEGs (with [`ClipInput::Pictures`]) or access units. What cannot be shown is left out and
/// counted; it is an error only if nothing is left.
pub fn write_mp4(
    input: ClipInput,
    samples: impl IntoIterator<Item = Sample>,
    limit: Duration,
) -> Result<Clip, ClipError> {
    let folder = tempfile::tempdir().map_err(|source| ClipError::Io { what: "make a folder for", source })?;
    let path = folder.path().join("clip.mp4");
    let mut writer = ClipWriter::create(&path, input, limit)?;
    let mut given = 0;
    for sample in samples {
        given += 1;
        let pushed = match input {
            ClipInput::Pictures => writer.push_jpeg(sample.time_us, &sample.payload),
            ClipInput::Units(_) => writer.push_unit(sample.time_us, sample.payload, sample.key_frame),
        };
        match pushed {
            Ok(()) => {}
            Err(ClipError::Picture(error)) => tracing::debug!(%error, "leave a broken picture out of a clip"),
            Err(error) => return Err(error),
        }
    }
    let written = writer.finish()?;
    let mp4 = std::fs::read(&path).map_err(|source| ClipError::Io { what: "read back", source })?;
    Ok(Clip { mp4, written, skipped: given - written })
}

#[cfg(test)]
mod tests;
