//! Parses the times in RTP and RTCP packets. Everything here comes from the network and may be malformed.

use bytes::Bytes;

use crate::timeline::ntp_to_unix_us;

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
}

/// The gap in stream time when a camera restarts its encoder within a connection, because RTP time then restarts at a random
/// number.
const RESTART_GAP_NS: u64 = 40_000_000;

/// The largest stream time, 146 years. A peer may send any time, and pipelines add to it.
const MAX_PTS_NS: u64 = u64::MAX / 4;

/// Extends the 32-bit RTP timestamps of a connection to stream times, and maps them to the clock of the sender reports.
#[derive(Debug)]
pub(super) struct RtpClock {
    rate: u32,
    stream: Option<Stream>,
    newest_pts_ns: u64,
    /// A report that came before the first packet of its stream. ffmpeg starts with one.
    early_report: Option<SenderReport>,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    /// Extended timestamps of the newest packet and of the packet at `origin_ns`.
    newest: i64,
    origin: i64,
    origin_ns: u64,
    /// The extended timestamp of the last report, and its time in microseconds since the Unix epoch.
    report: Option<(i64, i64)>,
}

impl RtpClock {
    /// `rate` is in ticks per second; 0 is replaced by 1.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), stream: None, newest_pts_ns: 0, early_report: None }
    }

    /// Records a sender report of the current stream, or of the one that is about to start.
    pub(super) fn record_report(&mut self, report: SenderReport) {
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == report.ssrc) else {
            self.early_report = Some(report);
            return;
        };
        if let Some(wall_us) = ntp_to_unix_us(report.ntp) {
            stream.report = Some((extend(stream.newest, report.rtp_timestamp), wall_us));
        }
    }

    /// Adds the times to a packet; `None` when it is not an RTP packet.
    pub(super) fn time_packet(&mut self, packet: Bytes) -> Option<TimedPacket> {
        let header = RtpHeader::parse(&packet)?;
        let first = i64::from(header.timestamp);
        let begin = |origin_ns| Stream { ssrc: header.ssrc, newest: first, origin: first, origin_ns, report: None };
        if self.stream.is_none_or(|stream| stream.ssrc != header.ssrc) {
            let origin_ns = if self.stream.is_some() { self.newest_pts_ns + RESTART_GAP_NS } else { 0 };
            self.stream = Some(begin(origin_ns));
            if let Some(early) = self.early_report.take_if(|early| early.ssrc == header.ssrc) {
                self.record_report(early);
            }
        }
        let stream = self.stream.as_mut().expect("set above");
        let time = extend(stream.newest, header.timestamp);
        stream.newest = stream.newest.max(time);
        let ticks = u64::try_from(time - stream.origin).unwrap_or(0);
        let pts_ns = stream.origin_ns.saturating_add(scale(ticks, 1_000_000_000, self.rate)).min(MAX_PTS_NS);
        self.newest_pts_ns = self.newest_pts_ns.max(pts_ns);
        let camera_us = stream.report.map(|(at, wall_us)| {
            let ticks = i128::from(time - at) * 1_000_000 / i128::from(self.rate);
            wall_us.saturating_add(i64::try_from(ticks).unwrap_or(0))
        });
        Some(TimedPacket { packet, pts_ns, camera_us })
    }
}

/// The extended timestamp nearest to `near` whose low 32 bits are `timestamp`.
fn extend(near: i64, timestamp: u32) -> i64 {
    near + i64::from(timestamp.wrapping_sub(near as u32) as i32)
}

fn scale(ticks: u64, unit: u64, rate: u32) -> u64 {
    u64::try_from(u128::from(ticks) * u128::from(unit) / u128::from(rate)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
