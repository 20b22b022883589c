//! The demo's cameras: an RTSP server that sends a clip in a loop as a camera does: live, with digest authentication and RTCP
//! sender reports, without encoding. Timestamps continue when the clip starts again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_rtsp_server as gst_rtsp_server;
use gstreamer_rtsp_server::prelude::*;
use vru_runtime::secret::Secret;

use super::loop_clip::LoopClip;

/// The account that may view the cameras.
const USER: &str = "vru";
const ROLE: &str = "viewer";

/// The cameras could not be started. A retry does not help.
#[derive(Debug, thiserror::Error)]
pub enum RtspCamerasError {
    #[error(transparent)]
    Init(#[from] vru_media::InitError),
    #[error("start the demo cameras' RTSP server on 127.0.0.1")]
    Listen(#[source] glib::BoolError),
    #[error("start the thread of the demo cameras' RTSP server")]
    Thread(#[source] std::io::Error),
}

/// What one camera sends.
#[derive(Debug, Clone)]
pub struct CameraClip {
    pub clip: LoopClip,
    /// Index of the picture to begin with; the camera begins at the next key frame.
    pub first: usize,
}

/// A running RTSP server with its cameras.
pub struct RtspCameras {
    server: gst_rtsp_server::RTSPServer,
    context: glib::MainContext,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    password: Secret,
}

impl RtspCameras {
    /// Starts cameras by name, each at the path `/name`.
    pub fn start(cameras: &BTreeMap<String, CameraClip>) -> Result<Self, RtspCamerasError> {
        vru_media::init()?;
        let stop = Arc::new(AtomicBool::new(false));
        let password = Secret::new(super::random_secret());
        let server = gst_rtsp_server::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service("0");
        let auth = gst_rtsp_server::RTSPAuth::new();
        auth.set_supported_methods(gstreamer_rtsp::RTSPAuthMethod::Digest);
        let token =
            gst_rtsp_server::RTSPToken::builder().field(gst_rtsp_server::RTSP_TOKEN_MEDIA_FACTORY_ROLE, ROLE).build();
        auth.add_digest(USER, password.expose(), &token);
        server.set_auth(Some(&auth));
        let mounts = gst_rtsp_server::RTSPMountPoints::new();
        for (name, camera) in cameras {
            mounts.add_factory(&format!("/{name}"), factory(camera.clone(), stop.clone()));
        }
        server.set_mount_points(Some(&mounts));
        let context = glib::MainContext::new();
        server.attach(Some(&context)).map_err(RtspCamerasError::Listen)?;
        let (serving, stopped) = (context.clone(), stop.clone());
        // Not a `MainLoop`: one that is quit before its thread runs it never ends.
        let serve = move || {
            let serve = || {
                while !stopped.load(Ordering::Relaxed) {
                    serving.iteration(true);
                }
            };
            if serving.with_thread_default(serve).is_err() {
                tracing::error!("the main context of the demo cameras belongs to another thread");
            }
        };
        let thread = std::thread::Builder::new().name("demo-cameras".to_owned()).spawn(serve);
        let thread = thread.map_err(RtspCamerasError::Thread)?;
        Ok(Self { server, context, thread: Some(thread), stop, password })
    }

    /// How to view a camera: URL, user, password.
    pub fn address(&self, name: &str) -> (String, &'static str, Secret) {
        (format!("rtsp://127.0.0.1:{}/{name}", self.server.bound_port()), USER, self.password.clone())
    }
}

impl std::fmt::Debug for RtspCameras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RtspCameras").field("port", &self.server.bound_port()).finish_non_exhaustive()
    }
}

impl Drop for RtspCameras {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.server.client_filter(Some(&mut |_, _| gst_rtsp_server::RTSPFilterResult::Remove));
        self.context.wakeup();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the demo cameras panicked");
        }
    }
}

/// Makes one pipeline that all viewers of the camera share.
fn factory(camera: CameraClip, stop: Arc<AtomicBool>) -> gst_rtsp_server::RTSPMediaFactory {
    let name = camera.clip.codec.rtp_name().to_lowercase();
    let factory = gst_rtsp_server::RTSPMediaFactory::new();
    factory.set_launch(&format!(
        "( appsrc name=source is-live=true format=time max-buffers=30 leaky-type=downstream \
         caps=\"{},stream-format=byte-stream,alignment=au\" ! {name}parse \
         ! rtp{name}pay name=pay0 pt=96 config-interval=-1 )",
        camera.clip.codec.media_type()
    ));
    factory.set_shared(true);
    factory.add_role_from_structure(
        &gst::Structure::builder(ROLE)
            .field(gst_rtsp_server::RTSP_PERM_MEDIA_FACTORY_ACCESS, true)
            .field(gst_rtsp_server::RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, true)
            .build(),
    );
    factory.connect_media_configure(move |_, media| {
        let bin = media.element().downcast::<gst::Bin>().ok();
        let source = bin.and_then(|bin| bin.by_name("source")).and_downcast::<gst_app::AppSrc>();
        let Some(source) = source else {
            tracing::error!("the pipeline of a demo camera has no appsrc");
            return;
        };
        let ended = Arc::new(AtomicBool::new(false));
        let unprepared = ended.clone();
        media.connect_unprepared(move |_| unprepared.store(true, Ordering::Relaxed));
        let feeder = ClipFeeder { camera: camera.clone(), source, stop: stop.clone(), ended };
        if let Err(error) = std::thread::Builder::new().name("demo-camera".to_owned()).spawn(move || feeder.run()) {
            tracing::error!(%error, "cannot start the thread of a demo camera");
        }
    });
    factory
}

/// The thread that feeds pictures to a camera's pipeline.
struct ClipFeeder {
    camera: CameraClip,
    source: gst_app::AppSrc,
    stop: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

impl ClipFeeder {
    fn run(&self) {
        let units = &self.camera.clip.units;
        let begin = (0..units.len()).map(|step| (self.camera.first + step) % units.len());
        let begin = begin.into_iter().find(|at| units[*at].key_frame).unwrap_or(0);
        let Some(base) = self.wait_for_clock() else { return };
        for (count, unit) in units.iter().cycle().skip(begin).enumerate() {
            let offset = self.camera.clip.interval.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
            let due = base + gst::ClockTime::from_nseconds(offset.as_nanos() as u64);
            if !self.wait_until(due) {
                return;
            }
            let mut buffer = gst::Buffer::from_slice(unit.data.clone());
            let fresh = buffer.get_mut().expect("a new buffer has one owner");
            fresh.set_pts(due);
            fresh.set_dts(due);
            if !unit.key_frame {
                fresh.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
            // The last viewer has left.
            if self.source.push_buffer(buffer).is_err() {
                return;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.ended.load(Ordering::Relaxed)
    }

    /// Waits until the pipeline plays. Returns its running time, or none when the camera was stopped before.
    fn wait_for_clock(&self) -> Option<gst::ClockTime> {
        while !self.is_over() {
            if let (gst::State::Playing, Some(now)) = (self.source.current_state(), self.source.current_running_time())
            {
                return Some(now);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Waits until the running time is `due`. False when the camera was stopped meanwhile.
    fn wait_until(&self, due: gst::ClockTime) -> bool {
        loop {
            if self.is_over() {
                return false;
            }
            let Some(now) = self.source.current_running_time() else { return false };
            match due.checked_sub(now) {
                None | Some(gst::ClockTime::ZERO) => return true,
                Some(left) => std::thread::sleep(Duration::from_nanos(left.nseconds()).min(Duration::from_millis(100))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Pulls at least `pictures` pictures with `rtspsrc`, and more until a sender report gives a reference time. Returns the
    /// timestamps, and whether a reference time came.
    fn pull(url: &str, user: &str, password: &str, pictures: usize) -> (Vec<gst::ClockTime>, bool) {
        let launch = format!(
            "rtspsrc location={url} user-id={user} user-pw={password} protocols=tcp latency=0 \
             add-reference-timestamp-meta=true ! rtph264depay ! h264parse ! appsink name=sink sync=false"
        );
        let pipeline = gst::parse::launch(&launch).unwrap().downcast::<gst::Pipeline>().unwrap();
        let sink = pipeline.by_name("sink").and_downcast::<gst_app::AppSink>().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let mut times = Vec::new();
        let mut referenced = false;
        // Sender reports come every few seconds.
        while times.len() < pictures || (!referenced && times.len() < 400) {
            let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(5)) else { break };
            let buffer = sample.buffer().unwrap();
            referenced |= buffer.meta::<gst::ReferenceTimestampMeta>().is_some();
            times.extend(buffer.pts());
        }
        pipeline.set_state(gst::State::Null).unwrap();
        (times, referenced)
    }

    #[test]
    fn a_camera_loops_its_clip_and_sends_reports_of_its_clock() {
        let path = vru_runtime::assets::require("clips/vtest-h264.mp4").unwrap();
        let mut clip = LoopClip::read(&path).unwrap();
        // Three rounds of twenty pictures in two seconds.
        clip.units = clip.units[..20].into();
        clip.interval = Duration::from_millis(33);
        let clips = BTreeMap::from([("cam".to_owned(), CameraClip { clip, first: 5 })]);
        let cameras = RtspCameras::start(&clips).unwrap();
        let (url, user, password) = cameras.address("cam");
        let started = Instant::now();
        let (times, referenced) = pull(&url, user, password.expose(), 60);
        assert!(times.len() >= 60, "{} pictures", times.len());
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        assert!(started.elapsed() > Duration::from_millis(1_800), "it is not live");
        assert!(referenced, "no sender report");
        let (times, _) = pull(&url, user, "wrong", 1);
        assert_eq!(times.len(), 0);
    }
}
