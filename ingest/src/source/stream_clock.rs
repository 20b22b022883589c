//! Stream times of a connection's RTP packets. GStreamer's jitter buffer gives times too, but corrects them with each packet by its
//! estimate of the camera's clock, which is wrong for reordered pictures.

use std::time::{Duration, Instant};

use super::rtp_continuity::{Continuity, RtpHeader};

/// The smallest gap in stream time when a camera restarts its RTP clock within a connection. It is the time that passed, if that is
/// more.
pub(super) const RESTART_GAP: Duration = Duration::from_millis(40);

/// The largest stream time, 146 years. A peer may send any time, and pipelines add to it.
const MAX_PTS_NS: u64 = u64::MAX / 4;

/// When a picture is shown, by the camera's RTP clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamTime {
    /// Since the first packet; goes on when the RTP clock is restarted.
    pub(super) pts_ns: u64,
    /// The RTP timestamp without its wraps.
    pub(super) ticks: i64,
    /// The RTP clock is not the same as for the packet before.
    pub(super) restarted: bool,
}

/// Extends the 32-bit RTP timestamps of a connection to stream times.
#[derive(Debug)]
pub(super) struct StreamClock {
    rate: u32,
    continuity: Continuity,
    /// A packet's extended timestamp and its stream time.
    origin: Option<(i64, u64)>,
    newest_pts_ns: u64,
}

impl StreamClock {
    /// `rate` is in ticks per second; 0 is replaced by 1.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), continuity: Continuity::new(rate), origin: None, newest_pts_ns: 0 }
    }

    pub(super) fn rate(&self) -> u32 {
        self.rate
    }

    /// The time of a packet that arrived `now`.
    pub(super) fn time(&mut self, header: RtpHeader, now: Instant) -> StreamTime {
        let step = self.continuity.step(header, now);
        let (origin, origin_ns) = match (self.origin, step.restarted_after) {
            (Some(origin), None) => origin,
            (_, restarted_after) => {
                let gap = |after: Duration| u64::try_from(after.max(RESTART_GAP).as_nanos()).unwrap_or(MAX_PTS_NS);
                let origin_ns = restarted_after.map_or(0, |after| self.newest_pts_ns.saturating_add(gap(after)));
                *self.origin.insert((step.time, origin_ns.min(MAX_PTS_NS)))
            }
        };
        let ticks = u64::try_from(step.time - origin).unwrap_or(0);
        let pts_ns = u64::try_from(u128::from(ticks) * 1_000_000_000 / u128::from(self.rate)).unwrap_or(u64::MAX);
        let pts_ns = origin_ns.saturating_add(pts_ns).min(MAX_PTS_NS);
        self.newest_pts_ns = self.newest_pts_ns.max(pts_ns);
        StreamTime { pts_ns, ticks: step.time, restarted: step.restarted_after.is_some() }
    }

    /// The timestamp without its wraps, if it is near the newest packet of its stream.
    pub(super) fn place(&self, header: RtpHeader, within: Duration) -> Option<i64> {
        self.continuity.place(header, within)
    }
}
