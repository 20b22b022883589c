//! A video file as access units in memory, for cameras that send it again and again without encoding.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use vru_media::Codec;

/// More than an hour of what cameras send; a file beyond it is cut there.
const MAX_BYTES: usize = 512 * 1024 * 1024;
const READ_DEADLINE: Duration = Duration::from_mins(1);

/// Why a file cannot be sent by a demo camera.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// GStreamer does not start here.
    #[error(transparent)]
    Init(#[from] vru_media::InitError),
    /// The elements are missing.
    #[error("build a reader for {}", path.display())]
    Build {
        /// Of which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: gst::glib::Error,
    },
    /// Something else than H.264 or H.265 in MP4 or Matroska.
    #[error("read H.264 or H.265 from {}: {problem}", path.display())]
    Read {
        /// From which file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
}

/// One access unit in byte-stream format.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The unit.
    pub data: Bytes,
    /// A decoder can start here.
    pub key_frame: bool,
}

/// A clip that can be looped: a constant rate, and no picture that refers to a later one.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Its codec.
    pub codec: Codec,
    /// Time between two pictures.
    pub interval: Duration,
    /// Its pictures in order; the first is a key frame.
    pub units: Arc<[Unit]>,
}

impl Clip {
    /// Reads a whole file. Blocks.
    pub fn read(path: &Path) -> Result<Self, ClipError> {
        vru_media::init()?;
        let build = |source| ClipError::Build { path: path.to_owned(), source };
        let pipeline = gst::parse::launch("filesrc name=file ! parsebin name=streams").map_err(build)?;
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("several elements make a pipeline");
        let read = Self::read_with(&pipeline, path);
        if pipeline.set_state(gst::State::Null).is_err() {
            tracing::debug!("an element did not stop");
        }
        read.map_err(|problem| ClipError::Read { path: path.to_owned(), problem })
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

/// The streams that can be sent, as they are found; none when all were found.
type Found = Receiver<Option<(Codec, gst_app::AppSink)>>;

/// Connects each stream that is found in the file: what cannot be sent is thrown away.
fn streams(pipeline: &gst::Pipeline, parser: &gst::Element) -> Found {
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

fn wait_for_stream(pipeline: &gst::Pipeline, found: &Found) -> Result<(Codec, gst_app::AppSink), String> {
    let until = Instant::now() + READ_DEADLINE;
    while Instant::now() < until {
        match found.recv_timeout(Duration::from_millis(100)) {
            Ok(Some(stream)) => return Ok(stream),
            Ok(None) | Err(RecvTimeoutError::Disconnected) => return Err("it has no such stream".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(problem) = end_of(pipeline) {
                    return Err(problem);
                }
            }
        }
    }
    Err("nothing came out of it".to_owned())
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
        return Err("it has fewer than two pictures with a time".to_owned());
    }
    if times.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err("its pictures are not in the order in which they are shown".to_owned());
    }
    let interval = Duration::from_nanos((times[times.len() - 1] - times[0]) / (times.len() as u64 - 1));
    Ok((units, interval))
}

fn problem_of(pipeline: &gst::Pipeline) -> String {
    end_of(pipeline).unwrap_or_else(|| "nothing came out of it".to_owned())
}

/// Why the pipeline goes on no longer; none while it does.
fn end_of(pipeline: &gst::Pipeline) -> Option<String> {
    let message = pipeline.bus()?.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos])?;
    match message.view() {
        gst::MessageView::Error(error) => Some(error.error().to_string()),
        // Everything in it was thrown away.
        _ => Some("it has no such stream".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Result<Clip, ClipError> {
        Clip::read(&vru_runtime::assets::require(name).unwrap())
    }

    #[test]
    fn both_codecs_of_the_sample_clip_give_all_their_pictures() {
        for (name, codec) in [("clips/vtest-h264.mp4", Codec::H264), ("clips/vtest-h265.mp4", Codec::H265)] {
            let clip = read(name).unwrap();
            assert_eq!(clip.codec, codec);
            assert_eq!(clip.units.len(), 795, "{name}");
            assert_eq!(clip.interval, Duration::from_millis(100), "{name}");
            assert!(clip.units[0].key_frame && codec.is_key_unit(&clip.units[0].data), "{name}");
        }
    }

    #[test]
    fn other_files_are_refused_with_their_reason() {
        for name in ["clips/vtest.avi", "stills/bus.jpg", "models/nanodet-g.toml", "clips/absent.mp4"] {
            let error = Clip::read(&vru_runtime::assets::cache_dir().join(name)).unwrap_err();
            assert!(matches!(error, ClipError::Read { .. }), "{name}: {error}");
        }
    }
}
