//! Which frames a clip has, and where in Kafka they are.

use std::time::Duration;

use vru_proto::v1;
use vru_runtime::clock::now_us;

/// Passthrough video needs the key frame before the window. Cameras send one every few seconds.
const KEY_FRAME_US: i64 = 10_000_000;
/// The clocks of camera, ingest and Kafka may differ by this much.
const CLOCK_SKEW_US: i64 = 2_000_000;
/// A frame is published after it was captured, so reading starts where the window starts. A little earlier, there is usually a frame
/// that proves that none is missing.
const MARGIN_US: i64 = 500_000;
/// Inference may be this much behind the frames of a file.
const FILE_LAG_US: i64 = 60_000_000;

/// The frames of a clip: a range of capture times in one session of one camera.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClipWindow {
    pub(super) camera: String,
    /// The topic of the frames follows from it.
    pub(super) delivery: v1::Delivery,
    pub(super) session: u64,
    /// First and last capture time, inclusive, in microseconds.
    pub(super) from_us: i64,
    pub(super) to_us: i64,
    /// Where reading starts, as a Kafka timestamp in microseconds. If that is too late, it goes back, to `earliest_us` at most.
    pub(super) start_us: i64,
    pub(super) earliest_us: i64,
    /// Records with a later Kafka timestamp follow all frames of the window; `None` for a file, whose frames come at any pace.
    pub(super) latest_us: Option<i64>,
    /// When all frames should be in Kafka, by the clock of this machine; `None` for a file.
    pub(super) complete_at_us: Option<i64>,
}

impl ClipWindow {
    pub(crate) fn around(alert: &v1::Alert, published_ms: Option<i64>, before: Duration, after: Duration) -> Self {
        let at = alert.captured_at_us;
        let (before, after) = (before.as_micros() as i64, after.as_micros() as i64);
        let live = alert.clock_source() != v1::ClockSource::File;
        let published = published_ms.map_or_else(now_us, |ms| ms.saturating_mul(1_000));
        // Live frames are published when they are captured. A file's frames are published before the alert, at any pace.
        let start_us = if live {
            at.min(published).saturating_sub(before + MARGIN_US)
        } else {
            published.saturating_sub(CLOCK_SKEW_US)
        };
        let anchor = if live { at.min(published) } else { published.saturating_sub(FILE_LAG_US) };
        Self {
            camera: alert.camera_id.clone(),
            delivery: if live { v1::Delivery::Live } else { v1::Delivery::EveryFrame },
            session: alert.frame_id.as_ref().map_or(0, |id| id.session),
            from_us: at - before,
            to_us: at + after,
            start_us,
            earliest_us: anchor.saturating_sub(before + KEY_FRAME_US + CLOCK_SKEW_US),
            latest_us: live.then_some(at.max(published).saturating_add(after + CLOCK_SKEW_US)),
            complete_at_us: live.then_some(at + after),
        }
    }

    pub(crate) fn camera(&self) -> &str {
        &self.camera
    }

    /// How long until the frames should be in Kafka.
    pub(crate) fn remaining(&self) -> Duration {
        let left = self.complete_at_us.map_or(0, |at| at - now_us());
        // Bounded, because the clock of the camera may be ahead of this machine's.
        Duration::from_micros(left.clamp(0, self.to_us - self.from_us) as u64)
    }

    /// Whether one read should serve both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let length = |window: &Self| window.to_us - window.from_us;
        self.start_us <= other.start_us + length(other) && other.start_us <= self.start_us + length(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Duration = Duration::from_secs(5);

    #[test]
    fn a_camera_clock_that_is_ahead_does_not_delay_the_clip() {
        let alert = v1::Alert { captured_at_us: now_us() + 3_600_000_000, ..Default::default() };
        let window = ClipWindow::around(&alert, None, FIVE, FIVE);
        assert_eq!(window.remaining(), Duration::from_secs(10));
    }

    #[test]
    fn windows_that_share_time_share_a_read() {
        let at = |seconds: i64| {
            let captured_at_us = now_us() + seconds * 1_000_000;
            ClipWindow::around(&v1::Alert { captured_at_us, ..Default::default() }, Some(i64::MAX), FIVE, FIVE)
        };
        assert!(at(0).overlaps(&at(8)) && at(8).overlaps(&at(0)));
        assert!(!at(0).overlaps(&at(12)) && !at(12).overlaps(&at(0)));
    }
}
