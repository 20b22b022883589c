//! What the threads of the file's pipeline record and its reader uses.

use std::collections::VecDeque;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;

use super::numbering::Numbering;
use super::times::FrameTimes;

/// Where the pictures of the chosen track are.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) numbering: Numbering,
    pub(super) times: FrameTimes,
    /// Time and number of the pictures that are being encoded.
    encoding: VecDeque<(u64, u64)>,
    segment: Option<gst::FormattedSegment<gst::ClockTime>>,
    /// The end of the last buffer of any track.
    pub(super) reached_ns: u64,
    /// Buffers of any track: shows that the file is being read.
    pub(super) buffers: u64,
    /// Where the chosen track enters its decoder.
    pub(super) entry: Option<gst::Pad>,
    pub(super) chosen: Option<String>,
    pub(super) has_no_video: bool,
}

impl Progress {
    /// A buffer of any track leaves the demuxer.
    pub(super) fn demuxed(&mut self, pad: &gst::Pad, buffer: &gst::BufferRef) {
        self.buffers += 1;
        let Some(start) = buffer.pts().or(buffer.dts()) else { return };
        let end = start + buffer.duration().unwrap_or_default();
        let segment = pad.sticky_event::<gst::event::Segment>(0).map(|event| event.segment().clone());
        let segment = segment.and_then(|segment| segment.downcast::<gst::ClockTime>().ok());
        let position = segment.and_then(|segment| segment.to_stream_time(end)).unwrap_or(end);
        self.reached_ns = self.reached_ns.max(position.nseconds());
    }

    /// An event in front of the encoder. The pictures get times of their own behind it, so the segment is replaced by one without bounds.
    pub(super) fn event(&mut self, event: &gst::Event) -> Option<gst::Event> {
        match event.view() {
            gst::EventView::Segment(segment) => {
                self.segment = segment.segment().clone().downcast::<gst::ClockTime>().ok();
                let open = gst::FormattedSegment::<gst::ClockTime>::new();
                Some(gst::event::Segment::builder(&open).seqnum(event.seqnum()).build())
            }
            gst::EventView::Caps(caps) => {
                if let Ok(video) = gst_video::VideoInfo::from_caps(caps.caps()) {
                    self.times.set_rate(video.fps().numer(), video.fps().denom());
                }
                None
            }
            _ => None,
        }
    }

    /// A picture in front of the encoder: its number, and its time from the start of the file.
    pub(super) fn decoded(&mut self, buffer: &gst::BufferRef, index: Option<u64>) -> (u64, u64) {
        let pts = buffer.pts();
        let number = self.numbering.leave(pts.map(gst::ClockTime::nseconds), index);
        let position = pts.map(|pts| {
            let segment = self.segment.as_ref();
            segment.and_then(|segment| segment.to_stream_time(pts)).unwrap_or(pts).nseconds()
        });
        (number, self.times.next(number, position))
    }

    pub(super) fn encodes(&mut self, number: u64, time_ns: u64) {
        self.encoding.push_back((time_ns, number));
    }

    /// The number of the encoded picture with this time. Pictures that the encoder has dropped are skipped.
    pub(super) fn encoded(&mut self, time_ns: u64) -> Option<u64> {
        while let Some((time, number)) = self.encoding.pop_front() {
            if time == time_ns {
                return Some(number);
            }
        }
        None
    }
}
