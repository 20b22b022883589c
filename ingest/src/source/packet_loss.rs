//! Counts lost RTP packets, and drops the access units that lost packets damage.
//!
//! A decoder conceals missing data: it shows parts of older pictures, and decodes later pictures from the result. Nothing
//! downstream could tell such a picture from a true one. So an access unit that lacks packets is dropped here, with all units
//! after it up to the next complete key frame. Units that still give no picture are counted behind the decoder
//! (`decoder_loss`).
//!
//! A stream of periodic intra refresh has no key frames, but recovery points: from there on units are decoded again, and their pictures
//! are shown once the whole picture has been refreshed. A stream with neither gives no picture until it is reconnected: the stall
//! timeout ends the wait.

use std::collections::VecDeque;
use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_media::FirstSlice;

use super::CameraSession;
use super::elements::{generation, probe_buffers, static_pad};
use super::video_format::VideoFormat;
use crate::error::SourceError;
use crate::metrics;

/// A larger gap in the sequence numbers means that the camera restarted its numbering.
const MAX_LOST: u16 = 3_000;

/// More pictures than any decoder holds back.
const MAX_INCOMPLETE: usize = 64;

/// Counts missing packets in front of the depayloader, and drops incomplete access units behind it. Returns which of the other units
/// give no right picture yet.
pub(super) fn drop_incomplete_units(
    depayloader: &gst::Bin,
    format: VideoFormat,
    session: &Arc<CameraSession>,
) -> Result<Recovering, SourceError> {
    let filter = Arc::new(Mutex::new(LossFilter::default()));
    let recovering = Recovering(filter.clone());
    let camera = session.camera();
    let (lost, packets) = (metrics::LOST_PACKETS.with_label_values(&[camera.as_str()]), filter.clone());
    let record = move |packet: &mut gst::BufferRef| {
        let mut header = [0; 8];
        if packet.copy_to_slice(0, &mut header).is_err() {
            return;
        }
        let [_, _, high, low, timestamp @ ..] = header;
        let (sequence, timestamp) = (u16::from_be_bytes([high, low]), u32::from_be_bytes(timestamp));
        let mut packets = packets.lock();
        packets.follow_source(generation(packet));
        lost.inc_by(packets.record_packet(sequence, timestamp, packet.pts()));
        packet.set_pts(packets.picture_time());
    };
    probe_buffers(&static_pad(depayloader, "sink")?, record);
    if format == VideoFormat::Jpeg {
        // Each picture is whole by itself.
        return Ok(recovering);
    }
    let session = session.clone();
    static_pad(depayloader, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(unit) = info.buffer() else { return gst::PadProbeReturn::Ok };
        let mut filter = filter.lock();
        let skipped = metrics::SKIPPED.with_label_values(&[session.camera().as_str(), metrics::PACKETS_LOST]);
        let accepted = filter.accepts(unit.pts(), || read_unit(unit, format));
        session.set_waits_for_key_frame(filter.gap.is_some());
        if accepted {
            return gst::PadProbeReturn::Ok;
        }
        skipped.inc();
        // With `Drop`, GStreamer 1.22 complains about a buffer that the bindings have dropped already.
        gst::PadProbeReturn::Handled
    });
    Ok(recovering)
}

/// How a decoder can start again: at an access unit that it has accepted after a loss.
#[derive(Debug, Clone)]
pub(super) struct Recovering(Arc<Mutex<LossFilter>>);

impl Recovering {
    /// Whether the picture with this time is not refreshed completely.
    pub(super) fn is_incomplete(&self, pts_ns: u64) -> bool {
        self.0.lock().incomplete.contains(&gst::ClockTime::from_nseconds(pts_ns))
    }

    /// Whether a decoder can start with the unit with this time, though it is no key frame.
    pub(super) fn starts(&self, pts_ns: u64) -> bool {
        self.0.lock().recovery_start == Some(gst::ClockTime::from_nseconds(pts_ns))
    }
}

type Time = Option<gst::ClockTime>;

/// Refuses access units from a gap in the packets up to the next key frame that the gap does not touch.
#[derive(Debug, Default)]
struct LossFilter {
    newest: Option<Packet>,
    /// See [`generation`].
    source: Option<u32>,
    /// Times of the pictures before and after the gap: both may lack packets.
    gap: Option<[Time; 2]>,
    /// How many pictures are incomplete from now on, after a recovery point.
    refreshing: u32,
    /// Times of the last incomplete pictures.
    incomplete: VecDeque<gst::ClockTime>,
    /// Time of the last unit from which decoding started again at a recovery point.
    recovery_start: Time,
    /// A picture has come. Packets that are lost before the first received packet leave no gap in the sequence numbers; only the
    /// first picture shows their loss.
    started: bool,
}

#[derive(Debug, Clone, Copy)]
struct Packet {
    sequence: u16,
    /// The RTP timestamp, which is the same for all packets of a picture.
    timestamp: u32,
    /// The time of the picture's first packet. The jitter buffer corrects its clock with each reordered packet, and then gives
    /// packets of one picture slightly different times.
    time: Time,
}

impl LossFilter {
    /// The next packet is from this source. Pictures of another source than before depend on none of those before, and the last one of those
    /// perhaps lacks its end.
    fn follow_source(&mut self, source: u32) {
        let before = self.source.replace(source);
        if before.is_some_and(|before| before != source) {
            self.gap = Some([self.picture_time(); 2]);
            self.refreshing = 0;
        }
    }

    /// Records a packet, and returns how many packets are missing before it.
    fn record_packet(&mut self, sequence: u16, timestamp: u32, time: Time) -> u64 {
        let Some(last) = self.newest else {
            self.newest = Some(Packet { sequence, timestamp, time });
            return 0;
        };
        let time = if timestamp == last.timestamp { last.time } else { time };
        self.newest = Some(Packet { sequence, timestamp, time });
        let missing = sequence.wrapping_sub(last.sequence).wrapping_sub(1);
        if missing == 0 {
            return 0;
        }
        self.gap = Some([last.time, time]);
        self.refreshing = 0;
        if missing < MAX_LOST { u64::from(missing) } else { 0 }
    }

    /// The time of the picture that the newest packet belongs to.
    fn picture_time(&self) -> Time {
        self.newest.and_then(|packet| packet.time)
    }

    /// Whether the access unit with this time is complete, and a decoder has or will have what it depends on.
    fn accepts(&mut self, time: Time, read: impl FnOnce() -> Unit) -> bool {
        if self.started && self.gap.is_none() && self.refreshing == 0 {
            return true;
        }
        let unit = read();
        if !self.started
            && let Some(slice) = unit.slice
        {
            self.started = true;
            let complete = slice.starts_picture;
            if !complete {
                self.gap = Some([time, time]);
            } else if !slice.key_frame && unit.recovery_frames.is_some() {
                self.recover(time, unit.recovery_frames);
            }
        }
        let key_frame = unit.slice.is_some_and(|slice| slice.key_frame);
        if self.gap.is_some_and(|gap| !gap.contains(&time)) {
            if key_frame {
                self.gap = None;
            } else if unit.recovery_frames.is_some() {
                self.recover(time, unit.recovery_frames);
            }
        }
        if self.gap.is_none() && key_frame {
            self.refreshing = 0;
        }
        if self.gap.is_none() && self.refreshing > 0 && unit.slice.is_some() {
            self.refreshing -= 1;
            if self.incomplete.len() == MAX_INCOMPLETE {
                self.incomplete.pop_front();
            }
            self.incomplete.extend(time);
        }
        self.gap.is_none()
    }

    fn recover(&mut self, time: Time, frames: Option<u32>) {
        self.gap = None;
        self.recovery_start = time;
        self.refreshing = frames.unwrap_or_default();
    }
}

/// What an access unit is, as far as losses are concerned.
#[derive(Debug, Clone, Copy)]
struct Unit {
    slice: Option<FirstSlice>,
    /// The unit is a recovery point: so many pictures later everything is refreshed.
    recovery_frames: Option<u32>,
}

fn read_unit(unit: &gst::BufferRef, format: VideoFormat) -> Unit {
    let Ok(unit) = unit.map_readable() else { return Unit { slice: None, recovery_frames: None } };
    Unit { slice: format.first_slice(&unit), recovery_frames: format.recovery_frames(&unit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> gst::ClockTime {
        gst::ClockTime::from_mseconds(milliseconds)
    }

    fn unit(key_frame: bool, starts_picture: bool) -> Unit {
        Unit { slice: Some(FirstSlice { key_frame, starts_picture }), recovery_frames: None }
    }

    #[test]
    fn missing_packets_are_counted_across_the_sequence_wrap() {
        let mut filter = LossFilter::default();
        let counts = [65_533, 65_534, 1, 2, 40_000, 40_001].map(|number| filter.record_packet(number, 0, None));
        assert_eq!(counts, [0, 0, 2, 0, 0, 0]);
    }

    #[test]
    fn after_a_gap_no_unit_is_accepted_before_a_complete_key_frame() {
        let mut filter = LossFilter::default();
        filter.record_packet(1, 0, Some(at(0)));
        assert!(filter.accepts(Some(at(0)), || unit(true, true)));
        filter.record_packet(3, 3_600, Some(at(40)));
        let units = [(0, true), (40, true), (80, false), (120, true), (160, false)];
        let accepted = units.map(|(time, key)| filter.accepts(Some(at(time)), || unit(key, true)));
        assert_eq!(accepted, [false, false, false, true, true]);
    }

    #[test]
    fn another_source_begins_with_its_first_key_frame() {
        let mut filter = LossFilter::default();
        let mut next = |source, number: u16, key| {
            let time = Some(at(u64::from(number) * 40));
            filter.follow_source(source);
            assert_eq!(filter.record_packet(number, u32::from(number) * 3_600, time), 0);
            filter.accepts(time, || unit(key, true))
        };
        assert_eq!([next(0, 1, true), next(0, 2, false), next(1, 3, true), next(1, 4, false)], [true; 4]);
        assert_eq!([next(2, 5, false), next(2, 6, true)], [false, true]);
    }

    #[test]
    fn packets_of_one_picture_get_one_time() {
        let mut filter = LossFilter::default();
        let times = [(1, 0, 10), (2, 0, 11), (4, 0, 9), (5, 3_600, 50)].map(|(number, stamp, time)| {
            filter.record_packet(number, stamp, Some(at(time)));
            filter.picture_time()
        });
        assert_eq!(times, [10, 10, 10, 50].map(|time| Some(at(time))));
        assert!(!filter.accepts(Some(at(10)), || unit(true, true)), "the picture lacks a packet");
    }

    #[test]
    fn a_first_picture_without_its_beginning_is_dropped() {
        let mut filter = LossFilter::default();
        assert!(
            filter.accepts(Some(at(0)), || Unit { slice: None, recovery_frames: None }),
            "parameter sets alone are not a picture"
        );
        let units = [(0, true, false), (40, false, true), (80, true, true), (120, false, true)];
        let accepted = units.map(|(time, key, starts)| filter.accepts(Some(at(time)), || unit(key, starts)));
        assert_eq!(accepted, [false, false, true, true]);
    }

    #[test]
    fn after_a_gap_decoding_starts_at_a_recovery_point_and_pictures_are_shown_when_refreshed() {
        let filter = Arc::new(Mutex::new(LossFilter::default()));
        let recovering = Recovering(filter.clone());
        filter.lock().record_packet(1, 0, Some(at(0)));
        assert!(filter.lock().accepts(Some(at(0)), || unit(true, true)));
        filter.lock().record_packet(3, 3_600, Some(at(40)));
        let recovery = |frames| Unit { recovery_frames: Some(frames), ..unit(false, true) };
        // The first recovery point lacks packets itself.
        let units = [(40, recovery(0)), (80, unit(false, true)), (120, recovery(2)), (160, unit(false, true))];
        let accepted = units.map(|(time, unit)| filter.lock().accepts(Some(at(time)), || unit));
        assert_eq!(accepted, [false, false, true, true]);
        assert!(filter.lock().accepts(Some(at(200)), || unit(false, true)));
        let incomplete = [80, 120, 160, 200].map(|time| recovering.is_incomplete(at(time).nseconds()));
        assert_eq!(incomplete, [false, true, true, false]);
        assert!(recovering.starts(at(120).nseconds()) && !recovering.starts(at(160).nseconds()));
        // A loss while the picture is refreshed.
        assert!(filter.lock().accepts(Some(at(240)), || recovery(9)), "nothing was lost");
        filter.lock().record_packet(5, 25_200, Some(at(280)));
        assert!(!filter.lock().accepts(Some(at(320)), || unit(false, true)));
    }

    #[test]
    fn a_stream_that_begins_with_a_recovery_point_is_shown_when_refreshed() {
        let filter = Arc::new(Mutex::new(LossFilter::default()));
        let recovering = Recovering(filter.clone());
        let first = Unit { recovery_frames: Some(1), ..unit(false, true) };
        assert!(filter.lock().accepts(Some(at(0)), || first));
        assert!(filter.lock().accepts(Some(at(40)), || unit(false, true)));
        assert_eq!([0, 40].map(|time| recovering.is_incomplete(at(time).nseconds())), [true, false]);
    }
}
