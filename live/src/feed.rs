//! Where viewers come and say what they watch.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use vru_proto::CameraId;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::shutdown::Shutdown;

use crate::mailbox::{Mailbox, ViewerRate};
use crate::metrics::{self, VIEWERS};
use crate::reader;
use crate::renderer::Renderers;
use crate::rendition::Rendition;
use crate::watched::Shared;

/// A camera of which nothing was read for so long is silent.
const SILENT_AFTER_US: i64 = 5_000_000;

/// How live feeds are made.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Threads that decode and encode pictures.
    pub threads: usize,
    /// How long a camera is read after its last viewer.
    pub linger: Duration,
}

impl Default for LiveOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads: cores.min(4), linger: Duration::from_secs(5) }
    }
}

/// Whether frames of a camera come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraState {
    Live,
    /// Nothing came since then, in microseconds since the Unix epoch: the last frame, or when the first viewer came.
    Silent {
        since_us: i64,
    },
}

/// The live pictures of all cameras. Clones share them.
#[derive(Debug, Clone)]
pub struct LiveFeed {
    shared: Arc<Shared>,
}

impl LiveFeed {
    /// Reads while somebody watches, until the soft stop.
    pub fn start(kafka: KafkaConfig, options: &LiveOptions, shutdown: &Shutdown) -> std::io::Result<Self> {
        let topics = kafka.topics();
        metrics::init(&[&topics.frames, &topics.file_frames, &topics.detections]);
        let shared = Arc::new(Shared::new(options.linger));
        let renderers = Renderers::start(options.threads, shutdown)?;
        let (for_reader, stop) = (shared.clone(), shutdown.soft.clone());
        let report = shutdown.failure.on_panic("the reader of live feeds");
        std::thread::Builder::new().name("live-read".to_owned()).spawn(move || {
            let _report = report;
            reader::run(&kafka, &for_reader, &renderers, &stop);
        })?;
        Ok(Self { shared })
    }

    /// Somebody who watches nothing yet.
    pub fn viewer(&self) -> Viewer {
        Viewer {
            shared: self.shared.clone(),
            id: self.shared.new_viewer(),
            mailbox: Arc::default(),
            watched: HashMap::new(),
        }
    }
}

/// Somebody who watches cameras. Stops when it is dropped.
#[derive(Debug)]
pub struct Viewer {
    shared: Arc<Shared>,
    id: u64,
    mailbox: Arc<Mailbox>,
    watched: HashMap<CameraId, Rendition>,
}

impl Viewer {
    /// Watches these cameras from now on, and no others.
    pub fn watch(&mut self, wanted: HashMap<CameraId, Rendition>) {
        if wanted == self.watched {
            return;
        }
        self.mailbox.set(&wanted);
        for (camera, rendition) in &self.watched {
            if wanted.get(camera) != Some(rendition) {
                VIEWERS.with_label_values(&[rendition.word()]).dec();
            }
            if !wanted.contains_key(camera)
                && let Some(camera) = self.shared.camera(camera.as_str().as_bytes())
            {
                camera.remove(self.id);
            }
        }
        for (camera, rendition) in &wanted {
            if self.watched.get(camera) != Some(rendition) {
                VIEWERS.with_label_values(&[rendition.word()]).inc();
                self.shared.watch(self.id, &self.mailbox, camera, *rendition);
            }
        }
        self.watched = wanted;
        self.shared.changed();
    }

    /// Whether the pictures of these cameras are blurred. Of a camera that is not named, its analysis tells.
    pub fn blur<'a>(&self, cameras: impl IntoIterator<Item = (&'a CameraId, bool)>) {
        for (camera, blurred) in cameras {
            if let Some(camera) = self.shared.camera(camera.as_str().as_bytes()) {
                camera.privacy.configure(blurred);
            }
        }
    }

    /// The next message: the length of its head, the head, the picture. Cancel-safe.
    pub async fn next(&self) -> Bytes {
        self.mailbox.next().await
    }

    /// What was taken and skipped since the last call, of each camera.
    pub fn rates(&self) -> Vec<ViewerRate> {
        self.mailbox.rates()
    }

    /// Whether frames of each watched camera come.
    pub fn states(&self) -> Vec<(CameraId, CameraState)> {
        let now = now_us();
        let state = |camera: &CameraId| {
            let watched = self.shared.camera(camera.as_str().as_bytes())?;
            let since_us = watched.seen_us().unwrap_or(watched.since_us());
            let silent = now - since_us > SILENT_AFTER_US;
            if !silent && watched.seen_us().is_none() {
                // Nobody knows yet.
                return None;
            }
            Some((camera.clone(), if silent { CameraState::Silent { since_us } } else { CameraState::Live }))
        };
        self.watched.keys().filter_map(state).collect()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.watch(HashMap::new());
    }
}
