//! An RTSP server with cameras that ingest pulls, and that can fail like real ones.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;
use parking_lot::Mutex;
use vru_runtime::test_util::{Codec, clip, free_port};

/// The newest pipeline of each camera, by the camera's path.
type Pipelines = Arc<Mutex<HashMap<String, gst::Bin>>>;

/// An RTSP server with a camera at each path.
pub struct CameraServer {
    port: u16,
    server: rtsp::RTSPServer,
    mounts: rtsp::RTSPMountPoints,
    main_loop: glib::MainLoop,
    pipelines: Pipelines,
    clients: Arc<AtomicUsize>,
}

impl CameraServer {
    /// Starts a server without cameras.
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
        Self { port, server, mounts, main_loop, pipelines: Pipelines::default(), clients }
    }

    pub fn url(&self, name: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{name}", self.port)
    }

    /// Adds a camera that sends the clip of real people without encoding, from the beginning for each client, and ends with it.
    pub fn clip(&self, name: &str, codec: Codec) {
        self.file(name, codec, &clip(codec));
    }

    /// Adds a camera that sends the video of an MP4 file without encoding, from the beginning for each client, and ends with it.
    pub fn file(&self, name: &str, codec: Codec, file: &Path) {
        let (parser, payloader) = match codec {
            Codec::H264 => ("h264parse", "rtph264pay"),
            Codec::H265 => ("h265parse", "rtph265pay"),
        };
        let launch = format!(
            "( filesrc location=\"{}\" ! qtdemux ! {parser} ! {payloader} name=pay0 pt=96 config-interval=-1 )",
            file.display()
        );
        self.mount(name, &launch, false);
    }

    /// Adds a camera with a moving ball, 10 pictures and 2 key frames per second, that can stall, resize and disappear.
    pub fn synthetic(&self, name: &str) {
        let launch = "( videotestsrc is-live=true pattern=ball ! capsfilter name=size \
             caps=video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! \
             x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 ! h264parse ! valve name=valve ! \
             rtph264pay name=pay0 pt=96 config-interval=-1 )";
        self.mount(name, launch, true);
    }

    /// Starts or ends a stall: a stalled camera keeps its connection and sends no picture.
    pub fn stall(&self, name: &str, stalled: bool) {
        self.element(name, "valve").set_property("drop", stalled);
    }

    /// Changes the size of the camera's pictures in mid-stream.
    pub fn resize(&self, name: &str, width: i32, height: i32) {
        let caps = gst::Caps::builder("video/x-raw").field("format", "I420").field("width", width);
        let caps = caps.field("height", height).field("framerate", gst::Fraction::new(10, 1)).build();
        self.element(name, "size").set_property("caps", caps);
    }

    /// Removes the camera: its path is unknown, and all connections of the server are closed.
    pub fn disappear(&self, name: &str) {
        self.mounts.remove_factory(&format!("/{name}"));
        self.server.client_filter(Some(&mut |_, _| rtsp::RTSPFilterResult::Remove));
    }

    /// Number of open connections.
    pub fn clients(&self) -> usize {
        self.clients.load(Ordering::SeqCst)
    }

    /// Whether a client has ever played this camera.
    pub fn was_played(&self, name: &str) -> bool {
        self.pipelines.lock().contains_key(name)
    }

    fn element(&self, name: &str, element: &str) -> gst::Element {
        let pipelines = self.pipelines.lock();
        let bin = pipelines.get(name).unwrap_or_else(|| panic!("no client has played {name}"));
        bin.by_name(element).unwrap_or_else(|| panic!("{name} has no {element}"))
    }

    fn mount(&self, name: &str, launch: &str, shared: bool) {
        let factory = rtsp::RTSPMediaFactory::new();
        factory.set_launch(launch);
        factory.set_shared(shared);
        let (pipelines, key) = (self.pipelines.clone(), name.to_owned());
        factory.connect_media_configure(move |_, media| {
            let bin = media.element().downcast::<gst::Bin>().expect("a launch line makes a bin");
            pipelines.lock().insert(key.clone(), bin);
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
