//! Section `queue`.

use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// The queues before the model.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// The most live frames that wait for each camera; a newer frame replaces the oldest (default 4).
    pub live_frames: usize,
    /// The most live H.264 or H.265 pictures that wait to be decoded for each camera. The pictures depend on each other: when
    /// the queue is full, all are dropped up to the next key frame (default 120).
    pub coded_pictures: usize,
    /// The number of waiting frames of a file at which its partition is paused (default 16).
    pub file_frames: usize,
    /// A live frame that ingest received longer ago than this is dropped before inference (default 2 s). The age compares the
    /// clocks of two machines.
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    /// Threads that decode pictures; 0: half of the cores, but at least one (default 0).
    pub decode_threads: usize,
    /// Threads that turn the model's outputs into tracks and alerts, one camera at a time each; 0: as many as there are cores (default 0).
    pub analysis_threads: usize,
    /// How long a revocation waits for the frames in progress (default 5 s).
    #[serde(with = "humantime_serde")]
    pub revoke_deadline: Duration,
    /// How often offsets are committed (default 1 s).
    #[serde(with = "humantime_serde")]
    pub commit_every: Duration,
    /// How many published frames of each camera a worker replays when it takes the camera over, to restore track ids and the
    /// state of rules; 0: none, tracks start new (default 64).
    pub lookback_frames: usize,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            live_frames: 4,
            coded_pictures: 120,
            file_frames: 16,
            max_age: Duration::from_secs(2),
            decode_threads: 0,
            analysis_threads: 0,
            revoke_deadline: Duration::from_secs(5),
            commit_every: Duration::from_secs(1),
            lookback_frames: 64,
        }
    }
}

impl QueueConfig {
    /// The number of decode threads, with the default resolved.
    pub fn decode_threads(&self) -> usize {
        match self.decode_threads {
            0 => (cores() / 2).max(1),
            given => given,
        }
    }

    /// The number of threads that analyse, with the default resolved.
    pub fn analysis_threads(&self) -> usize {
        if self.analysis_threads == 0 { cores() } else { self.analysis_threads }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Validate for QueueConfig {
    fn validate(&self, problems: &mut Problems) {
        for (key, value) in [
            ("live_frames", self.live_frames),
            ("coded_pictures", self.coded_pictures),
            ("file_frames", self.file_frames),
        ] {
            problems.require((1..=10_000).contains(&value), key, format!("is {value}, not 1 to 10000"));
        }
        problems.require(self.max_age >= Duration::from_millis(10), "max_age", "is less than 10ms");
        problems.require(self.decode_threads <= 256, "decode_threads", "is more than 256");
        problems.require(self.analysis_threads <= 256, "analysis_threads", "is more than 256");
        problems.require(self.lookback_frames <= 10_000, "lookback_frames", "is more than 10000");
        let sane = Duration::from_millis(10)..=Duration::from_mins(1);
        problems.require(sane.contains(&self.commit_every), "commit_every", "is not between 10ms and 1m");
        // Kafka excludes a group member that does not poll for max.poll.interval.ms, five minutes.
        problems.require(sane.contains(&self.revoke_deadline), "revoke_deadline", "is not between 10ms and 1m");
    }
}
