//! Makes one stream of the sources (SSRCs) that a camera uses one after the other.
//!
//! A camera that restarts its encoder may send from another source, and some cameras change it with every key frame. `rtspsrc` would
//! set up a jitter buffer and a stream for each source and keep them until the connection ends. So all packets get the source of the
//! first one, and sequence numbers and timestamps that go on; which source a packet really came from is its *generation*.
//!
//! Another source takes over with its second packet in a row. Packets of a source that is mixed with another one are dropped, as
//! they would damage its pictures.

use std::time::{Duration, Instant};

/// RTP ticks per millisecond.
const TICKS: u128 = 90;
/// The least time between the last packet of a source and the first one of the next.
const LEAST_PAUSE: Duration = Duration::from_millis(40);
/// A stream that goes on under another source goes on within this time.
const LONGEST_STEP: u32 = 3 * 90_000;
/// A report is about a time near the packets that it comes with.
const REPORT_WITHIN: u32 = 30 * 90_000;

/// What to do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Pass it on. It has this generation.
    Pass(u64),
    /// Keep it: it belongs to another source, which perhaps takes over. A packet that was kept before is dropped.
    Keep,
    /// Its source has taken over: ask about the kept packet again, and then about this one.
    TakeOver,
}

/// The sources of one stream.
#[derive(Debug, Default)]
pub(super) struct OneSource {
    stream: Option<Stream>,
    /// The source of the kept packet, its sequence number and timestamp, and when it came.
    candidate: Option<(Header, Instant)>,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

#[derive(Debug)]
struct Stream {
    /// The source that all packets get.
    shown: u32,
    generation: u64,
    /// What is added to the numbers of the present source.
    sequence_shift: u16,
    time_shift: u32,
    newest: Header,
    arrived: Instant,
}

impl Header {
    fn parse(packet: &[u8]) -> Option<Self> {
        let fixed = packet.first_chunk::<12>().filter(|fixed| fixed[0] >> 6 == 2)?;
        Some(Self {
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: word(fixed, 4),
            ssrc: word(fixed, 8),
        })
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

impl OneSource {
    /// Judges an RTP packet that arrived `now`, and changes the header of one that passes.
    pub(super) fn packet(&mut self, packet: &mut [u8], now: Instant) -> Verdict {
        let Some(header) = Header::parse(packet) else { return Verdict::Pass(0) };
        let stream = self.stream.get_or_insert_with(|| Stream::new(header, now));
        if header.ssrc != stream.newest.ssrc {
            let (before, came) = match self.candidate.replace((header, now)) {
                Some(kept) if kept.0.ssrc == header.ssrc => kept,
                _ if stream.continues_with(header) => {
                    self.candidate = None;
                    return stream.pass(packet, header, now);
                }
                _ => return Verdict::Keep,
            };
            self.candidate = None;
            stream.take_over(before, came);
            return Verdict::TakeOver;
        }
        self.candidate = None;
        stream.pass(packet, header, now)
    }

    /// Changes a compound RTCP packet as the packets that it is about. False: it is about another source. A report of a time near the
    /// stream's is about the stream, whatever source it names.
    pub(super) fn report(&self, compound: &mut [u8]) -> bool {
        // A report that comes before the first packet is about the first source.
        let Some(stream) = &self.stream else { return true };
        // The source of its first part.
        let mut about = None;
        let mut rest = compound;
        while rest.len() >= 8 {
            let length = (usize::from(u16::from_be_bytes([rest[2], rest[3]])) + 1) * 4;
            let (kind, ssrc) = (rest[1], word(rest, 4));
            if rest[0] >> 6 != 2 || length > rest.len() {
                break;
            }
            // Sender report, receiver report, description, goodbye.
            if (200..=203).contains(&kind) && length >= 8 {
                let reported = (kind == 200 && length >= 20).then(|| word(rest, 16));
                let ours = match about {
                    Some(source) => ssrc == source,
                    None => ssrc == stream.newest.ssrc || reported.is_some_and(|time| stream.is_near(time)),
                };
                if !ours {
                    return false;
                }
                about = Some(ssrc);
                rest[4..8].copy_from_slice(&stream.shown.to_be_bytes());
                if let Some(time) = reported {
                    rest[16..20].copy_from_slice(&time.wrapping_add(stream.time_shift).to_be_bytes());
                }
            }
            rest = &mut rest[length..];
        }
        true
    }
}

/// Whether a compound RTCP packet begins with a sender report, as every one of a sender does.
pub(super) fn is_sender_report(compound: &[u8]) -> bool {
    compound.get(1) == Some(&200)
}

impl Stream {
    fn new(first: Header, now: Instant) -> Self {
        Self { shown: first.ssrc, generation: 0, sequence_shift: 0, time_shift: 0, newest: first, arrived: now }
    }

    /// The packet is the next one of the stream, whatever source it names.
    fn continues_with(&self, next: Header) -> bool {
        next.sequence == self.newest.sequence.wrapping_add(1)
            && next.timestamp.wrapping_sub(self.newest.timestamp) <= LONGEST_STEP
    }

    fn is_near(&self, timestamp: u32) -> bool {
        let since = timestamp.wrapping_sub(self.newest.timestamp);
        since.min(since.wrapping_neg()) <= REPORT_WITHIN
    }

    /// The source of `first`, which came at this time, goes on where the present one ended.
    fn take_over(&mut self, first: Header, came: Instant) {
        let pause = came.saturating_duration_since(self.arrived).max(LEAST_PAUSE).as_millis() * TICKS;
        let sequence = self.newest.sequence.wrapping_add(self.sequence_shift).wrapping_add(1);
        let timestamp = self.newest.timestamp.wrapping_add(self.time_shift).wrapping_add(pause as u32);
        self.sequence_shift = sequence.wrapping_sub(first.sequence);
        self.time_shift = timestamp.wrapping_sub(first.timestamp);
        self.generation += 1;
        (self.newest, self.arrived) = (first, came);
    }

    fn pass(&mut self, packet: &mut [u8], header: Header, now: Instant) -> Verdict {
        if header.sequence.wrapping_sub(self.newest.sequence) < 1 << 15 {
            (self.newest, self.arrived) = (header, now);
        }
        packet[2..4].copy_from_slice(&header.sequence.wrapping_add(self.sequence_shift).to_be_bytes());
        packet[4..8].copy_from_slice(&header.timestamp.wrapping_add(self.time_shift).to_be_bytes());
        packet[8..12].copy_from_slice(&self.shown.to_be_bytes());
        Verdict::Pass(self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 96];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(ssrc.to_be_bytes());
        packet.push(1);
        packet
    }

    /// What passes of the packets, which come 10 ms apart: generation, sequence number and timestamp.
    fn passed(packets: &[(u32, u16, u32)]) -> Vec<(u64, u16, u32)> {
        let (mut sources, mut kept, mut passed) = (OneSource::default(), None, Vec::new());
        let mut now = Instant::now();
        for (ssrc, sequence, timestamp) in packets {
            now += Duration::from_millis(10);
            let mut queue = vec![packet(*ssrc, *sequence, *timestamp)];
            while let Some(mut packet) = queue.pop() {
                match sources.packet(&mut packet, now) {
                    Verdict::Pass(generation) => {
                        let header = Header::parse(&packet).unwrap();
                        assert_eq!(header.ssrc, packets[0].0);
                        passed.push((generation, header.sequence, header.timestamp));
                    }
                    Verdict::Keep => kept = Some(packet),
                    Verdict::TakeOver => queue.extend([packet, kept.take().unwrap()]),
                }
            }
        }
        passed
    }

    #[test]
    fn another_source_takes_over_with_all_its_packets_and_numbers_go_on() {
        let packets =
            [(1, 65_534, 4_294_960_000), (1, 65_535, 4_294_960_000), (2, 700, 50), (2, 701, 50), (2, 702, 3_650)];
        let next = 4_294_960_000_u32.wrapping_add(3_600);
        let wanted = [
            (0, 65_534, 4_294_960_000),
            (0, 65_535, 4_294_960_000),
            (1, 0, next),
            (1, 1, next),
            (1, 2, next.wrapping_add(3_600)),
        ];
        assert_eq!(passed(&packets), wanted);
        // The first source again.
        let back = [(1, 5, 0), (2, 9, 0), (2, 10, 0), (1, 80, 7), (1, 81, 7)];
        assert_eq!(passed(&back).last(), Some(&(2, 9, 7_200)));
    }

    #[test]
    fn packets_of_a_source_that_is_mixed_with_another_are_dropped() {
        let mixed: Vec<_> = (0..1_000).flat_map(|n| [(1, n, 90), (2, n + 40, 7_000_000)]).collect();
        let wanted: Vec<_> = (0..1_000).map(|n| (0, n, 90)).collect();
        assert_eq!(passed(&mixed), wanted);
        // Both number alike, and one sends more at a time.
        let alike = [(1, 1, 0), (1, 2, 0), (2, 1, 0), (1, 3, 0), (2, 2, 0), (1, 4, 0)];
        assert_eq!(passed(&alike).len(), 4);
    }

    #[test]
    fn a_stream_that_goes_on_under_other_sources_is_one_stream() {
        let packets: Vec<_> = (0..500).map(|n| (u32::from(n), n, u32::from(n) * 90)).collect();
        let wanted: Vec<_> = (0..500).map(|n| (0, n, u32::from(n) * 90)).collect();
        assert_eq!(passed(&packets), wanted);
    }

    #[test]
    fn reports_follow_their_packets_and_others_are_dropped() {
        let mut sources = OneSource::default();
        let report = |ssrc: u32, timestamp: u32| {
            let mut report = vec![0x80, 200, 0, 6];
            report.extend(ssrc.to_be_bytes());
            report.extend([0; 8]);
            report.extend(timestamp.to_be_bytes());
            report.extend([0; 8]);
            report.extend([0x81, 203, 0, 1]);
            report.extend(ssrc.to_be_bytes());
            report
        };
        let mut early = report(9, 5);
        assert!(sources.report(&mut early) && early == report(9, 5));
        let now = Instant::now();
        for (ssrc, sequence) in [(1, 0), (2, 70), (2, 71)] {
            sources.packet(&mut packet(ssrc, sequence, 1_000), now);
        }
        let mut second = report(2, 1_900);
        assert!(sources.report(&mut second));
        assert_eq!(second, report(1, 1_900 + 3_600));
        let mut near = report(7, 1_900);
        assert!(sources.report(&mut near));
        assert_eq!(near, second);
        assert!(!sources.report(&mut report(1, 200_000_000)));
        for length in 0..30 {
            sources.report(&mut report(2, 0)[..length]);
            sources.report(&mut vec![0xff; length]);
        }
    }
}
