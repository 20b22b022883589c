//! When the model will be free, and how long it takes to decode.

use std::time::{Duration, Instant};

/// Decoding begins earlier than it must by this, and by half of the time that it needs. Too early costs little: a newer frame
/// that comes before the model is free replaces the decoded one.
const MARGIN: Duration = Duration::from_millis(2);

/// The runs of the model.
#[derive(Debug, Default)]
pub(super) struct ModelPace {
    /// When the current run began; `None` while the model waits for frames.
    running_since: Option<Instant>,
    /// The time of a run: that of the fastest recent ones. Zero before the first.
    run: Duration,
}

impl ModelPace {
    pub fn took_batch(&mut self, now: Instant) {
        self.running_since = Some(now);
    }

    /// The model is free. Ignored while it is waiting already.
    pub fn asked(&mut self, now: Instant) {
        if let Some(since) = self.running_since.take() {
            let took = now.saturating_duration_since(since);
            let slower = took.saturating_sub(self.run);
            self.run = if self.run.is_zero() { took } else { took.min(self.run + slower / 8) };
        }
    }

    /// When to begin to decode frames for the next batch, if that takes `decoding`. `None`: at once.
    pub fn decode_at(&self, decoding: Duration) -> Option<Instant> {
        Some(self.running_since? + self.run.saturating_sub(decoding + decoding / 2 + MARGIN))
    }
}

/// The time that a step needs for the pictures of one camera: that of the slowest recent ones.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct StepTime(Duration);

impl StepTime {
    pub fn count(&mut self, took: Duration) {
        self.0 = took.max(self.0.saturating_sub(self.0.saturating_sub(took) / 8));
    }

    pub fn get(self) -> Duration {
        self.0
    }
}
