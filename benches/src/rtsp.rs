//! An RTSP server in the bench's process: its work counts for neither side.

use std::sync::mpsc;

use gstreamer::glib;
use gstreamer_rtsp_server::prelude::*;
use gstreamer_rtsp_server::{self as rtsp, RTSPMediaFactory};

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct RtspServer {
    port: u16,
    main: glib::MainLoop,
}

impl RtspServer {
    /// Starts a server on loopback, with a factory for each path.
    pub fn start<N: AsRef<str>>(media: impl IntoIterator<Item = (N, RTSPMediaFactory)>) -> Self {
        let mounts = rtsp::RTSPMountPoints::new();
        for (name, factory) in media {
            mounts.add_factory(&format!("/{}", name.as_ref()), factory);
        }
        let (port_tx, port) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let context = glib::MainContext::new();
            let served = context.with_thread_default(|| {
                let main = glib::MainLoop::new(Some(&context), false);
                let server = rtsp::RTSPServer::new();
                server.set_address("127.0.0.1");
                server.set_service("0");
                server.set_mount_points(Some(&mounts));
                let _source = server.attach(Some(&context)).expect("a loopback port is free");
                port_tx.send((server.bound_port() as u16, main.clone())).expect("the starter waits");
                main.run();
            });
            served.expect("the context is this thread's own");
        });
        let (port, main) = port.recv().expect("the server starts");
        Self { port, main }
    }

    /// The URL of a path.
    pub fn url(&self, name: &str) -> String {
        format!("rtsp://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        self.main.quit();
    }
}
