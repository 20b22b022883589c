//! What a file gave, compared with what it should have given.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use vru_media::shown::Unconverted;

/// Complete when the iterator of the file's frames has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Frames that could be decoded.
    pub frames: u64,
    /// Frames that are in the file and could not be decoded.
    pub lost: u64,
    /// Those of them after the last frame that could be decoded.
    pub lost_at_end: u64,
    /// Frames whose time in the file was missing or did not rise, and which got one by the nominal rate.
    pub retimed: u64,
    /// What the container announces and the file does not hold.
    pub missing: Option<Missing>,
    /// GStreamer's error, if one ended the file.
    pub problem: Option<String>,
    /// Which video of the file is read, if it has several.
    pub chosen: Option<String>,
    /// What a player would do with the pictures that ingest decoded.
    pub unconverted: Vec<Unconverted>,
    /// How many frames the container announces, by its length and rate. An estimate.
    pub expected_frames: Option<u64>,
}

/// The part of a file that is cut off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// Milliseconds; 0 if the container does not tell.
    pub millis: u64,
    /// The frames of this time, by the nominal rate.
    pub frames: u64,
    /// Bytes; 0 if the container does not tell.
    pub bytes: u64,
}

impl FileReport {
    /// Whether everything that the file announces was decoded.
    pub fn is_whole(&self) -> bool {
        self.lost == 0 && self.missing.is_none() && self.problem.is_none()
    }

    /// One line.
    pub(super) fn summary(&self) -> String {
        let mut parts = vec![format!("{} frames", self.frames)];
        parts.extend(self.chosen.iter().map(|chosen| format!("read is {chosen}")));
        if self.retimed > 0 {
            parts.push(format!("{} had no time that rises and got one by the nominal rate", self.retimed));
        }
        parts.extend(self.faults());
        parts.join("; ")
    }

    /// One text for each thing that is not as it should be.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.lost > 0 {
            faults.push(format!("{} of {} frames could not be decoded", self.lost, self.frames + self.lost));
        }
        if let Some(missing) = &self.missing {
            faults.push(missing.to_string());
        }
        if let Some(problem) = &self.problem {
            faults.push(format!("the reading ended with an error: {problem}"));
        }
        faults
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file ends early: ")?;
        if self.millis > 0 {
            let seconds = self.millis as f64 / 1e3;
            write!(f, "about {seconds:.1} s ({} frames) that its container announces are missing", self.frames)
        } else {
            write!(f, "its last part lacks {} bytes", self.bytes)
        }
    }
}

/// A report that the reading thread fills and another one reads.
#[derive(Debug, Clone, Default)]
pub struct SharedReport(Arc<Mutex<FileReport>>);

impl SharedReport {
    pub fn get(&self) -> FileReport {
        self.0.lock().clone()
    }

    pub(super) fn set(&self, report: FileReport) {
        *self.0.lock() = report;
    }
}
