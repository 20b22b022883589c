//! What became of the frames of a run.

use std::fmt;
use std::time::Duration;

use vru_runtime::test_util::{ServiceProcess, wait_for};

/// Counts of the frames of all cameras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameBalance {
    /// Frames that left a camera's pipeline.
    pub frames: u64,
    /// Frames whose results are on Kafka.
    pub results: u64,
    pub dropped_by_ingest: u64,
    pub dropped_by_infer: u64,
}

impl FrameBalance {
    /// Waits until no frame is in flight. Returns the counts of ingest and inference.
    pub fn read(ingest: &ServiceProcess, infer: &ServiceProcess, deadline: Duration) -> Self {
        wait_for(deadline, "the last frames to be results or drops", || {
            let frames = ingest.count("ingest_received_frames_total", &[]);
            let dropped_by_ingest = ingest.count("ingest_dropped_frames_total", &[]);
            let results = infer.count("infer_sent_frames_total", &[]);
            let dropped_by_infer = infer.count("infer_dropped_frames_total", &[]);
            let connected = ingest.count("ingest_camera_connected", &[]);
            let balance = Self { frames, results, dropped_by_ingest, dropped_by_infer };
            if connected == 0 && balance.accounted() == frames { Ok(balance) } else { Err(format!("{balance}")) }
        })
    }

    /// Results and counted drops.
    pub fn accounted(&self) -> u64 {
        self.results + self.dropped_by_ingest + self.dropped_by_infer
    }

    /// Share of frames that were dropped.
    pub fn dropped_share(&self) -> f64 {
        (self.dropped_by_ingest + self.dropped_by_infer) as f64 / self.frames.max(1) as f64
    }
}

impl fmt::Display for FrameBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, results, dropped_by_ingest, dropped_by_infer } = self;
        write!(
            f,
            "{frames} frames in = {results} results + {dropped_by_ingest} dropped by ingest + {dropped_by_infer} by infer"
        )
    }
}
