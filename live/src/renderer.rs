//! The threads that make pictures. Each camera is on one of them, so that its frames stay in order.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use vru_proto::v1;
use vru_proto::{CameraId, FrameKey};
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;

use crate::analysis::Analysis;
use crate::camera::WatchedCamera;
use crate::metrics::Skip;
use crate::stage::{Stage, Tools};

/// Inputs that may wait for a thread; further ones are dropped and counted, because pictures are live.
const MAX_INPUTS: usize = 64;
const TICK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) enum Input {
    Frame(FrameKey, Box<v1::Frame>),
    Analysis(FrameKey, Arc<Analysis>),
}

#[derive(Debug)]
pub(crate) struct Renderers {
    threads: Vec<SyncSender<(Arc<WatchedCamera>, Input)>>,
}

impl Renderers {
    /// They end when this is dropped.
    pub(crate) fn start(count: usize, shutdown: &Shutdown) -> std::io::Result<Self> {
        let start = |number: usize| {
            let (sender, inputs) = sync_channel(MAX_INPUTS);
            let report = shutdown.failure.on_panic("a renderer of live pictures");
            std::thread::Builder::new().name(format!("live-render-{number}")).spawn(move || {
                let _report = report;
                run(&inputs);
            })?;
            Ok(sender)
        };
        Ok(Self { threads: (0..count.max(1)).map(start).collect::<std::io::Result<_>>()? })
    }

    pub(crate) fn send(&self, camera: &Arc<WatchedCamera>, input: Input) {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&camera.id);
        let thread = &self.threads[(hash % self.threads.len() as u64) as usize];
        if let Err(TrySendError::Full(_)) = thread.try_send((camera.clone(), input)) {
            Skip::Busy.count(camera.id.as_str(), 1);
        }
    }
}

fn run(inputs: &Receiver<(Arc<WatchedCamera>, Input)>) {
    let mut tools = match Tools::new() {
        Ok(tools) => tools,
        Err(error) => {
            tracing::error!(error = %chain(&error), "libjpeg-turbo does not start: there are no live pictures");
            return;
        }
    };
    let mut cameras: HashMap<CameraId, Stage> = HashMap::new();
    let mut ticked = Instant::now();
    loop {
        match inputs.recv_timeout(TICK) {
            Ok((camera, input)) => {
                let stage = cameras.entry(camera.id.clone()).or_insert_with(|| Stage::new(camera.clone()));
                if !Arc::ptr_eq(stage.camera(), &camera) {
                    *stage = Stage::new(camera);
                }
                match input {
                    Input::Frame(key, frame) => stage.frame(key, frame, &mut tools),
                    Input::Analysis(key, analysis) => stage.analysis(key, &analysis, &mut tools),
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if ticked.elapsed() >= TICK {
            ticked = Instant::now();
            // What nobody wants to see is forgotten with its decoder.
            cameras.retain(|_, stage| stage.camera().wants_pictures());
            for stage in cameras.values_mut() {
                stage.tick(&mut tools);
            }
        }
    }
}
