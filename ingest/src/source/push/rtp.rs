//! RTP and RTCP as far as times are concerned. Everything here comes from the network and may be anything.

use bytes::Bytes;

use crate::timeline::ntp_to_unix_us;

/// Header fields of an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RtpHeader {
    pub(super) timestamp: u32,
    pub(super) ssrc: u32,
}

impl RtpHeader {
    /// None for what is no RTP packet of version 2 with a payload.
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

/// What a sender report says about the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SenderReport {
    pub(super) ssrc: u32,
    pub(super) ntp: u64,
    pub(super) rtp_timestamp: u32,
}

/// The sender reports of a compound RTCP packet; reading stops at the first malformed one.
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

/// A packet with its stream time, and the camera's wall clock for it where known.
#[derive(Debug, Clone)]
pub(super) struct TimedPacket {
    pub(super) packet: Bytes,
    pub(super) pts_ns: u64,
    pub(super) camera_us: Option<i64>,
}

/// Time that passes between two streams of one connection: a camera that restarts its encoder begins at a random number.
const RESTART_GAP_NS: u64 = 40_000_000;

/// Latest stream time, 146 years: a peer may claim any, and pipelines add to it.
const MAX_PTS_NS: u64 = u64::MAX / 4;

/// Unwraps the 32 bits of RTP time, and joins them with the wall clock of sender reports.
#[derive(Debug)]
pub(super) struct RtpClock {
    rate: u32,
    stream: Option<Stream>,
    newest_pts_ns: u64,
    /// A report that came before the first packet of its stream: ffmpeg begins with one.
    early: Option<SenderReport>,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    /// Unwrapped time of the newest packet, and of the one at `origin_ns`.
    newest: i64,
    origin: i64,
    origin_ns: u64,
    /// Unwrapped time and wall clock, microseconds.
    report: Option<(i64, i64)>,
}

impl RtpClock {
    /// `rate`: ticks a second, above 0.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: rate.max(1), stream: None, newest_pts_ns: 0, early: None }
    }

    /// Notes a sender report of the stream that is being received, or is about to be.
    pub(super) fn report(&mut self, report: SenderReport) {
        let Some(stream) = self.stream.as_mut().filter(|stream| stream.ssrc == report.ssrc) else {
            self.early = Some(report);
            return;
        };
        if let Some(wall_us) = ntp_to_unix_us(report.ntp) {
            stream.report = Some((unwrap(stream.newest, report.rtp_timestamp), wall_us));
        }
    }

    /// Gives a packet its times; none for what is no RTP packet.
    pub(super) fn packet(&mut self, packet: Bytes) -> Option<TimedPacket> {
        let header = RtpHeader::parse(&packet)?;
        let first = i64::from(header.timestamp);
        let begin = |origin_ns| Stream { ssrc: header.ssrc, newest: first, origin: first, origin_ns, report: None };
        if self.stream.is_none_or(|stream| stream.ssrc != header.ssrc) {
            let origin_ns = if self.stream.is_some() { self.newest_pts_ns + RESTART_GAP_NS } else { 0 };
            self.stream = Some(begin(origin_ns));
            if let Some(early) = self.early.take_if(|early| early.ssrc == header.ssrc) {
                self.report(early);
            }
        }
        let stream = self.stream.as_mut().expect("set above");
        let time = unwrap(stream.newest, header.timestamp);
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

/// The unwrapped time with these low 32 bits that is nearest to `near`.
fn unwrap(near: i64, timestamp: u32) -> i64 {
    near + i64::from(timestamp.wrapping_sub(near as u32) as i32)
}

fn scale(ticks: u64, unit: u64, rate: u32) -> u64 {
    u64::try_from(u128::from(ticks) * u128::from(unit) / u128::from(rate)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
