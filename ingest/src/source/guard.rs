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
use vru_media::Codec;
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
    let note = move |packet: &gst::BufferRef| {
        let mut number = [0; 2];
        if packet.copy_to_slice(2, &mut number).is_ok() {
            lost.inc_by(packets.lock().packet(u16::from_be_bytes(number), packet.pts()));
        }
    };
    let types = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad(depayloader, "sink")?.add_probe(types, move |_, info| {
        if let Some(packet) = info.buffer() {
            note(packet);
        } else if let Some(list) = info.buffer_list() {
            list.iter().for_each(&note);
        }
        gst::PadProbeReturn::Ok
    });
    let camera = camera.clone();
    pad(depayloader, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(unit) = info.buffer() else { return gst::PadProbeReturn::Ok };
        if gate.lock().lets_pass(unit.pts(), || is_key(unit, codec)) {
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
    /// Sequence number and time of the newest packet.
    last: Option<(u16, Time)>,
    /// Times of the packets before and behind the gap: units of these times may lack something.
    gap: Option<[Time; 2]>,
}

impl Gate {
    /// Notes a packet and says how many are missing before it.
    fn packet(&mut self, number: u16, time: Time) -> u64 {
        let Some((last, before)) = self.last.replace((number, time)) else { return 0 };
        let missing = number.wrapping_sub(last).wrapping_sub(1);
        if missing == 0 {
            return 0;
        }
        self.gap = Some([before, time]);
        // Otherwise the camera began anew.
        if missing < MOST_LOST { u64::from(missing) } else { 0 }
    }

    fn lets_pass(&mut self, time: Time, is_key: impl FnOnce() -> bool) -> bool {
        if self.gap.is_some_and(|gap| !gap.contains(&time) && is_key()) {
            self.gap = None;
        }
        self.gap.is_none()
    }
}

/// Whether the unit, each of whose parts stands behind its length, holds a key frame.
fn is_key(buffer: &gst::BufferRef, codec: Codec) -> bool {
    let Ok(map) = buffer.map_readable() else { return false };
    codec.is_key_packet(&map)
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

    #[test]
    fn missing_packets_are_counted_over_the_wrap() {
        let mut gate = Gate::default();
        let counts = [65_533, 65_534, 1, 2, 40_000, 40_001].map(|number| gate.packet(number, None));
        assert_eq!(counts, [0, 0, 2, 0, 0, 0]);
    }

    #[test]
    fn after_a_gap_nothing_passes_before_a_whole_key_frame() {
        let mut gate = Gate::default();
        gate.packet(1, Some(at(0)));
        assert!(gate.lets_pass(Some(at(0)), || true));
        gate.packet(3, Some(at(40)));
        let units = [(0, true), (40, true), (80, false), (120, true), (160, false)];
        let passed = units.map(|(time, key)| gate.lets_pass(Some(at(time)), || key));
        assert_eq!(passed, [false, false, false, true, true]);
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
