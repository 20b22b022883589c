//! Counts access units that enter the decoder and give no picture.

use std::collections::VecDeque;
use std::sync::Arc;

use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;
use vru_proto::CameraId;

use super::elements::static_pad;
use crate::error::SourceError;
use crate::metrics;

/// Decoders delay at most 16 pictures. A unit that is further behind than this will give no picture.
const MAX_PENDING: usize = 32;

pub(super) fn count_undecodable(decoder: &gst::Bin, camera: &CameraId) -> Result<(), SourceError> {
    let pending = Arc::new(Mutex::new(PendingUnits { camera: camera.clone(), times_ns: VecDeque::new() }));
    let entered = pending.clone();
    static_pad(decoder, "sink")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(pts) = info.buffer().and_then(|buffer| buffer.pts()) {
            entered.lock().enter(pts.nseconds());
        }
        gst::PadProbeReturn::Ok
    });
    static_pad(decoder, "src")?.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(pts) = info.buffer().and_then(|buffer| buffer.pts()) {
            pending.lock().leave(pts.nseconds());
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

/// The stream times of the access units that are in a decoder.
#[derive(Debug)]
struct PendingUnits {
    camera: CameraId,
    times_ns: VecDeque<u64>,
}

impl PendingUnits {
    fn enter(&mut self, pts_ns: u64) {
        self.times_ns.push_back(pts_ns);
        if self.times_ns.len() > MAX_PENDING {
            self.times_ns.pop_front();
            self.count(metrics::UNDECODABLE, 1);
        }
    }

    /// Pictures leave in display order, so units with an earlier time will give no picture any more.
    fn leave(&mut self, pts_ns: u64) {
        let before = self.times_ns.len();
        self.times_ns.retain(|time_ns| *time_ns > pts_ns);
        self.count(metrics::UNDECODABLE, (before - self.times_ns.len()).saturating_sub(1));
    }

    fn count(&self, reason: &str, units: usize) {
        metrics::SKIPPED.with_label_values(&[self.camera.as_str(), reason]).inc_by(units as u64);
    }
}

impl Drop for PendingUnits {
    fn drop(&mut self) {
        self.count(metrics::LEFT_INSIDE, self.times_ns.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_without_a_picture_are_counted() {
        let camera: CameraId = "decoder-loss".parse().unwrap();
        let count = |reason| metrics::SKIPPED.with_label_values(&["decoder-loss", reason]).get();
        let mut pending = PendingUnits { camera, times_ns: VecDeque::new() };
        // The display order differs from the order of sending, and the unit with time 4 is damaged.
        for pts in [0, 3, 1, 2, 6, 4, 5] {
            pending.enter(pts);
        }
        for pts in [0, 1, 2, 3, 5] {
            pending.leave(pts);
        }
        assert_eq!(count(metrics::UNDECODABLE), 1);
        drop(pending);
        assert_eq!(count(metrics::LEFT_INSIDE), 1);
    }
}
