//! Writes MP4 files of pictures or access units, with their original time stamps. The index is at the front ("faststart"), so
//! that a browser plays the clip while it loads.

mod blurred;
mod pipeline;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use vru_vision::image::Image;
use vru_vision::orientation::Orientation;

use crate::decoder::VideoDecodeError;
use crate::jpeg::{JpegDecoder, JpegError};
use crate::launch::LaunchError;
use crate::shown::ContainerColours;
use crate::{Codec, InitError, mp4, sei};
pub use blurred::{Hidden, write_blurred_mp4};
use pipeline::{ClipPipeline, Stream, Times};

/// Maximum size of the access units in one clip. They stay in memory until the end, when their display order is known.
const MAX_UNIT_BYTES: usize = 256 * 1024 * 1024;

/// When a clip must be finished.
#[derive(Debug)]
struct Deadline {
    at: Instant,
    /// The time limit, for the error.
    after: Duration,
}

/// What a clip is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipInput {
    /// Pictures; the clip encodes them as H.264.
    Pictures,
    /// Access units in byte-stream format, stored unchanged but for misplaced SEI units, how a player must turn their pictures, and the colours of their container.
    Units(Codec, Orientation, ContainerColours),
}

/// Why a clip could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    #[error(transparent)]
    Init(#[from] InitError),
    #[error("cannot build the pipeline that writes a clip")]
    Build(#[from] LaunchError),
    /// A JPEG is corrupt. The writer stays usable, so the picture can be left out.
    #[error("cannot decode a picture of a clip")]
    Picture(#[from] JpegError),
    #[error("cannot decode the video of a clip")]
    Video(#[from] VideoDecodeError),
    /// Pictures were pushed to a clip of access units, or the other way round.
    #[error("the clip does not take {what}")]
    Kind { what: &'static str },
    /// GStreamer reported an error.
    #[error("cannot write a clip: {problem}")]
    Pipeline { problem: String },
    #[error("cannot write a clip within {after:?}")]
    TimedOut { after: Duration },
    /// Every sample was corrupt or before the first key frame.
    #[error("cannot write a clip: none of its samples can be decoded")]
    Empty,
    #[error("cannot {what} a clip")]
    Io {
        /// The failed operation, as a verb.
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
}

/// Writes one MP4. Dropping it aborts the clip; the caller removes the unfinished file.
#[derive(Debug)]
pub struct ClipWriter {
    input: ClipInput,
    path: std::path::PathBuf,
    deadline: Deadline,
    /// Created with the first sample, because only then the size is known.
    pipeline: Option<ClipPipeline>,
    decoder: Option<JpegDecoder>,
    first_us: i64,
    last_us: i64,
    /// Access units, each with its display time in microseconds.
    units: Vec<(i64, Bytes)>,
    unit_bytes: usize,
    written: usize,
}

impl ClipWriter {
    /// Starts a clip in the file `path`. All calls together must finish within `limit`.
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

    /// Adds a picture. Times must increase in an MP4, so a time less than 1 ms after the previous one is changed to 1 ms after
    /// it.
    pub fn push_picture(&mut self, time_us: i64, image: Image) -> Result<(), ClipError> {
        if self.input != ClipInput::Pictures {
            return Err(ClipError::Kind { what: "pictures" });
        }
        if image.width < 2 || image.height < 2 {
            return Err(ClipError::Pipeline {
                problem: format!("a picture of {}×{} pixels is too small", image.width, image.height),
            });
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

    /// Decodes a JPEG and adds the picture. After an error for a corrupt JPEG the writer stays usable.
    pub fn push_jpeg(&mut self, time_us: i64, jpeg: &[u8]) -> Result<(), ClipError> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(JpegDecoder::new()?),
        };
        let image = decoder.decode(jpeg)?;
        self.push_picture(time_us, image)
    }

    /// Adds an access unit with its display time. The units must be in stream order. Units before the first key frame are left
    /// out.
    pub fn push_unit(&mut self, time_us: i64, mut unit: Bytes, key_frame: bool) -> Result<(), ClipError> {
        let ClipInput::Units(codec, ..) = self.input else {
            return Err(ClipError::Kind { what: "access units" });
        };
        unit.truncate(sei::length_without_trailing(codec, &unit));
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

    /// Finishes the file and returns the number of samples in it.
    pub fn finish(mut self) -> Result<usize, ClipError> {
        if let ClipInput::Units(codec, _, colours) = self.input {
            self.write_units(codec, colours)?;
        }
        let Some(pipeline) = self.pipeline.take() else { return Err(ClipError::Empty) };
        pipeline.finish(&self.deadline)?;
        Ok(self.written)
    }

    fn write_units(&mut self, codec: Codec, colours: ContainerColours) -> Result<(), ClipError> {
        let shown: Vec<i64> = self.units.iter().map(|(time_us, _)| *time_us).collect();
        let times = decode_order(&shown);
        for ((_, unit), times) in self.units.drain(..).zip(times) {
            let pipeline = match &mut self.pipeline {
                Some(pipeline) => pipeline,
                none => none.insert(ClipPipeline::start(Stream::Units(codec, colours), &self.path)?),
            };
            pipeline.push_unit(times, unit, &self.deadline)?;
            self.written += 1;
        }
        Ok(())
    }
}

/// Decode and display times for access units in stream order, from their display times. Where the encoder reordered pictures, each
/// must be decoded before it is displayed: the n-th unit is decoded at the n-th smallest time, and all display times are delayed
/// by as much as this needs.
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
            // Decode times must be distinct in an MP4.
            let decode_us = last.map_or(0, |last: u64| last + 1).max((decode - first) as u64);
            last = Some(decode_us);
            Times { decode_us, show_us: ((show - first + delay) as u64).max(decode_us) }
        })
        .collect()
}

/// One input of [`write_mp4`].
#[derive(Debug, Clone)]
pub struct ClipSample {
    /// Display time in microseconds of any clock.
    pub time_us: i64,
    /// A JPEG or an access unit.
    pub payload: Bytes,
    /// Whether a decoder can start here. Always true for a JPEG.
    pub key_frame: bool,
    /// Tells the caller's samples apart.
    pub id: u64,
}

#[derive(Debug)]
pub struct Clip {
    pub mp4: Vec<u8>,
    /// Number of samples in the clip.
    pub written: usize,
    /// Number of samples left out: corrupt pictures, and units before the first key frame.
    pub skipped: usize,
}

/// A file in a folder that goes when it is dropped.
fn new_file() -> Result<(tempfile::TempDir, std::path::PathBuf), ClipError> {
    let folder = tempfile::tempdir();
    let folder = folder.map_err(|source| ClipError::Io { what: "create a temporary folder for", source })?;
    let path = folder.path().join("clip.mp4");
    Ok((folder, path))
}

/// Writes an MP4 of JPEGs (with [`ClipInput::Pictures`]) or access units, and returns its bytes. Samples that cannot be decoded
/// are left out and counted; it is an error if none is left.
pub fn write_mp4(
    input: ClipInput,
    samples: impl IntoIterator<Item = ClipSample>,
    limit: Duration,
) -> Result<Clip, ClipError> {
    let (_folder, path) = new_file()?;
    let mut writer = ClipWriter::create(&path, input, limit)?;
    let mut given = 0;
    for sample in samples {
        given += 1;
        let pushed = match input {
            ClipInput::Pictures => writer.push_jpeg(sample.time_us, &sample.payload),
            ClipInput::Units(..) => writer.push_unit(sample.time_us, sample.payload, sample.key_frame),
        };
        match pushed {
            Ok(()) => {}
            Err(ClipError::Picture(error)) => tracing::debug!(%error, "corrupt picture left out of a clip"),
            Err(error) => return Err(error),
        }
    }
    let written = writer.finish()?;
    let mut mp4 = std::fs::read(&path).map_err(|source| ClipError::Io { what: "read back", source })?;
    if let ClipInput::Units(_, orientation, _) = input
        && orientation != Orientation::UPRIGHT
    {
        mp4::set_orientation(&mut mp4, orientation)
            .ok_or_else(|| ClipError::Pipeline { problem: "the file has no track to turn".to_owned() })?;
    }
    Ok(Clip { mp4, written, skipped: given - written })
}

#[cfg(test)]
mod tests;
