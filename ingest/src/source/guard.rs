//! What the network took away: packets that are missing are counted, and pictures that would show it are held off.
//!
//! A decoder conceals what it lacks: it shows parts of older pictures, and goes on building on them. Nothing downstream could
//! tell such a picture from a true one. So an access unit that lacks packets is dropped here, with all that follow it up to the
//! next whole key frame, and what then still gives no picture is counted behind the decoder.

use std::collections::VecDeque;
use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_media::{Codec, FirstSlice};
use vru_proto::CameraId;

use super::branch::build_error;
use crate::error::SourceError;
use crate::metrics;

/// A larger gap in the sequence numbers is a camera that began anew.
const MOST_LOST: u16 = 3_000;
/// Decoders hold back 16 pictures at most; a unit that is further behind will not come out.
const MOST_INSIDE: usize = 32;

fn pad(bin: &gst::Bin, name: &str) -> Result<gst::Pad, SourceError> {
    bin.static_pad(name).ok_or_else(|| build_error(&format!("{} has no {name}", bin.name())))
}

fn skipped(camera: &CameraId, reason: &str, units: usize) {
    metrics::SKIPPED.with_label_values(&[camera.as_str(), reason]).inc_by(units as u64);
}

/// Counts missing packets in front of the depayloader and holds off incomplete units behind it.
pub(super) fn guard_packets(depayloader: &gst::Bin, codec: Codec, camera: &CameraId) -> Result<(), SourceError> {
    let gate = Arc::new(Mutex::new(Gate::default()));
    let (lost, packets) = (metrics::LOST_PACKETS.with_label_values(&[camera.as_str()]), gate.clone());
    let note = move |packet: &mut gst::BufferRef| {
        let mut header = [0; 8];
        if packet.copy_to_slice(0, &mut header).is_err() {
            return;
        }
        let [_, _, high, low, stamp @ ..] = header;
        let mut packets = packets.lock();
        lost.inc_by(packets.packet(u16::from_be_bytes([high, low]), u32::from_be_bytes(stamp), packet.pts()));
        packet.set_pts(packets.picture_time());
    };
    let types = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad(depayloader, "sink")?.add_probe(types, move |_, info| {
        if let Some(packet) = info.buffer_mut() {
            note(packet.make_mut());
        } else if let Some(list) = info.buffer_list_mut() {
            let list = list.make_mut();
            for index in 0..list.len() {
                list.get_mut(index).into_iter().for_each(&note);
            }
        }
        gst::PadProbeReturn::Ok
    });
    let camera = camera.clone();
    pad(depayloader, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(unit) = info.buffer() else { return gst::PadProbeReturn::Ok };
        if gate.lock().lets_pass(unit.pts(), || first_slice(unit, codec)) {
            return gst::PadProbeReturn::Ok;
        }
        skipped(&camera, metrics::PACKETS_LOST, 1);
        // `Drop` makes GStreamer 1.22 complain about a buffer that the bindings have dropped already.
        gst::PadProbeReturn::Handled
    });
    Ok(())
}

type Time = Option<gst::ClockTime>;

/// Closed by a gap in the packets, opened by a key frame that the gap is not in.
#[derive(Debug, Default)]
struct Gate {
    newest: Option<Packet>,
    /// Times of the pictures before and behind the gap: they may lack something.
    gap: Option<[Time; 2]>,
    /// A picture has come. What is missing before the first packet shows in no sequence number, only in the picture.
    begun: bool,
}

#[derive(Debug, Clone, Copy)]
struct Packet {
    number: u16,
    /// The same for all packets of a picture.
    stamp: u32,
    /// That of the picture's first packet. The jitter buffer corrects its clock with each packet that comes in another order, and
    /// then gives the packets of one picture times a little apart.
    time: Time,
}

impl Gate {
    /// Notes a packet and says how many are missing before it.
    fn packet(&mut self, number: u16, stamp: u32, time: Time) -> u64 {
        let Some(last) = self.newest else {
            self.newest = Some(Packet { number, stamp, time });
            return 0;
        };
        let time = if stamp == last.stamp { last.time } else { time };
        self.newest = Some(Packet { number, stamp, time });
        let missing = number.wrapping_sub(last.number).wrapping_sub(1);
        if missing == 0 {
            return 0;
        }
        self.gap = Some([last.time, time]);
        // Otherwise the camera began anew.
        if missing < MOST_LOST { u64::from(missing) } else { 0 }
    }

    /// The time of the picture that the newest packet belongs to.
    fn picture_time(&self) -> Time {
        self.newest.and_then(|packet| packet.time)
    }

    fn lets_pass(&mut self, time: Time, first_slice: impl FnOnce() -> Option<FirstSlice>) -> bool {
        if self.begun && self.gap.is_none() {
            return true;
        }
        let slice = first_slice();
        if !self.begun
            && let Some(slice) = slice
        {
            self.begun = true;
            if !slice.starts_picture {
                self.gap = Some([time, time]);
            }
        }
        let opens = |gap: [Time; 2]| !gap.contains(&time) && slice.is_some_and(|slice| slice.key_frame);
        if self.gap.is_some_and(opens) {
            self.gap = None;
        }
        self.gap.is_none()
    }
}

fn first_slice(unit: &gst::BufferRef, codec: Codec) -> Option<FirstSlice> {
    codec.first_slice(&unit.map_readable().ok()?)
}

/// Counts the units that enter the decoder and give no picture.
pub(super) fn count_undecodable(decode: &gst::Bin, camera: &CameraId) -> Result<(), SourceError> {
    let inside = Arc::new(Mutex::new(Inside { camera: camera.clone(), times_ns: VecDeque::new() }));
    let entered = inside.clone();
    pad(decode, "sink")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(pts) = info.buffer().and_then(|buffer| buffer.pts()) {
            entered.lock().enter(pts.nseconds());
        }
        gst::PadProbeReturn::Ok
    });
    pad(decode, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(pts) = info.buffer().and_then(|buffer| buffer.pts()) {
            inside.lock().leave(pts.nseconds());
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// Stream times of the units in a decoder.
#[derive(Debug)]
struct Inside {
    camera: CameraId,
    times_ns: VecDeque<u64>,
}

impl Inside {
    fn enter(&mut self, pts_ns: u64) {
        self.times_ns.push_back(pts_ns);
        if self.times_ns.len() > MOST_INSIDE {
            self.times_ns.pop_front();
            skipped(&self.camera, metrics::UNDECODABLE, 1);
        }
    }

    /// Pictures leave in the order in which they are shown: what should have been shown before never will be.
    fn leave(&mut self, pts_ns: u64) {
        let before = self.times_ns.len();
        self.times_ns.retain(|time_ns| *time_ns > pts_ns);
        skipped(&self.camera, metrics::UNDECODABLE, (before - self.times_ns.len()).saturating_sub(1));
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        skipped(&self.camera, metrics::LEFT_INSIDE, self.times_ns.len());
    }
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
    fn missing_packets_are_counted_over_the_wrap() {
        let mut gate = Gate::default();
        let counts = [65_533, 65_534, 1, 2, 40_000, 40_001].map(|number| gate.packet(number, 0, None));
        assert_eq!(counts, [0, 0, 2, 0, 0, 0]);
    }

    #[test]
    fn after_a_gap_nothing_passes_before_a_whole_key_frame() {
        let mut gate = Gate::default();
        gate.packet(1, 0, Some(at(0)));
        assert!(gate.lets_pass(Some(at(0)), || Some(slice(true, true))));
        gate.packet(3, 3_600, Some(at(40)));
        let units = [(0, true), (40, true), (80, false), (120, true), (160, false)];
        let passed = units.map(|(time, key)| gate.lets_pass(Some(at(time)), || Some(slice(key, true))));
        assert_eq!(passed, [false, false, false, true, true]);
    }

    #[test]
    fn packets_of_one_picture_have_one_time() {
        let mut gate = Gate::default();
        let times = [(1, 0, 10), (2, 0, 11), (4, 0, 9), (5, 3_600, 50)].map(|(number, stamp, time)| {
            gate.packet(number, stamp, Some(at(time)));
            gate.picture_time()
        });
        assert_eq!(times, [10, 10, 10, 50].map(|time| Some(at(time))));
        assert!(!gate.lets_pass(Some(at(10)), || Some(slice(true, true))), "it lacks a packet");
    }

    #[test]
    fn a_first_picture_that_lacks_its_beginning_does_not_pass() {
        let mut gate = Gate::default();
        assert!(gate.lets_pass(Some(at(0)), || None), "parameter sets alone are no picture");
        let units = [(0, true, false), (40, false, true), (80, true, true), (120, false, true)];
        let passed = units.map(|(time, key, starts)| gate.lets_pass(Some(at(time)), || Some(slice(key, starts))));
        assert_eq!(passed, [false, false, true, true]);
    }

    #[test]
    fn units_without_a_picture_are_counted() {
        let camera: CameraId = "guard-inside".parse().unwrap();
        let count = |reason| metrics::SKIPPED.with_label_values(&["guard-inside", reason]).get();
        let mut inside = Inside { camera, times_ns: VecDeque::new() };
        // Shown in another order than sent, and the one with 4 is broken.
        for pts in [0, 3, 1, 2, 6, 4, 5] {
            inside.enter(pts);
        }
        for pts in [0, 1, 2, 3, 5] {
            inside.leave(pts);
        }
        assert_eq!(count(metrics::UNDECODABLE), 1);
        drop(inside);
        assert_eq!(count(metrics::LEFT_INSIDE), 1);
    }
}
