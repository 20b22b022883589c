//! A camera that pushes through the load balancer, and starts again whenever it is refused or its connection ends.

use vru_runtime::test_util::{Codec, FfmpegCamera, Process};

pub struct PushingCamera {
    camera: FfmpegCamera,
    process: Process,
}

impl PushingCamera {
    pub fn start(url: &str) -> Self {
        let camera = FfmpegCamera::new(Codec::H264, url);
        let process = camera.start();
        Self { camera, process }
    }

    pub fn keep_pushing(&mut self) {
        if self.process.ended().is_some() {
            self.process = self.camera.start();
        }
    }
}
