//! When a waiting live frame is no longer worth processing.

use std::time::{Duration, Instant};

use crate::config::QueueConfig;
use crate::frame::FrameJob;
use crate::metrics;

/// Decides, for one pass over a camera's queue, which live frames to drop.
#[derive(Debug)]
pub(super) struct Freshness {
    max_age: Duration,
    overtake_after: Duration,
}

impl Freshness {
    pub fn new(config: &QueueConfig) -> Self {
        Self { max_age: config.max_age, overtake_after: config.overtake_after }
    }

    /// Why to drop a frame that has waited since `waiting_since`, or `None` to keep it. `newer_waits` says whether a newer
    /// frame of the same camera is queued.
    ///
    /// The age since ingest compares the clocks of two machines, so `max_age` is the last resort. The waiting time is
    /// measured with our own clock only.
    pub fn drop_reason(&mut self, job: &FrameJob, waiting_since: Instant, newer_waits: bool) -> Option<&'static str> {
        if job.is_older_than(self.max_age) {
            Some(metrics::TOO_OLD)
        } else if newer_waits && waiting_since.elapsed() >= self.overtake_after {
            // Once one frame is overtaken, skip to the newest: the frames in between would soon be as late.
            self.overtake_after = Duration::ZERO;
            Some(metrics::OVERTAKEN)
        } else {
            None
        }
    }
}
