//! Section `queue`.

use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};

/// What waits before the model, and for how long.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueConfig {
    /// Live frames that may wait for each camera; the oldest is dropped for a newer one (default 4).
    pub live_frames: usize,
    /// H.264 and H.265 pictures that may wait for each camera to be decoded. They depend on each other: when this is full,
    /// all are dropped up to the next key frame (default 120).
    pub coded_pictures: usize,
    /// Frames of a file or upload that may wait; when full, its partition is paused (default 16).
    pub file_frames: usize,
    /// A live frame that has waited for so long, for a decoder or for the model, is dropped when newer ones of its camera wait
    /// as well, and the newest is next: a model that is too slow for its cameras sees what is new. A burst that can be made up
    /// for in this time costs nothing (default 200 ms).
    #[serde(with = "humantime_serde")]
    pub overtake_after: Duration,
    /// A live frame that ingest took longer ago than this is dropped before inference (default 2 s). It is measured between
    /// the clocks of two machines.
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    /// Threads that decode pictures; 0: half of the cores, at least one (default 0).
    pub decode_threads: usize,
    /// How long partitions that are taken away are drained (default 5 s).
    #[serde(with = "humantime_serde")]
    pub revoke_deadline: Duration,
    /// How often offsets are committed (default 1 s).
    #[serde(with = "humantime_serde")]
    pub commit_every: Duration,
    /// Frames of each camera that are read back from its published detections when a worker takes it over, so that track
    /// ids and rules go on where they were; 0: start afresh (default 64).
    pub lookback_frames: usize,
}

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            live_frames: 4,
            coded_pictures: 120,
            file_frames: 16,
            overtake_after: Duration::from_millis(200),
            max_age: Duration::from_secs(2),
            decode_threads: 0,
            revoke_deadline: Duration::from_secs(5),
            commit_every: Duration::from_secs(1),
            lookback_frames: 64,
        }
    }
}

impl QueueConfig {
    /// How many threads decode.
    pub fn decode_threads(&self) -> usize {
        match self.decode_threads {
            0 => (std::thread::available_parallelism().map_or(1, usize::from) / 2).max(1),
            given => given,
        }
    }
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
        problems.require(self.lookback_frames <= 10_000, "lookback_frames", "is more than 10000");
        let sane = Duration::from_millis(10)..=Duration::from_mins(1);
        problems.require(sane.contains(&self.commit_every), "commit_every", "is not between 10ms and 1m");
        // A group's members must all answer within max.poll.interval.ms, five minutes.
        problems.require(sane.contains(&self.revoke_deadline), "revoke_deadline", "is not between 10ms and 1m");
    }
}
