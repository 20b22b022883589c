//! Makes GStreamer elements, with errors that name what is missing, and watches what passes their pads.

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::error::SourceError;

pub(super) fn build_error(problem: &str) -> SourceError {
    SourceError::Build { problem: problem.to_owned() }
}

pub(super) fn make_element(factory: &str) -> Result<gst::Element, SourceError> {
    let missing = |_| build_error(&format!("this host has no GStreamer element {factory}"));
    gst::ElementFactory::make(factory).build().map_err(missing)
}

/// A bin of the elements of a launch line.
pub(super) fn make_bin(launch: &str) -> Result<gst::Bin, SourceError> {
    Ok(vru_media::parse_bin(launch)?)
}

pub(super) fn static_pad(bin: &gst::Bin, name: &str) -> Result<gst::Pad, SourceError> {
    bin.static_pad(name).ok_or_else(|| build_error(&format!("{} has no {name} pad", bin.name())))
}

/// Calls `record` for each buffer that passes the pad, alone or in a list.
pub(super) fn probe_buffers(pad: &gst::Pad, record: impl Fn(&mut gst::BufferRef) + Send + Sync + 'static) {
    pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, info| {
        if let Some(buffer) = info.buffer_mut() {
            record(buffer.make_mut());
        } else if let Some(list) = info.buffer_list_mut() {
            let list = list.make_mut();
            for index in 0..list.len() {
                list.get_mut(index).into_iter().for_each(&record);
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// Passes each buffer of a list on alone, so that each comes to the probe that calls this; `None` if there is no list.
pub(super) fn one_by_one(pad: &gst::Pad, info: &mut gst::PadProbeInfo<'_>) -> Option<gst::PadProbeReturn> {
    let buffers: Vec<gst::Buffer> = info.buffer_list()?.iter_owned().collect();
    let result = buffers.into_iter().try_for_each(|buffer| pad.chain(buffer).map(drop));
    info.flow_res = result.map(|()| gst::FlowSuccess::Ok);
    Some(gst::PadProbeReturn::Handled)
}

/// Which of the camera's sources a packet came from: the offset of its buffer, which elements for RTP keep and do not use.
pub(super) fn generation(packet: &gst::BufferRef) -> u32 {
    packet.offset() as u32
}
