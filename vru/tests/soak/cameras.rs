//! Four cameras: two push the clip of people, two are pulled.

use std::collections::BTreeMap;

use vru_proto::v1;
use vru_runtime::test_util::{Codec, FfmpegCamera, Process, ServiceProcess, wait_for};

use super::camera_server::CameraServer;
use super::pipeline::{DEADLINE, Pipeline, camera, pull};

/// Camera ids. The first two push.
pub const IDS: [&str; 4] = ["gate", "yard", "ramp", "hall"];

/// The cameras, which the test can make fail.
pub struct SoakCameras {
    server: CameraServer,
    pushing: [FfmpegCamera; 2],
    processes: [Option<Process>; 2],
}

impl SoakCameras {
    /// Starts the cameras and waits until frames of each are on Kafka.
    pub fn start(pipeline: &Pipeline, ingest: &ServiceProcess) -> Self {
        let server = CameraServer::start();
        for (number, id) in IDS.into_iter().enumerate() {
            let source = if number < 2 {
                v1::camera_config::Source::Push(v1::PushSource { allow_anonymous: true, ..Default::default() })
            } else {
                server.synthetic(id);
                pull(server.url(id))
            };
            let mut config = camera(id, source);
            // Small and few frames: the checks read half an hour of them.
            config.output = Some(v1::Output { max_fps: 3.0, max_width: 384, max_height: 288, ..Default::default() });
            pipeline.bus.put_camera(&config);
        }
        let url = |id| format!("rtsp://127.0.0.1:{}/{id}", pipeline.push_port);
        let pushing = [FfmpegCamera::new(Codec::H264, url(IDS[0])), FfmpegCamera::new(Codec::H265, url(IDS[1]))];
        let mut cameras = Self { server, pushing, processes: [None, None] };
        cameras.wait_for_pictures(ingest);
        cameras
    }

    /// Restarts cameras that push and whose connection broke.
    pub fn reconnect(&mut self) {
        for (process, camera) in self.processes.iter_mut().zip(&self.pushing) {
            if process.as_ref().is_none_or(|process| process.ended().is_some()) {
                *process = Some(camera.start());
            }
        }
    }

    /// Waits until another frame of every camera is on Kafka.
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

    /// Starts or ends a stall: the camera keeps its connection and sends nothing.
    pub fn stall(&mut self, number: usize, stalled: bool) {
        match self.processes.get(number) {
            Some(Some(process)) => process.signal(if stalled { "STOP" } else { "CONT" }),
            Some(None) => {}
            None => self.server.stall(IDS[number], stalled),
        }
    }

    /// Ends a camera without TEARDOWN.
    pub fn disappear(&mut self, number: usize) {
        match self.processes.get(number) {
            Some(Some(process)) => process.kill(),
            Some(None) => {}
            None => self.server.disappear(IDS[number]),
        }
    }

    /// Starts a camera again.
    pub fn reappear(&mut self, number: usize) {
        if number < self.processes.len() {
            self.reconnect();
        } else {
            self.server.synthetic(IDS[number]);
        }
    }

    /// Removes all cameras from the configuration, and stops them.
    pub fn stop(&mut self, pipeline: &Pipeline) {
        for id in IDS {
            pipeline.bus.remove_camera(id);
        }
        self.processes = [None, None];
    }
}
