//! Counts lost RTP packets, and drops the access units that lost packets damage.
//!
//! A decoder conceals missing data: it shows parts of older pictures, and decodes later pictures from the result. Nothing
//! downstream could tell such a picture from a true one. So an access unit that lacks packets is dropped here, with all units
//! after it up to the next complete key frame. Units that still give no picture are counted behind the decoder
//! (`decoder_loss`).

use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_media::{Codec, FirstSlice};
use vru_proto::CameraId;

use super::elements::static_pad;
use crate::error::SourceError;
use crate::metrics;

/// A larger gap in the sequence numbers means that the camera restarted its numbering.
const MAX_LOST: u16 = 3_000;

/// Counts missing packets in front of the depayloader, and drops incomplete access units behind it.
pub(super) fn drop_incomplete_units(
    depayloader: &gst::Bin,
    codec: Codec,
    camera: &CameraId,
) -> Result<(), SourceError> {
    let filter = Arc::new(Mutex::new(LossFilter::default()));
    let (lost, packets) = (metrics::LOST_PACKETS.with_label_values(&[camera.as_str()]), filter.clone());
    let record = move |packet: &mut gst::BufferRef| {
        let mut header = [0; 8];
        if packet.copy_to_slice(0, &mut header).is_err() {
            return;
        }
        let [_, _, high, low, timestamp @ ..] = header;
        let (sequence, timestamp) = (u16::from_be_bytes([high, low]), u32::from_be_bytes(timestamp));
        let mut packets = packets.lock();
        lost.inc_by(packets.record_packet(sequence, timestamp, packet.pts()));
        packet.set_pts(packets.picture_time());
    };
    let types = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    static_pad(depayloader, "sink")?.add_probe(types, move |_, info| {
        if let Some(packet) = info.buffer_mut() {
            record(packet.make_mut());
        } else if let Some(list) = info.buffer_list_mut() {
            let list = list.make_mut();
            for index in 0..list.len() {
                list.get_mut(index).into_iter().for_each(&record);
            }
        }
        gst::PadProbeReturn::Ok
    });
    let camera = camera.clone();
    static_pad(depayloader, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(unit) = info.buffer() else { return gst::PadProbeReturn::Ok };
        if filter.lock().accepts(unit.pts(), || first_slice(unit, codec)) {
            return gst::PadProbeReturn::Ok;
        }
        metrics::SKIPPED.with_label_values(&[camera.as_str(), metrics::PACKETS_LOST]).inc();
        // With `Drop`, GStreamer 1.22 complains about a buffer that the bindings have dropped already.
        gst::PadProbeReturn::Handled
    });
    Ok(())
}

type Time = Option<gst::ClockTime>;

/// Refuses access units from a gap in the packets up to the next key frame that the gap does not touch.
#[derive(Debug, Default)]
struct LossFilter {
    newest: Option<Packet>,
    /// Times of the pictures before and after the gap: both may lack packets.
    gap: Option<[Time; 2]>,
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
        if missing < MAX_LOST { u64::from(missing) } else { 0 }
    }

    /// The time of the picture that the newest packet belongs to.
    fn picture_time(&self) -> Time {
        self.newest.and_then(|packet| packet.time)
    }

    /// Whether the access unit with this time is complete and depends on complete units only.
    fn accepts(&mut self, time: Time, first_slice: impl FnOnce() -> Option<FirstSlice>) -> bool {
        if self.started && self.gap.is_none() {
            return true;
        }
        let slice = first_slice();
        if !self.started
            && let Some(slice) = slice
        {
            self.started = true;
            if !slice.starts_picture {
                self.gap = Some([time, time]);
            }
        }
        let ends_gap = |gap: [Time; 2]| !gap.contains(&time) && slice.is_some_and(|slice| slice.key_frame);
        if self.gap.is_some_and(ends_gap) {
            self.gap = None;
        }
        self.gap.is_none()
    }
}

fn first_slice(unit: &gst::BufferRef, codec: Codec) -> Option<FirstSlice> {
    codec.first_slice(&unit.map_readable().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> gst::ClockTime {
        gst::ClockTime::from_mseconds(milliseconds)
    }

    fn slice(key_frame: bool, starts_picture: bool) -> FirstSlice {
        FirstSlice { key_frame, starts_picture }
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
        assert!(filter.accepts(Some(at(0)), || Some(slice(true, true))));
        filter.record_packet(3, 3_600, Some(at(40)));
        let units = [(0, true), (40, true), (80, false), (120, true), (160, false)];
        let accepted = units.map(|(time, key)| filter.accepts(Some(at(time)), || Some(slice(key, true))));
        assert_eq!(accepted, [false, false, false, true, true]);
    }

    #[test]
    fn packets_of_one_picture_get_one_time() {
        let mut filter = LossFilter::default();
        let times = [(1, 0, 10), (2, 0, 11), (4, 0, 9), (5, 3_600, 50)].map(|(number, stamp, time)| {
            filter.record_packet(number, stamp, Some(at(time)));
            filter.picture_time()
        });
        assert_eq!(times, [10, 10, 10, 50].map(|time| Some(at(time))));
        assert!(!filter.accepts(Some(at(10)), || Some(slice(true, true))), "the picture lacks a packet");
    }

    #[test]
    fn a_first_picture_without_its_beginning_is_dropped() {
        let mut filter = LossFilter::default();
        assert!(filter.accepts(Some(at(0)), || None), "parameter sets alone are not a picture");
        let units = [(0, true, false), (40, false, true), (80, true, true), (120, false, true)];
        let accepted = units.map(|(time, key, starts)| filter.accepts(Some(at(time)), || Some(slice(key, starts))));
        assert_eq!(accepted, [false, false, true, true]);
    }
}
