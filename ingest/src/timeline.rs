//! From a stream's own times to the wall clock.
//!
//! Every packet that comes in is noted with its stream time (PTS), the time it arrived, and, once the camera has sent an RTCP
//! sender report, the camera's own wall clock for it. A picture that leaves the pipeline later, with the PTS of its packets,
//! finds its times here: decoding takes nothing from their accuracy.
//!
//! Clocks are set while cameras run: by NTP, by hand, at the end of summer. Whatever either clock does, the times of one
//! connection follow the stream's own and never run backwards; they only move a little faster or slower than it until they
//! agree with the clock again. A camera's clock that is far off ours is not believed, and arrival counts.

use std::collections::VecDeque;
use std::time::Duration;

use vru_proto::v1::ClockSource;

/// How many stream times are kept: at 60 frames a second over 8 s, more than any decoder holds back.
const CAPACITY: usize = 512;

/// Times move towards what a clock says by at most one part in so many of the time that passes: fast enough to make up for a
/// jitter buffer within a second, and slow enough that what moves in the picture keeps its speed within a quarter.
const SLEW_PART: i64 = 4;

/// A clock that moves by more than this between two packets, measured against the stream, was set.
const JUMP_US: i64 = 500_000;

/// Seconds from 1900, where NTP begins, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// An NTP time (32 bits of seconds, 32 of fraction) as microseconds since the Unix epoch; none before 1970.
pub fn ntp_to_unix_us(ntp: u64) -> Option<i64> {
    let seconds = (ntp >> 32).checked_sub(NTP_TO_UNIX_S)?;
    let micros = ((ntp & 0xffff_ffff) * 1_000_000) >> 32;
    i64::try_from(seconds * 1_000_000 + micros).ok()
}

/// Nanoseconds since 1900 as microseconds since the Unix epoch; none before 1970.
pub fn ntp_ns_to_unix_us(ntp_ns: u64) -> Option<i64> {
    let since_1970 = ntp_ns.checked_sub(NTP_TO_UNIX_S * 1_000_000_000)?;
    i64::try_from(since_1970 / 1_000).ok()
}

#[derive(Debug, Clone, Copy)]
struct Note {
    pts_us: i64,
    capture_us: i64,
    clock: ClockSource,
}

/// When a picture was taken, and by which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capture {
    /// Microseconds since the Unix epoch.
    pub at_us: i64,
    /// Whose.
    pub clock: ClockSource,
}

/// The times of one connection.
#[derive(Debug)]
pub struct Timeline {
    notes: VecDeque<Note>,
    tolerance_us: i64,
    /// Wall time at stream time 0, as far as it was followed.
    base_us: Option<i64>,
    /// The same as the camera's clock says, believed or not.
    camera_base_us: Option<i64>,
    /// The camera's clock was followed once.
    followed_camera: bool,
}

impl Timeline {
    /// A camera's clock that is further off than `tolerance` is not believed.
    pub fn new(tolerance: Duration) -> Self {
        let tolerance_us = i64::try_from(tolerance.as_micros()).unwrap_or(i64::MAX);
        Self { notes: VecDeque::new(), tolerance_us, base_us: None, camera_base_us: None, followed_camera: false }
    }

    /// Notes a packet. `camera_us` is the camera's wall clock for it, where known. Says by how much that clock was set, if it
    /// was, microseconds.
    pub fn packet(&mut self, pts_ns: u64, arrived_us: i64, camera_us: Option<i64>) -> Option<i64> {
        let pts_us = (pts_ns / 1_000) as i64;
        if self.notes.back().is_some_and(|last| last.pts_us == pts_us) {
            return None;
        }
        let jump = camera_us.and_then(|camera_us| self.jump(camera_us.saturating_sub(pts_us)));
        let believed = camera_us.filter(|camera| camera.abs_diff(arrived_us) <= self.tolerance_us.unsigned_abs());
        let clock = if believed.is_some() { ClockSource::SenderReport } else { ClockSource::Arrival };
        let target_us = believed.unwrap_or(arrived_us).saturating_sub(pts_us);
        let base_us = self.follow(pts_us, target_us, believed.is_some());
        if self.notes.len() == CAPACITY {
            self.notes.pop_front();
        }
        self.notes.push_back(Note { pts_us, capture_us: base_us.saturating_add(pts_us), clock });
        jump
    }

    /// By how much the camera's clock has moved against the stream since the packet before.
    fn jump(&mut self, camera_base_us: i64) -> Option<i64> {
        let before = self.camera_base_us.replace(camera_base_us)?;
        let moved = camera_base_us.saturating_sub(before);
        (moved.unsigned_abs() > JUMP_US.unsigned_abs()).then_some(moved)
    }

    /// Moves the base towards the target, as far as the time since the packet before allows.
    fn follow(&mut self, pts_us: i64, target_us: i64, by_camera: bool) -> i64 {
        let first = self.base_us.is_none();
        let base_us = self.base_us.unwrap_or(target_us);
        self.followed_camera |= by_camera;
        let passed_us = self.notes.back().map_or(0, |last| pts_us.saturating_sub(last.pts_us).saturating_abs());
        let most = passed_us / SLEW_PART;
        let wanted = target_us.saturating_sub(base_us);
        // By arrival nothing was taken after it came: what came in a burst is brought forward at once. The next picture is no
        // earlier for it, as its packets come no earlier.
        let burst = !self.followed_camera && wanted < 0 && wanted.saturating_abs() <= self.tolerance_us;
        let moved = if first || burst { wanted } else { wanted.clamp(-most, most) };
        let base_us = base_us.saturating_add(moved);
        self.base_us = Some(base_us);
        base_us
    }

    /// When the picture with this stream time was taken; `now_us` where nothing is known of it.
    pub fn capture(&self, pts_ns: u64, now_us: i64) -> Capture {
        let pts_us = (pts_ns / 1_000) as i64;
        // The newest first: pictures leave soon after their packets came.
        let Some(note) = self.notes.iter().rev().find(|note| note.pts_us <= pts_us) else {
            return Capture { at_us: now_us, clock: ClockSource::Arrival };
        };
        Capture { at_us: note.capture_us.saturating_add(pts_us - note.pts_us), clock: note.clock }
    }
}

#[cfg(test)]
mod tests;
