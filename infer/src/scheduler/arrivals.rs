//! How often a camera sends a frame.

use std::time::Duration;

use crate::frame::FrameJob;

/// Limits of a measured interval: a clock that is set must not make it absurd.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(2);

/// The interval between the frames of one camera that are for analysis. It is measured by their capture times, because frames
/// arrive in bursts.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Session and capture time of the last frame.
    last: Option<(u64, i64)>,
    interval: Option<Duration>,
}

impl Arrivals {
    pub fn count(&mut self, job: &FrameJob) {
        let (session, captured) = (job.key.session, job.frame.captured_at_us);
        if let Some((known, before)) = self.last.replace((session, captured))
            && known == session
        {
            let since = Duration::from_micros(captured.saturating_sub(before).max(0) as u64).clamp(SHORTEST, LONGEST);
            self.interval = Some(self.interval.map_or(since, |interval| (interval * 3 + since) / 4));
        }
    }

    /// Zero until two frames of a session have come.
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or_default()
    }
}
