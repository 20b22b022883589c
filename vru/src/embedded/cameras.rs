//! Cameras of the demo: an RTSP server that sends a clip round and round, as a camera does: live, with digest credentials and
//! RTCP sender reports, without encoding. Timestamps go on when the clip starts anew.

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

use super::clip::Clip;

/// Who may watch the cameras.
const USER: &str = "vru";
const ROLE: &str = "viewer";

/// Why the cameras did not start.
#[derive(Debug, thiserror::Error)]
pub enum CamerasError {
    /// GStreamer does not start here.
    #[error(transparent)]
    Init(#[from] vru_media::InitError),
    /// No port for the RTSP server.
    #[error("listen for RTSP on 127.0.0.1")]
    Listen(#[source] glib::BoolError),
    /// No thread for it.
    #[error("start the thread of the cameras' RTSP server")]
    Thread(#[source] std::io::Error),
}

/// One camera.
#[derive(Debug, Clone)]
pub struct Channel {
    /// What it shows.
    pub clip: Clip,
    /// With which picture of the clip it begins; moved on to a key frame.
    pub first: usize,
}

/// A running RTSP server with its cameras.
pub struct Cameras {
    server: gst_rtsp_server::RTSPServer,
    context: glib::MainContext,
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    password: Secret,
}

impl Cameras {
    /// Starts cameras by name; each is at `/name`.
    pub fn start(channels: &BTreeMap<String, Channel>) -> Result<Self, CamerasError> {
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
        for (name, channel) in channels {
            mounts.add_factory(&format!("/{name}"), factory(channel.clone(), stop.clone()));
        }
        server.set_mount_points(Some(&mounts));
        let context = glib::MainContext::new();
        server.attach(Some(&context)).map_err(CamerasError::Listen)?;
        let (serving, over) = (context.clone(), stop.clone());
        // Not a main loop: one that is told to quit before its thread has come to run it never ends.
        let serve = move || {
            let serve = || {
                while !over.load(Ordering::Relaxed) {
                    serving.iteration(true);
                }
            };
            if serving.with_thread_default(serve).is_err() {
                tracing::error!("the demo cameras have no thread of their own");
            }
        };
        let thread = std::thread::Builder::new().name("demo-cameras".to_owned()).spawn(serve);
        let thread = thread.map_err(CamerasError::Thread)?;
        Ok(Self { server, context, thread: Some(thread), stop, password })
    }

    /// Where a camera is, and who may watch it: URL, user, password.
    pub fn address(&self, name: &str) -> (String, &'static str, Secret) {
        (format!("rtsp://127.0.0.1:{}/{name}", self.server.bound_port()), USER, self.password.clone())
    }
}

impl std::fmt::Debug for Cameras {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cameras").field("port", &self.server.bound_port()).finish_non_exhaustive()
    }
}

impl Drop for Cameras {
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

/// Makes one pipeline that all who watch the camera share.
fn factory(channel: Channel, stop: Arc<AtomicBool>) -> gst_rtsp_server::RTSPMediaFactory {
    let name = channel.clip.codec.rtp_name().to_lowercase();
    let factory = gst_rtsp_server::RTSPMediaFactory::new();
    factory.set_launch(&format!(
        "( appsrc name=source is-live=true format=time max-buffers=30 leaky-type=downstream \
         caps=\"{},stream-format=byte-stream,alignment=au\" ! {name}parse \
         ! rtp{name}pay name=pay0 pt=96 config-interval=-1 )",
        channel.clip.codec.media_type()
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
            tracing::error!("a demo camera has no source");
            return;
        };
        let ended = Arc::new(AtomicBool::new(false));
        let at_end = ended.clone();
        media.connect_unprepared(move |_| at_end.store(true, Ordering::Relaxed));
        let feed = Feed { channel: channel.clone(), source, stop: stop.clone(), ended };
        if let Err(error) = std::thread::Builder::new().name("demo-camera".to_owned()).spawn(move || feed.run()) {
            tracing::error!(%error, "a demo camera could not start");
        }
    });
    factory
}

/// The thread that gives a camera its pictures.
struct Feed {
    channel: Channel,
    source: gst_app::AppSrc,
    stop: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

impl Feed {
    fn run(&self) {
        let units = &self.channel.clip.units;
        let begin = (0..units.len()).map(|step| (self.channel.first + step) % units.len());
        let begin = begin.into_iter().find(|at| units[*at].key_frame).unwrap_or(0);
        let Some(base) = self.wait_for_clock() else { return };
        for (count, unit) in units.iter().cycle().skip(begin).enumerate() {
            let offset = self.channel.clip.interval.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
            let due = base + gst::ClockTime::from_nseconds(offset.as_nanos() as u64);
            if !self.wait_until(due) {
                return;
            }
            let mut buffer = gst::Buffer::from_slice(unit.data.clone());
            let fresh = buffer.get_mut().expect("nobody else has the new buffer");
            fresh.set_pts(due);
            fresh.set_dts(due);
            if !unit.key_frame {
                fresh.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
            // The last watcher has left.
            if self.source.push_buffer(buffer).is_err() {
                return;
            }
        }
    }

    fn over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.ended.load(Ordering::Relaxed)
    }

    /// The pipeline's running time once it plays.
    fn wait_for_clock(&self) -> Option<gst::ClockTime> {
        while !self.over() {
            if let (gst::State::Playing, Some(now)) = (self.source.current_state(), self.source.current_running_time())
            {
                return Some(now);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// False when the camera was switched off meanwhile.
    fn wait_until(&self, due: gst::ClockTime) -> bool {
        loop {
            if self.over() {
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

    /// Watches with `rtspsrc` at least that many pictures, and on until a sender report gave a reference time.
    fn watch(url: &str, user: &str, password: &str, pictures: usize) -> (Vec<gst::ClockTime>, bool) {
        let launch = format!(
            "rtspsrc location={url} user-id={user} user-pw={password} protocols=tcp latency=0 \
             add-reference-timestamp-meta=true ! rtph264depay ! h264parse ! appsink name=sink sync=false"
        );
        let pipeline = gst::parse::launch(&launch).unwrap().downcast::<gst::Pipeline>().unwrap();
        let sink = pipeline.by_name("sink").and_downcast::<gst_app::AppSink>().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let mut times = Vec::new();
        let mut referenced = false;
        // Reports come every few seconds.
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
    fn a_camera_plays_on_when_its_clip_ends_and_reports_its_clock() {
        let path = vru_runtime::assets::require("clips/vtest-h264.mp4").unwrap();
        let mut clip = Clip::read(&path).unwrap();
        // Three rounds of twenty pictures in two seconds.
        clip.units = clip.units[..20].into();
        clip.interval = Duration::from_millis(33);
        let channels = BTreeMap::from([("cam".to_owned(), Channel { clip, first: 5 })]);
        let cameras = Cameras::start(&channels).unwrap();
        let (url, user, password) = cameras.address("cam");
        let started = Instant::now();
        let (times, referenced) = watch(&url, user, password.expose(), 60);
        assert!(times.len() >= 60, "{} pictures", times.len());
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        assert!(started.elapsed() > Duration::from_millis(1_800), "it is not live");
        assert!(referenced, "no sender report");
        let (times, _) = watch(&url, user, "wrong", 1);
        assert_eq!(times.len(), 0);
    }
}
