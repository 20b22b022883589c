//! Cameras that draw the wall clock into each picture before it is encoded.
//!
//! Real cameras encode themselves; two cores cannot encode for sixteen. The cameras therefore share [`PHASES`] encoders, whose
//! pictures are taken a quarter of a period apart: up to four cameras never take a picture at the same moment, like real ones.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_app::AppSrc;
use gstreamer_rtsp_server::prelude::*;
use gstreamer_rtsp_server::{RTSPMedia, RTSPMediaFactory};
use vru_runtime::clock::now_us;
use vru_runtime::test_util::require_asset;

use crate::burnt_clock;
use crate::rtsp::RtspServer;

/// Number of encoders.
pub const PHASES: usize = 4;
/// Pictures per second.
pub const RATE: i64 = 10;
const WIDTH: usize = 768;
const HEIGHT: usize = 576;
const PERIOD_US: i64 = 1_000_000 / RATE;
/// Pictures of the clip that are repeated. Each repetition gives new tracks.
const PICTURES: usize = 150;
const PICTURE_BYTES: usize = WIDTH * HEIGHT * 3 / 2;

/// The RTSP server of the cameras.
#[derive(Debug)]
pub struct ClockCameras(RtspServer);

impl ClockCameras {
    /// Starts the server. An encoder runs while it has viewers.
    pub fn start() -> Self {
        gst::init().expect("GStreamer is installed");
        let pictures: Arc<[u8]> = pictures().into();
        Self(RtspServer::start((0..PHASES).map(|phase| (path(phase), factory(phase, &pictures)))))
    }

    pub fn url(&self, camera: usize) -> String {
        self.0.url(&path(camera % PHASES))
    }
}

fn path(phase: usize) -> String {
    format!("phase-{phase}")
}

fn factory(phase: usize, pictures: &Arc<[u8]>) -> RTSPMediaFactory {
    let factory = RTSPMediaFactory::new();
    factory.set_shared(true);
    // Constant quality: no rate control delays a picture.
    factory.set_launch(&format!(
        "( appsrc name=lens is-live=true format=time max-buffers=2 \
         caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={RATE}/1 \
         ! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max={RATE} pass=quant quantizer=24 \
         ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
    ));
    let pictures = pictures.clone();
    factory.connect_media_configure(move |_, media| {
        let bin = media.element().downcast::<gst::Bin>().expect("a launch line makes a bin");
        let lens = bin.by_name("lens").and_then(|lens| lens.downcast::<AppSrc>().ok());
        let (lens, pictures) = (lens.expect("the launch line names it").downgrade(), pictures.clone());
        media.connect_prepared(report_capture_times);
        std::thread::spawn(move || take_pictures(&lens, &pictures, phase));
    });
    factory
}

/// Makes sender reports state when a packet's picture was taken, not when the packet was sent.
fn report_capture_times(media: &RTSPMedia) {
    let pipeline = media.element().parent().and_then(|parent| parent.downcast::<gst::Bin>().ok());
    let elements = pipeline.expect("a medium plays in a pipeline").iterate_all_by_element_factory_name("rtpbin");
    for rtpbin in elements {
        rtpbin.expect("the pipeline does not change").set_property("rtcp-sync-send-time", false);
    }
}

/// Takes a picture in each period until the medium is closed.
fn take_pictures(lens: &glib::WeakRef<AppSrc>, pictures: &[u8], phase: usize) {
    let offset_us = phase as i64 * PERIOD_US / PHASES as i64;
    for picture in pictures.chunks_exact(PICTURE_BYTES).cycle() {
        let to_next_us = PERIOD_US - (now_us() - offset_us).rem_euclid(PERIOD_US);
        // When the next period is very near, it is the one just served: the clock was set back a little.
        let wait_us = if to_next_us < PERIOD_US / 4 { to_next_us + PERIOD_US } else { to_next_us };
        std::thread::sleep(Duration::from_micros(wait_us.unsigned_abs()));
        let Some(lens) = lens.upgrade() else { return };
        let Some(at) = lens.current_running_time().filter(|_| lens.current_state() == gst::State::Playing) else {
            continue;
        };
        let mut pixels = picture.to_vec();
        burnt_clock::burn(&mut pixels, WIDTH, HEIGHT, now_us());
        let mut buffer = gst::Buffer::from_mut_slice(pixels);
        buffer.get_mut().expect("a new buffer has one owner").set_pts(at);
        if lens.push_buffer(buffer).is_err() {
            return;
        }
    }
}

fn pictures() -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(require_asset("clips/vtest.avi"))
        .args(["-frames:v", &PICTURES.to_string(), "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"])
        .output()
        .expect("ffmpeg is installed");
    assert!(output.status.success(), "ffmpeg failed: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout.len(), PICTURES * PICTURE_BYTES, "the clip is {WIDTH}×{HEIGHT}");
    output.stdout
}
