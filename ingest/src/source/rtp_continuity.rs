//! Recognises that a stream's RTP clock has jumped or started again.
//!
//! A camera that restarts its encoder within a connection may keep its synchronisation source and begin at another RTP time. Taken
//! for a step in time, that would move capture times by up to half a day.

use std::time::{Duration, Instant};

/// Pictures that are shown earlier than the one before go back in time by less than this.
const MAX_BACK: Duration = Duration::from_secs(3);
/// RTP time does not advance by so much more than the time that passes. Delayed packets arrive together, and their RTP time advances
/// less than the time of arrival.
const MAX_LEAP: Duration = Duration::from_secs(3);

/// The header fields of an RTP packet that its time depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RtpHeader {
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
}

impl RtpHeader {
    /// `None` unless the bytes are an RTP packet of version 2 with a payload.
    pub(super) fn parse(packet: &[u8]) -> Option<Self> {
        let (fixed, rest) = packet.split_first_chunk::<12>()?;
        let csrcs = usize::from(fixed[0] & 0x0f) * 4;
        if fixed[0] >> 6 != 2 || rest.len() <= csrcs {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        Some(Self { timestamp: word(4), ssrc: word(8) })
    }
}

/// Where a packet is in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The timestamp without its wraps.
    pub(super) time: i64,
    /// The time since the packet before, if the RTP clock is not the same since.
    pub(super) restarted_after: Option<Duration>,
}

/// Follows the RTP clock of a connection.
#[derive(Debug)]
pub(super) struct Continuity {
    rate: u32,
    newest: Option<Newest>,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    ssrc: u32,
    time: i64,
    arrived: Instant,
}

impl Continuity {
    /// `rate` is in ticks per second; 0 is replaced by 1.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), newest: None }
    }

    pub(super) fn step(&mut self, header: RtpHeader, arrived: Instant) -> Step {
        let first = i64::from(header.timestamp);
        let begin = |time| Newest { ssrc: header.ssrc, time, arrived };
        let Some(newest) = &mut self.newest else {
            self.newest = Some(begin(first));
            return Step { time: first, restarted_after: None };
        };
        let passed = arrived.saturating_duration_since(newest.arrived);
        if newest.ssrc != header.ssrc {
            *newest = begin(first);
            return Step { time: first, restarted_after: Some(passed) };
        }
        let time = extend(newest.time, header.timestamp);
        let moved = time - newest.time;
        let restarted = moved < -ticks(MAX_BACK, self.rate) || moved > ticks(passed + MAX_LEAP, self.rate);
        let time_before = newest.time;
        *newest = begin(if restarted { time } else { time_before.max(time) });
        Step { time, restarted_after: restarted.then_some(passed) }
    }

    /// The timestamp without its wraps, if it is near the newest packet of its stream.
    pub(super) fn place(&self, header: RtpHeader, within: Duration) -> Option<i64> {
        let newest = self.newest.filter(|newest| newest.ssrc == header.ssrc)?;
        let time = extend(newest.time, header.timestamp);
        ((time - newest.time).abs() <= ticks(within, self.rate)).then_some(time)
    }
}

fn ticks(duration: Duration, rate: u32) -> i64 {
    i64::try_from(duration.as_millis().saturating_mul(rate.into()) / 1_000).unwrap_or(i64::MAX)
}

/// The extended timestamp nearest to `near` whose low 32 bits are `timestamp`.
fn extend(near: i64, timestamp: u32) -> i64 {
    near + i64::from(timestamp.wrapping_sub(near as u32) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 90_000;

    /// Plays packets (RTP time, seconds since the packet before), and tells which of them restart the clock.
    fn restarts(packets: &[(i64, f64)]) -> Vec<bool> {
        let mut continuity = Continuity::new(90_000);
        let mut now = Instant::now();
        let step = |(timestamp, passed): &(i64, f64)| {
            now += Duration::from_secs_f64(*passed);
            let header = RtpHeader { timestamp: *timestamp as u32, ssrc: 7 };
            continuity.step(header, now).restarted_after.is_some()
        };
        packets.iter().map(step).collect()
    }

    #[test]
    fn a_clock_that_jumps_either_way_is_a_restart() {
        let start = 3_000_000_000;
        for jump in [45 * 60 * SECOND, -45 * 60 * SECOND, 10 * SECOND, -10 * SECOND, 1 << 31, -5_000_000_000] {
            let packets = [(start, 0.0), (start + 3_600, 0.04), (start + jump, 0.04), (start + jump + 3_600, 0.04)];
            assert_eq!(restarts(&packets), [false, false, true, false], "{jump}");
        }
    }

    #[test]
    fn wraps_pauses_bursts_and_reordered_pictures_are_no_restart() {
        let wrap = i64::from(u32::MAX) - 3_600;
        assert_eq!(restarts(&[(wrap, 0.0), (wrap + 7_200, 0.08), (wrap + 10_800, 0.04)]), [false; 3]);
        assert_eq!(restarts(&[(0, 0.0), (60 * SECOND, 60.0), (61 * SECOND, 0.0), (62 * SECOND, 0.0)]), [false; 4]);
        assert_eq!(restarts(&[(0, 0.0), (SECOND, 30.0), (2 * SECOND, 0.0), (3 * SECOND, 0.0)]), [false; 4]);
        assert_eq!(restarts(&[(2 * SECOND, 0.0), (0, 0.04), (SECOND, 0.04), (5 * SECOND, 0.04)]), [false; 4]);
    }
}
