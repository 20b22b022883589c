//! Maps stream time to wall-clock time.
//!
//! Each incoming packet is recorded with its stream time (PTS), its arrival time and, once the camera has sent an RTCP sender
//! report, its time by the camera's clock. A picture leaves the pipeline later with the PTS of its packets, and its capture time
//! is looked up here. So the time that decoding takes does not affect capture times.
//!
//! Clocks are set while cameras run: by NTP, by hand, at the end of daylight saving time. Whatever either clock does, the
//! capture times of one connection advance with the stream time and never run backwards. They only advance a little faster or
//! slower than it until they agree with the clock again. While a camera's clock differs from ours by more than a tolerance,
//! arrival times are used instead.

use std::collections::VecDeque;
use std::time::Duration;

use vru_proto::v1::ClockSource;

/// How many packets are remembered: at 60 frames a second over 8 s, longer than any decoder delays a picture.
const CAPACITY: usize = 512;

/// Capture times are slewed towards the clock by at most 1/4 of the time that passes. This makes up for a jitter buffer within
/// a second, and keeps the speeds of moving objects right to within a quarter.
const SLEW_DIVISOR: i64 = 4;

/// The camera's clock was set if it moves against the stream time by more than this between two packets.
const JUMP_US: i64 = 500_000;

/// Seconds from 1900, the NTP epoch, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// Converts an NTP time (32 bits of seconds, 32 bits of fraction) to microseconds since the Unix epoch; `None` before 1970.
pub fn ntp_to_unix_us(ntp: u64) -> Option<i64> {
    let seconds = (ntp >> 32).checked_sub(NTP_TO_UNIX_S)?;
    let micros = ((ntp & 0xffff_ffff) * 1_000_000) >> 32;
    i64::try_from(seconds * 1_000_000 + micros).ok()
}

/// Converts nanoseconds since 1900 to microseconds since the Unix epoch; `None` before 1970.
pub fn ntp_ns_to_unix_us(ntp_ns: u64) -> Option<i64> {
    let since_1970 = ntp_ns.checked_sub(NTP_TO_UNIX_S * 1_000_000_000)?;
    i64::try_from(since_1970 / 1_000).ok()
}

#[derive(Debug, Clone, Copy)]
struct PacketTime {
    pts_us: i64,
    capture_us: i64,
    clock: ClockSource,
}

/// The capture time of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// Microseconds since the Unix epoch.
    pub at_us: i64,
    /// The clock that the time follows.
    pub clock: ClockSource,
}

/// Capture times of one connection.
#[derive(Debug)]
pub struct Timeline {
    packets: VecDeque<PacketTime>,
    tolerance_us: i64,
    /// Wall-clock time at stream time 0, after slewing.
    base_us: Option<i64>,
    /// Time at stream time 0 by the camera's clock, whether or not it is within the tolerance.
    camera_base_us: Option<i64>,
    /// The camera's clock was within the tolerance at least once.
    followed_camera: bool,
}

impl Timeline {
    /// A camera's clock that differs from ours by more than `tolerance` is not used.
    pub fn new(tolerance: Duration) -> Self {
        let tolerance_us = i64::try_from(tolerance.as_micros()).unwrap_or(i64::MAX);
        Self { packets: VecDeque::new(), tolerance_us, base_us: None, camera_base_us: None, followed_camera: false }
    }

    /// Records a packet. `camera_us` is its time by the camera's clock, where known. Returns by how many microseconds that clock
    /// was set since the packet before, if it was.
    pub fn record_packet(&mut self, pts_ns: u64, arrived_us: i64, camera_us: Option<i64>) -> Option<i64> {
        let pts_us = (pts_ns / 1_000) as i64;
        if self.packets.back().is_some_and(|last| last.pts_us == pts_us) {
            return None;
        }
        let jump = camera_us.and_then(|camera_us| self.jump(camera_us.saturating_sub(pts_us)));
        let trusted = camera_us.filter(|camera| camera.abs_diff(arrived_us) <= self.tolerance_us.unsigned_abs());
        let clock = if trusted.is_some() { ClockSource::SenderReport } else { ClockSource::Arrival };
        let target_us = trusted.unwrap_or(arrived_us).saturating_sub(pts_us);
        let base_us = self.slew(pts_us, target_us, trusted.is_some());
        if self.packets.len() == CAPACITY {
            self.packets.pop_front();
        }
        self.packets.push_back(PacketTime { pts_us, capture_us: base_us.saturating_add(pts_us), clock });
        jump
    }

    /// By how much the camera's clock was set since the packet before, measured against the stream time.
    fn jump(&mut self, camera_base_us: i64) -> Option<i64> {
        let before = self.camera_base_us.replace(camera_base_us)?;
        let moved = camera_base_us.saturating_sub(before);
        (moved.unsigned_abs() > JUMP_US.unsigned_abs()).then_some(moved)
    }

    /// Slews the base towards the target, as far as the time since the packet before allows.
    fn slew(&mut self, pts_us: i64, target_us: i64, by_camera: bool) -> i64 {
        let first = self.base_us.is_none();
        let base_us = self.base_us.unwrap_or(target_us);
        self.followed_camera |= by_camera;
        let passed_us = self.packets.back().map_or(0, |last| pts_us.saturating_sub(last.pts_us).saturating_abs());
        let most = passed_us / SLEW_DIVISOR;
        let wanted = target_us.saturating_sub(base_us);
        // With arrival times, no picture was captured after it arrived. So packets that arrive in a burst pull the base back at
        // once. Capture times still do not run backwards, because later packets do not arrive earlier.
        let burst = !self.followed_camera && wanted < 0 && wanted.saturating_abs() <= self.tolerance_us;
        let moved = if first || burst { wanted } else { wanted.clamp(-most, most) };
        let base_us = base_us.saturating_add(moved);
        self.base_us = Some(base_us);
        base_us
    }

    /// The capture time of the picture with this stream time; `now_us` where no packet was recorded at or before it.
    pub fn capture(&self, pts_ns: u64, now_us: i64) -> Capture {
        let pts_us = (pts_ns / 1_000) as i64;
        // Search from the newest: a picture leaves the pipeline soon after its packets came in.
        let Some(packet) = self.packets.iter().rev().find(|packet| packet.pts_us <= pts_us) else {
            return Capture { at_us: now_us, clock: ClockSource::Arrival };
        };
        Capture { at_us: packet.capture_us.saturating_add(pts_us - packet.pts_us), clock: packet.clock }
    }
}

#[cfg(test)]
mod tests;
