//! Cameras that are pulled from, with switches for what goes wrong with real ones.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;
use parking_lot::Mutex;
use vru_runtime::test_util::{Codec, clip, free_port};

/// The pipelines that play now, by the path of their camera.
type Playing = Arc<Mutex<HashMap<String, gst::Bin>>>;

/// An RTSP server with a camera at each path.
pub struct CameraServer {
    port: u16,
    server: rtsp::RTSPServer,
    mounts: rtsp::RTSPMountPoints,
    main_loop: glib::MainLoop,
    playing: Playing,
    clients: Arc<AtomicUsize>,
}

impl CameraServer {
    /// Starts without cameras.
    pub fn start() -> Self {
        vru_media::init().unwrap();
        let port = free_port();
        let server = rtsp::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service(&port.to_string());
        let mounts = rtsp::RTSPMountPoints::new();
        server.set_mount_points(Some(&mounts));
        let clients = Arc::new(AtomicUsize::new(0));
        let count = clients.clone();
        server.connect_client_connected(move |_, client| {
            count.fetch_add(1, Ordering::SeqCst);
            let count = count.clone();
            client.connect_closed(move |_| {
                count.fetch_sub(1, Ordering::SeqCst);
            });
        });
        let context = glib::MainContext::new();
        server.attach(Some(&context)).unwrap();
        let main_loop = glib::MainLoop::new(Some(&context), false);
        let running = main_loop.clone();
        std::thread::spawn(move || running.run());
        Self { port, server, mounts, main_loop, playing: Playing::default(), clients }
    }

    /// Where a camera is pulled from.
    pub fn url(&self, name: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{name}", self.port)
    }

    /// A camera that sends the clip of real people as it is, from its beginning for each client, and ends with it.
    pub fn clip(&self, name: &str, codec: Codec) {
        let (parser, payloader) = match codec {
            Codec::H264 => ("h264parse", "rtph264pay"),
            Codec::H265 => ("h265parse", "rtph265pay"),
        };
        let file = clip(codec);
        let launch = format!(
            "( filesrc location=\"{}\" ! qtdemux ! {parser} ! {payloader} name=pay0 pt=96 config-interval=-1 )",
            file.display()
        );
        self.mount(name, &launch, false);
    }

    /// A camera with a moving ball, 10 pictures and 2 key frames a second, that can be told to misbehave.
    pub fn synthetic(&self, name: &str) {
        let launch = "( videotestsrc is-live=true pattern=ball ! capsfilter name=size \
             caps=video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! \
             x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 ! h264parse ! valve name=valve ! \
             rtph264pay name=pay0 pt=96 config-interval=-1 )";
        self.mount(name, launch, true);
    }

    /// Open or closed: a stalled camera keeps its connection and sends no picture.
    pub fn stall(&self, name: &str, stalled: bool) {
        self.element(name, "valve").set_property("drop", stalled);
    }

    /// The camera goes on with pictures of another size.
    pub fn resize(&self, name: &str, width: i32, height: i32) {
        let caps = gst::Caps::builder("video/x-raw").field("format", "I420").field("width", width);
        let caps = caps.field("height", height).field("framerate", gst::Fraction::new(10, 1)).build();
        self.element(name, "size").set_property("caps", caps);
    }

    /// The camera is gone: its path is unknown and every connection is cut.
    pub fn disappear(&self, name: &str) {
        self.mounts.remove_factory(&format!("/{name}"));
        self.server.client_filter(Some(&mut |_, _| rtsp::RTSPFilterResult::Remove));
    }

    /// How many connections are open.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }

    /// Whether somebody has ever watched this camera.
    pub fn is_watched(&self, name: &str) -> bool {
        self.playing.lock().contains_key(name)
    }

    fn element(&self, name: &str, element: &str) -> gst::Element {
        let playing = self.playing.lock();
        let bin = playing.get(name).unwrap_or_else(|| panic!("nobody watches {name}"));
        bin.by_name(element).unwrap_or_else(|| panic!("{name} has no {element}"))
    }

    fn mount(&self, name: &str, launch: &str, shared: bool) {
        let factory = rtsp::RTSPMediaFactory::new();
        factory.set_launch(launch);
        factory.set_shared(shared);
        let (playing, key) = (self.playing.clone(), name.to_owned());
        factory.connect_media_configure(move |_, media| {
            let bin = media.element().downcast::<gst::Bin>().expect("a launch line makes a bin");
            playing.lock().insert(key.clone(), bin);
        });
        self.mounts.add_factory(&format!("/{name}"), factory);
    }
}

impl Drop for CameraServer {
    fn drop(&mut self) {
        self.server.client_filter(Some(&mut |_, _| rtsp::RTSPFilterResult::Remove));
        self.main_loop.quit();
    }
}
