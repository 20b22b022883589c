//! A video file as access units in memory, for cameras that send it in a loop without encoding.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use vru_media::Codec;

/// More than an hour of a usual camera; a longer file is cut here.
const MAX_BYTES: usize = 512 * 1024 * 1024;
const READ_DEADLINE: Duration = Duration::from_mins(1);

/// Why a file cannot be sent by a demo camera.
#[derive(Debug, thiserror::Error)]
pub enum LoopClipError {
    #[error(transparent)]
    Init(#[from] vru_media::InitError),
    /// A GStreamer plugin is missing.
    #[error("build the GStreamer pipeline that reads {}; `make setup` installs its plugins", path.display())]
    Build {
        path: PathBuf,
        #[source]
        source: gst::glib::Error,
    },
    /// The file is missing, or is not H.264 or H.265 in MP4 or Matroska.
    #[error("read H.264 or H.265 from {}: {problem}", path.display())]
    Read { path: PathBuf, problem: String },
}

/// One access unit in byte-stream format.
#[derive(Debug, Clone)]
pub struct Unit {
    pub data: Bytes,
    /// A decoder can start at this unit.
    pub key_frame: bool,
}

/// A clip that can be looped: its rate is constant, and no picture refers to a later one.
#[derive(Debug, Clone)]
pub struct LoopClip {
    pub codec: Codec,
    /// Time between two pictures.
    pub interval: Duration,
    /// The pictures in order; the first is a key frame.
    pub units: Arc<[Unit]>,
}

impl LoopClip {
    /// Reads a whole file. Blocks.
    pub fn read(path: &Path) -> Result<Self, LoopClipError> {
        vru_media::init()?;
        let build = |source| LoopClipError::Build { path: path.to_owned(), source };
        let pipeline = gst::parse::launch("filesrc name=file ! parsebin name=streams").map_err(build)?;
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements make a pipeline");
        let read = Self::read_with(&pipeline, path);
        if pipeline.set_state(gst::State::Null).is_err() {
            tracing::debug!("an element did not stop");
        }
        read.map_err(|problem| LoopClipError::Read { path: path.to_owned(), problem })
    }

    fn read_with(pipeline: &gst::Pipeline, path: &Path) -> Result<Self, String> {
        let by_name = |name| pipeline.by_name(name).expect("it is in the description");
        by_name("file").set_property("location", path);
        let found = streams(pipeline, &by_name("streams"));
        pipeline.set_state(gst::State::Playing).map_err(|_| problem_of(pipeline))?;
        let (codec, sink) = wait_for_stream(pipeline, &found)?;
        let (units, interval) = read_units(pipeline, &sink)?;
        Ok(Self { codec, interval, units: units.into() })
    }
}

/// The usable streams in the order in which they are found; `None` after the last one.
type FoundStreams = Receiver<Option<(Codec, gst_app::AppSink)>>;

/// Connects each stream of the file; streams of other codecs are discarded.
fn streams(pipeline: &gst::Pipeline, parser: &gst::Element) -> FoundStreams {
    let (found_tx, found) = sync_channel(4);
    let all_tx = found_tx.clone();
    let weak = pipeline.downgrade();
    parser.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        match connect(&pipeline, pad) {
            Ok(Some(stream)) => drop(found_tx.try_send(Some(stream))),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, pad = %pad.name(), "a stream of a file cannot be connected"),
        }
    });
    parser.connect_no_more_pads(move |_| drop(all_tx.try_send(None)));
    found
}

fn connect(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
) -> Result<Option<(Codec, gst_app::AppSink)>, Box<dyn std::error::Error>> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let media_type = caps.structure(0).map_or("", |structure| structure.name().as_str());
    let codec = [Codec::H264, Codec::H265].into_iter().find(|codec| codec.media_type() == media_type);
    let launch = match codec {
        Some(codec) => format!(
            "{}parse config-interval=-1 ! {},stream-format=byte-stream,alignment=au \
             ! appsink name=units sync=false max-buffers=64",
            codec.rtp_name().to_lowercase(),
            codec.media_type()
        ),
        None => "fakesink sync=false".to_owned(),
    };
    let bin = gst::parse::bin_from_description(&launch, true)?;
    pipeline.add(&bin)?;
    pad.link(&bin.static_pad("sink").expect("an unlinked sink gets a ghost pad"))?;
    bin.sync_state_with_parent()?;
    let sink = bin.by_name("units").and_downcast::<gst_app::AppSink>();
    Ok(codec.zip(sink))
}

fn wait_for_stream(pipeline: &gst::Pipeline, found: &FoundStreams) -> Result<(Codec, gst_app::AppSink), String> {
    let until = Instant::now() + READ_DEADLINE;
    while Instant::now() < until {
        match found.recv_timeout(Duration::from_millis(100)) {
            Ok(Some(stream)) => return Ok(stream),
            Ok(None) | Err(RecvTimeoutError::Disconnected) => {
                return Err("the file has no H.264 or H.265 stream".to_owned());
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(problem) = end_of(pipeline) {
                    return Err(problem);
                }
            }
        }
    }
    Err("the file gave no data".to_owned())
}

fn read_units(pipeline: &gst::Pipeline, sink: &gst_app::AppSink) -> Result<(Vec<Unit>, Duration), String> {
    let timeout = gst::ClockTime::try_from(READ_DEADLINE).expect("a minute is a time");
    let (mut units, mut times, mut bytes) = (Vec::new(), Vec::new(), 0);
    while bytes < MAX_BYTES {
        let Some(sample) = sink.try_pull_sample(timeout) else {
            if sink.is_eos() && !units.is_empty() {
                break;
            }
            return Err(problem_of(pipeline));
        };
        let Some(buffer) = sample.buffer() else { continue };
        let key_frame = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        if units.is_empty() && !key_frame {
            continue;
        }
        let map = buffer.map_readable().map_err(|error| error.to_string())?;
        bytes += map.len();
        units.push(Unit { data: Bytes::copy_from_slice(&map), key_frame });
        times.extend(buffer.pts().map(gst::ClockTime::nseconds));
    }
    if times.len() < 2 || times.len() != units.len() {
        return Err("the stream has fewer than two pictures with a timestamp".to_owned());
    }
    if times.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(
            "the stream has pictures that are shown in another order than they are stored (B-frames)".to_owned()
        );
    }
    let interval = Duration::from_nanos((times[times.len() - 1] - times[0]) / (times.len() as u64 - 1));
    Ok((units, interval))
}

fn problem_of(pipeline: &gst::Pipeline) -> String {
    end_of(pipeline).unwrap_or_else(|| "the file gave no data".to_owned())
}

/// Why the pipeline has ended; none while it runs.
fn end_of(pipeline: &gst::Pipeline) -> Option<String> {
    let message = pipeline.bus()?.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos])?;
    match message.view() {
        gst::MessageView::Error(error) => Some(error.error().to_string()),
        // All streams were discarded.
        _ => Some("the file has no H.264 or H.265 stream".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Result<LoopClip, LoopClipError> {
        LoopClip::read(&vru_runtime::assets::require(name).unwrap())
    }

    #[test]
    fn every_picture_of_the_sample_clip_is_read_in_both_codecs() {
        for (name, codec) in [("clips/vtest-h264.mp4", Codec::H264), ("clips/vtest-h265.mp4", Codec::H265)] {
            let clip = read(name).unwrap();
            assert_eq!(clip.codec, codec);
            assert_eq!(clip.units.len(), 795, "{name}");
            assert_eq!(clip.interval, Duration::from_millis(100), "{name}");
            assert!(clip.units[0].key_frame && codec.is_key_unit(&clip.units[0].data), "{name}");
        }
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        for name in ["clips/vtest.avi", "stills/bus.jpg", "models/nanodet-g.toml", "clips/absent.mp4"] {
            let error = LoopClip::read(&vru_runtime::assets::cache_dir().join(name)).unwrap_err();
            assert!(matches!(error, LoopClipError::Read { .. }), "{name}: {error}");
        }
    }
}
