//! The times of a pulled camera's packets, and which of the camera's own times can be believed after its RTP clock has jumped.

use std::time::Instant;

use crate::source::rtp_continuity::RtpHeader;
use crate::source::stream_clock::StreamClock;

/// Two sender reports of one clock hardly ever map it to the wall clock so exactly alike, but packets between two reports do.
const SAME_REPORT_US: i64 = 5;
/// When another source takes over, its times are made to go on, so its first report may map them exactly as before. Packets that are on
/// their way may still have the mapping of the report before the newest.
const REPORTS_OF_SOURCE: u64 = 2;

/// GStreamer tells the camera's time of each packet, by the last sender report. After a jump of the RTP clock that is wrong until the next
/// report has come.
#[derive(Debug)]
pub(super) struct CameraTimes {
    stream: StreamClock,
    /// Wall-clock time at RTP time 0, by the last packet, in microseconds.
    mapping_us: Option<i64>,
    /// The mapping from before a jump.
    outdated_us: Option<i64>,
    /// The source of the newest packet.
    source: Option<u32>,
    /// From so many reports on, the mapping is not that from before the jump; none where only another mapping tells.
    renewed_at: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PacketTimes {
    pub(super) pts_ns: u64,
    pub(super) camera_us: Option<i64>,
    /// The RTP clock is not the same as for the packet before.
    pub(super) restarted: bool,
}

impl CameraTimes {
    pub(super) fn new(rate: u32) -> Self {
        Self { stream: StreamClock::new(rate), mapping_us: None, outdated_us: None, source: None, renewed_at: None }
    }

    /// `camera_us` is removed if it follows from a report of an earlier clock. `reports`: how many sender reports have come.
    pub(super) fn time(
        &mut self,
        header: RtpHeader,
        arrived: Instant,
        camera_us: Option<i64>,
        reports: u64,
    ) -> PacketTimes {
        let time = self.stream.time(header, arrived);
        let taken_over = self.source.replace(header.ssrc).is_some_and(|before| before != header.ssrc);
        if time.restarted {
            self.outdated_us = self.mapping_us.or(self.outdated_us);
            self.renewed_at = taken_over.then_some(reports + REPORTS_OF_SOURCE);
        }
        let stream_us = i128::from(time.ticks) * 1_000_000 / i128::from(self.stream.rate());
        let mapping_us = camera_us.map(|camera_us| camera_us.saturating_sub(i64::try_from(stream_us).unwrap_or(0)));
        let is_outdated = match (mapping_us, self.outdated_us) {
            (Some(mapping), Some(outdated)) => {
                mapping.abs_diff(outdated) <= SAME_REPORT_US.unsigned_abs()
                    && self.renewed_at.is_none_or(|renewed| reports < renewed)
            }
            _ => false,
        };
        let camera_us = camera_us.filter(|_| !is_outdated);
        if camera_us.is_some() {
            (self.mapping_us, self.outdated_us) = (mapping_us, None);
        }
        PacketTimes { pts_ns: time.pts_ns, camera_us, restarted: time.restarted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_jump_the_cameras_times_are_used_again_from_the_next_report_on() {
        for jump in [45 * 60 * 90_000, -20 * 90_000_i64] {
            let mut times = CameraTimes::new(90_000);
            let now = Instant::now();
            let mut time = |timestamp: i64, camera_us| {
                let times = times.time(RtpHeader { timestamp: timestamp as u32, ssrc: 1 }, now, camera_us, 0);
                (times.pts_ns / 1_000_000, times.camera_us, times.restarted)
            };
            let wall_us = 1_700_000_000_000_000;
            let at = |ticks: i64| Some(wall_us + ticks * 1_000 / 90);
            let start = 500_000_000;
            assert_eq!(time(start, at(0)), (0, at(0), false));
            assert_eq!(time(start + jump, at(jump)), (40, None, true));
            assert_eq!(time(start + jump + 3_600, at(jump + 3_600)), (80, None, false));
            assert_eq!(time(start + jump + 7_200, at(7_200)), (120, at(7_200), false));
            assert_eq!(time(start + jump + 9_000, at(9_000)), (140, at(9_000), false));
        }
    }

    #[test]
    fn a_source_that_takes_over_is_believed_after_two_reports_although_they_map_its_times_as_before() {
        let mut times = CameraTimes::new(90_000);
        let now = Instant::now();
        let mut camera_us = |picture: u32, ssrc, reports| {
            let at = 1_700_000_000_000_000 + i64::from(picture) * 40_000;
            let header = RtpHeader { timestamp: picture * 3_600, ssrc };
            times.time(header, now, Some(at), reports).camera_us.is_some()
        };
        assert!(camera_us(0, 0, 5) && camera_us(1, 0, 5));
        assert!(!camera_us(2, 1, 5) && !camera_us(3, 1, 6));
        assert!(camera_us(4, 1, 7) && camera_us(5, 1, 7));
        assert!(!camera_us(6, 2, 7));
    }
}
