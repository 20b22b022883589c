//! Four cameras: two push and show people, two are pulled from.

use std::collections::BTreeMap;

use vru_proto::v1;
use vru_runtime::test_util::{Codec, FfmpegCamera, Process, ServiceProcess, wait_for};

use super::camera_server::CameraServer;
use super::pipeline::{DEADLINE, Pipeline, camera, pull};

/// Their ids; the first two push.
pub const IDS: [&str; 4] = ["gate", "yard", "ramp", "hall"];

/// The cameras, and what is wrong with them now.
pub struct Cameras {
    server: CameraServer,
    pushing: [FfmpegCamera; 2],
    processes: [Option<Process>; 2],
}

impl Cameras {
    /// Starts them, and waits until each gives pictures.
    pub fn start(pipeline: &Pipeline, ingest: &ServiceProcess) -> Self {
        let server = CameraServer::start();
        for (number, id) in IDS.into_iter().enumerate() {
            let source = if number < 2 {
                v1::camera_config::Source::Push(v1::PushSource::default())
            } else {
                server.synthetic(id);
                pull(server.url(id))
            };
            let mut config = camera(id, source);
            // Small and few: half an hour of them is read again at the end.
            config.output = Some(v1::Output { max_fps: 3.0, max_width: 384, max_height: 288, ..Default::default() });
            pipeline.bus.put_camera(&config);
        }
        let url = |id| format!("rtsp://127.0.0.1:{}/{id}", pipeline.push_port);
        let pushing = [FfmpegCamera::new(Codec::H264, url(IDS[0])), FfmpegCamera::new(Codec::H265, url(IDS[1]))];
        let mut cameras = Self { server, pushing, processes: [None, None] };
        cameras.wait_for_pictures(ingest);
        cameras
    }

    /// A camera whose connection broke connects again, as cameras do.
    pub fn reconnect(&mut self) {
        for (process, camera) in self.processes.iter_mut().zip(&self.pushing) {
            if process.as_ref().is_none_or(|process| process.ended().is_some()) {
                *process = Some(camera.start());
            }
        }
    }

    /// Waits until every camera has brought another picture.
    pub fn wait_for_pictures(&mut self, ingest: &ServiceProcess) {
        let seen = |ingest: &ServiceProcess| -> BTreeMap<&str, u64> {
            let metrics = ingest.metrics();
            IDS.map(|id| (id, metrics.count("ingest_sent_frames_total", &[("camera", id)]))).into()
        };
        let before = seen(ingest);
        wait_for(DEADLINE, "pictures of every camera", || {
            self.reconnect();
            let waiting: Vec<_> = seen(ingest).into_iter().filter(|(id, count)| *count <= before[id]).collect();
            if waiting.is_empty() { Ok(()) } else { Err(format!("none of {waiting:?}; {}", ingest.log_tail())) }
        });
    }

    /// A camera keeps its connection and sends nothing, or goes on.
    pub fn stall(&mut self, number: usize, stalled: bool) {
        match self.processes.get(number) {
            Some(Some(process)) => process.signal(if stalled { "STOP" } else { "CONT" }),
            Some(None) => {}
            None => self.server.stall(IDS[number], stalled),
        }
    }

    /// A camera goes without a word.
    pub fn leave(&mut self, number: usize) {
        match self.processes.get(number) {
            Some(Some(process)) => process.kill(),
            Some(None) => {}
            None => self.server.disappear(IDS[number]),
        }
    }

    /// It is there again.
    pub fn come_back(&mut self, number: usize) {
        if number < self.processes.len() {
            self.reconnect();
        } else {
            self.server.synthetic(IDS[number]);
        }
    }

    /// All are removed from the configuration, and then stop.
    pub fn stop(&mut self, pipeline: &Pipeline) {
        for id in IDS {
            pipeline.bus.remove_camera(id);
        }
        self.processes = [None, None];
    }
}
