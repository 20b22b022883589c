//! Parses the times in RTP and RTCP packets. Everything here comes from the network and may be malformed.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::source::rtp_continuity::RtpHeader;
use crate::source::stream_clock::StreamClock;
use crate::timeline::ntp_to_unix_us;

/// The clock fields of an RTCP sender report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SenderReport {
    pub(super) ssrc: u32,
    pub(super) ntp: u64,
    pub(super) rtp_timestamp: u32,
}

/// The sender reports in a compound RTCP packet. Parsing stops at the first malformed part.
pub(super) fn sender_reports(mut compound: &[u8]) -> Vec<SenderReport> {
    let mut reports = Vec::new();
    while let Some((header, _)) = compound.split_first_chunk::<4>() {
        let length = (usize::from(u16::from_be_bytes([header[2], header[3]])) + 1) * 4;
        if header[0] >> 6 != 2 || length > compound.len() {
            break;
        }
        let (packet, rest) = compound.split_at(length);
        if header[1] == 200
            && let Some((info, _)) = packet[4..].split_first_chunk::<16>()
        {
            let word = |at: usize| u32::from_be_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
            let ntp = u64::from(word(4)) << 32 | u64::from(word(8));
            reports.push(SenderReport { ssrc: word(0), ntp, rtp_timestamp: word(12) });
        }
        compound = rest;
    }
    reports
}

/// An RTP packet with its stream time and, where known, its time by the camera's clock.
#[derive(Debug, Clone)]
pub(super) struct TimedPacket {
    pub(super) packet: Bytes,
    pub(super) pts_ns: u64,
    pub(super) camera_us: Option<i64>,
    /// The RTP clock is not the same as for the packet before.
    pub(super) restarted: bool,
}

/// A sender report is about a time near the packets that it comes with. One that is further away is about the clock that is going to
/// be started.
const REPORT_WITHIN: Duration = Duration::from_secs(30);

/// Gives a connection's packets their stream times, and maps them to the clock of the sender reports.
#[derive(Debug)]
pub(super) struct RtpClock {
    stream: StreamClock,
    /// The extended timestamp of the last report, and its time in microseconds since the Unix epoch.
    report: Option<(i64, i64)>,
    /// A report that came before the first packet of its stream. ffmpeg starts with one.
    early_report: Option<SenderReport>,
}

impl RtpClock {
    /// `rate` is in ticks per second; 0 is replaced by 1.
    pub(super) fn new(rate: u32) -> Self {
        Self { stream: StreamClock::new(rate), report: None, early_report: None }
    }

    /// Records a sender report of the current stream, or of the one that is about to start.
    pub(super) fn record_report(&mut self, report: SenderReport) {
        let header = RtpHeader { timestamp: report.rtp_timestamp, ssrc: report.ssrc };
        match self.stream.place(header, REPORT_WITHIN) {
            Some(at) => self.report = ntp_to_unix_us(report.ntp).map(|wall_us| (at, wall_us)).or(self.report),
            None => self.early_report = Some(report),
        }
    }

    /// Adds the times to a packet, which arrived `now`; `None` when it is not an RTP packet.
    pub(super) fn time_packet(&mut self, packet: Bytes, now: Instant) -> Option<TimedPacket> {
        let header = RtpHeader::parse(&packet)?;
        let time = self.stream.time(header, now);
        if time.restarted {
            self.report = None;
        }
        if self.report.is_none()
            && let Some(early) = self.early_report.take_if(|early| early.ssrc == header.ssrc)
        {
            self.record_report(early);
        }
        let camera_us = self.report.map(|(at, wall_us)| {
            let ticks = i128::from(time.ticks - at) * 1_000_000 / i128::from(self.stream.rate());
            wall_us.saturating_add(i64::try_from(ticks).unwrap_or(0))
        });
        Some(TimedPacket { packet, pts_ns: time.pts_ns, camera_us, restarted: time.restarted })
    }
}

#[cfg(test)]
mod tests;
