//! Maps stream time to wall-clock time.
//!
//! Each incoming packet is recorded with its stream time (PTS), its arrival time and, once the camera has sent an RTCP sender
//! report, its time by the camera's clock. A picture leaves the pipeline later with the PTS of its packets, and its capture time
//! is looked up here. So the time that decoding takes does not affect capture times. Stream time is the time of display: a picture
//! that comes after others that are shown later (B-frames) lies between two recorded packets.
//!
//! Clocks are set while cameras run: by NTP, by hand, at the end of daylight saving time. Whatever either clock does, the
//! capture times of one connection advance with the stream time and never run backwards. They only advance a little faster or
//! slower than it until they agree with the clock again. While a camera's clock differs from ours by more than a tolerance,
//! arrival times are used instead.
//!
//! No picture is captured after it arrives. A camera's clock that says so is ahead of ours by at least that much, and its times are
//! corrected by it.

mod ahead;
mod ntp;

use std::collections::VecDeque;
use std::time::Duration;

use vru_proto::v1::ClockSource;

use ahead::Ahead;
pub use ntp::{ntp_ns_to_unix_us, ntp_to_unix_us};

/// How many packets are remembered: at 60 frames a second over 8 s, longer than any decoder delays a picture.
const CAPACITY: usize = 512;

/// Capture times are slewed towards the clock by at most 1/4 of the time that passes. This makes up for a jitter buffer within
/// a second, and keeps the speeds of moving objects right to within a quarter.
const SLEW_DIVISOR: i64 = 4;

/// Pictures are shown at most this much earlier than one that came before them. A larger step back is a new stream time.
const MAX_BACK_US: i64 = 3_000_000;

/// The camera's clock was set if it moves against the stream time by more than this between two packets.
const JUMP_US: i64 = 500_000;

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

/// What a packet showed about the clocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockNews {
    /// The camera's clock was set by so many microseconds since the packet before.
    pub set_by_us: Option<i64>,
    /// The camera's time of the packet lay after its arrival by so many microseconds more than was corrected before.
    pub ahead_by_us: Option<i64>,
}

/// Capture times of one connection.
#[derive(Debug)]
pub struct Timeline {
    /// The packets that advanced the stream time.
    packets: VecDeque<PacketTime>,
    tolerance_us: i64,
    /// Wall-clock time at stream time 0, after slewing.
    base_us: Option<i64>,
    /// Time at stream time 0 by the camera's clock, whether or not it is within the tolerance.
    camera_base_us: Option<i64>,
    ahead: Ahead,
    /// Arrival of the newest packet by our own clock.
    arrived_us: Option<i64>,
    /// How far our own clock was set back and is not yet followed.
    set_back_us: i64,
}

impl Timeline {
    /// A camera's clock that differs from ours by more than `tolerance` is not used.
    pub fn new(tolerance: Duration) -> Self {
        Self {
            packets: VecDeque::new(),
            tolerance_us: i64::try_from(tolerance.as_micros()).unwrap_or(i64::MAX),
            base_us: None,
            camera_base_us: None,
            ahead: Ahead::default(),
            arrived_us: None,
            set_back_us: 0,
        }
    }

    /// Records a packet. `camera_us` is its time by the camera's clock, where known.
    pub fn record_packet(&mut self, pts_ns: u64, arrived_us: i64, camera_us: Option<i64>) -> ClockNews {
        let pts_us = (pts_ns / 1_000) as i64;
        let mut progress_us = 0;
        if let Some(last) = self.packets.back() {
            progress_us = pts_us.saturating_sub(last.pts_us);
            if (-MAX_BACK_US..=0).contains(&progress_us) {
                return ClockNews::default();
            }
            if progress_us < 0 {
                self.packets.clear();
                (self.base_us, self.camera_base_us, progress_us) = (None, None, 0);
            }
        }
        let most = progress_us / SLEW_DIVISOR;
        let now_us = self.follow_own_clock(arrived_us, progress_us);
        let set_by_us = camera_us.and_then(|camera_us| self.jump(camera_us.saturating_sub(pts_us)));
        if set_by_us.is_some() {
            self.ahead = Ahead::default();
        }
        let trusted = camera_us.filter(|camera| camera.abs_diff(arrived_us) <= self.tolerance_us.unsigned_abs());
        let ahead_by_us = trusted.and_then(|camera_us| self.ahead.record(camera_us.saturating_sub(now_us), now_us));
        let clock = if trusted.is_some() { ClockSource::SenderReport } else { ClockSource::Arrival };
        let time_us = trusted.map_or(now_us, |camera_us| camera_us.saturating_sub(self.ahead.by_us()));
        let base_us = self.slew(time_us.saturating_sub(pts_us), now_us.saturating_sub(pts_us), most);
        if self.packets.len() == CAPACITY {
            self.packets.pop_front();
        }
        self.packets.push_back(PacketTime { pts_us, capture_us: base_us.saturating_add(pts_us), clock });
        ClockNews { set_by_us, ahead_by_us }
    }

    /// The time of arrival by a clock that never runs backwards: after ours was set back, it goes on with the stream time, and advances
    /// more slowly until both agree.
    fn follow_own_clock(&mut self, arrived_us: i64, progress_us: i64) -> i64 {
        let before_us = self.arrived_us.replace(arrived_us).unwrap_or(arrived_us);
        if arrived_us < before_us {
            self.set_back_us =
                self.set_back_us.saturating_add(before_us.saturating_sub(arrived_us)).saturating_add(progress_us);
        } else {
            self.set_back_us -=
                self.set_back_us.min(progress_us / SLEW_DIVISOR).min(arrived_us.saturating_sub(before_us));
        }
        arrived_us.saturating_add(self.set_back_us)
    }

    /// By how much the camera's clock was set since the packet before, measured against the stream time.
    fn jump(&mut self, camera_base_us: i64) -> Option<i64> {
        let before = self.camera_base_us.replace(camera_base_us)?;
        let moved = camera_base_us.saturating_sub(before);
        (moved.unsigned_abs() > JUMP_US.unsigned_abs()).then_some(moved)
    }

    /// Slews the base towards the target by at most `most`, and keeps it within the limit that the packet's arrival sets.
    fn slew(&mut self, target_us: i64, limit_us: i64, most: i64) -> i64 {
        let base_us = self.base_us.unwrap_or(target_us);
        let wanted = target_us.saturating_sub(base_us);
        // Packets that arrive in a burst pull the base back at once. Capture times still do not run backwards, because later packets
        // do not arrive earlier.
        let base_us = base_us.saturating_add(wanted.clamp(-most, most)).min(limit_us);
        self.base_us = Some(base_us);
        base_us
    }

    /// The capture time of the picture with this stream time; `now_us` where no packet was recorded at or before it.
    pub fn capture(&self, pts_ns: u64, now_us: i64) -> Capture {
        let pts_us = (pts_ns / 1_000) as i64;
        // Search from the newest: a picture leaves the pipeline soon after its packets came in.
        let Some(at) = self.packets.iter().rposition(|packet| packet.pts_us <= pts_us) else {
            return Capture { at_us: now_us, clock: ClockSource::Arrival };
        };
        let packet = self.packets[at];
        let since_us = pts_us - packet.pts_us;
        // Between two packets, so that capture times keep the order of stream times while they are slewed.
        let passed_us = match self.packets.get(at + 1) {
            Some(next) => {
                let slope = i128::from(next.capture_us - packet.capture_us) * i128::from(since_us);
                i64::try_from(slope / i128::from(next.pts_us - packet.pts_us)).unwrap_or(since_us)
            }
            None => since_us,
        };
        Capture { at_us: packet.capture_us.saturating_add(passed_us), clock: packet.clock }
    }
}

#[cfg(test)]
mod tests;
