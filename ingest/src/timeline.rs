//! From a stream's own times to the wall clock.
//!
//! Every packet that comes in is noted with its stream time (PTS), the time it arrived, and, once the camera has sent an RTCP
//! sender report, the camera's own wall clock for it. A picture that leaves the pipeline later, with the PTS of its packets,
//! finds its times here: decoding takes nothing from their accuracy.

use std::collections::VecDeque;
use std::time::Duration;

use vru_proto::v1::ClockSource;

/// How many stream times are kept: at 60 frames a second over 8 s, more than any decoder holds back.
const CAPACITY: usize = 512;

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
    pts_ns: u64,
    arrived_us: i64,
    camera_us: Option<i64>,
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
}

impl Timeline {
    /// A camera's clock that is further off than `tolerance` is not believed.
    pub fn new(tolerance: Duration) -> Self {
        Self { notes: VecDeque::new(), tolerance_us: i64::try_from(tolerance.as_micros()).unwrap_or(i64::MAX) }
    }

    /// Notes a packet. `camera_us` is the camera's wall clock for it, where known.
    pub fn packet(&mut self, pts_ns: u64, arrived_us: i64, camera_us: Option<i64>) {
        if self.notes.back().is_some_and(|last| last.pts_ns == pts_ns) {
            return;
        }
        if self.notes.len() == CAPACITY {
            self.notes.pop_front();
        }
        let believed = camera_us.filter(|camera| camera.abs_diff(arrived_us) <= self.tolerance_us.unsigned_abs());
        self.notes.push_back(Note { pts_ns, arrived_us, camera_us: believed });
    }

    /// When the picture with this stream time was taken; `now_us` where nothing is known of it.
    pub fn capture(&self, pts_ns: u64, now_us: i64) -> Capture {
        // The newest first: pictures leave soon after their packets came.
        let Some(note) = self.notes.iter().rev().find(|note| note.pts_ns <= pts_ns) else {
            return Capture { at_us: now_us, clock: ClockSource::Arrival };
        };
        match note.camera_us {
            Some(camera_us) => {
                let ahead_us = ((pts_ns - note.pts_ns) / 1_000) as i64;
                Capture { at_us: camera_us.saturating_add(ahead_us), clock: ClockSource::SenderReport }
            }
            None => Capture { at_us: note.arrived_us, clock: ClockSource::Arrival },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000_000;

    fn timeline() -> Timeline {
        Timeline::new(Duration::from_hours(1))
    }

    #[test]
    fn ntp_times_become_unix_times() {
        // 2024-01-01 00:00:00.5
        assert_eq!(ntp_to_unix_us((3_913_056_000 << 32) | (1 << 31)), Some(1_704_067_200_500_000));
        assert_eq!(ntp_ns_to_unix_us(3_913_056_000_500_000_000), Some(1_704_067_200_500_000));
        assert_eq!(ntp_to_unix_us(0), None);
        assert_eq!(ntp_ns_to_unix_us(5), None);
        assert!(ntp_to_unix_us(u64::MAX).is_some());
    }

    #[test]
    fn a_picture_has_the_time_of_its_packets_not_of_its_decoding() {
        let mut timeline = timeline();
        timeline.packet(0, NOW, None);
        timeline.packet(100_000_000, NOW + 100_000, None);
        let capture = timeline.capture(100_000_000, NOW + 900_000);
        assert_eq!(capture, Capture { at_us: NOW + 100_000, clock: ClockSource::Arrival });
    }

    #[test]
    fn the_cameras_clock_counts_once_it_is_known() {
        let mut timeline = timeline();
        timeline.packet(0, NOW, None);
        timeline.packet(40_000_000, NOW + 40_000, Some(NOW + 25_000));
        assert_eq!(timeline.capture(0, NOW).clock, ClockSource::Arrival);
        let capture = timeline.capture(40_000_000, NOW);
        assert_eq!(capture, Capture { at_us: NOW + 25_000, clock: ClockSource::SenderReport });
        // Between two packets' times the nearest earlier one is carried on.
        assert_eq!(timeline.capture(50_000_000, NOW).at_us, NOW + 35_000);
    }

    #[test]
    fn a_camera_that_lives_in_another_year_is_not_believed() {
        let mut timeline = timeline();
        timeline.packet(0, NOW, Some(946_684_800_000_000));
        assert_eq!(timeline.capture(0, NOW), Capture { at_us: NOW, clock: ClockSource::Arrival });
    }

    #[test]
    fn memory_is_bounded() {
        let mut timeline = timeline();
        for index in 0..100_000 {
            timeline.packet(index, NOW, None);
        }
        assert_eq!(timeline.notes.len(), CAPACITY);
        assert_eq!(timeline.capture(3, NOW + 7).at_us, NOW + 7, "long forgotten");
    }
}
