//! The thread that reads the model's answers, and tracks and judges each camera in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vru_proto::{CameraId, FrameKey, v1};
use vru_runtime::cameras::CameraEvent;
use vru_runtime::{clock, report};

use crate::analysis::{AnalysisSettings, CameraAnalysis};
use crate::batcher::Inferred;
use crate::board::Board;
use crate::error::EngineError;
use crate::frame::{Job, Seen};
use crate::metrics::{AGE_SECONDS, MODEL_FAILED, REVOKED, STAGE_SECONDS};
use crate::model::{Answer, Model};
use crate::publisher::{Outbox, Outcome};

/// What the thread is told, in order.
#[derive(Debug)]
pub enum ToAnalyst {
    /// The model has seen a frame.
    Inferred(Box<Inferred>),
    /// A camera's zones and rules changed.
    Camera(CameraEvent),
    /// What was published of the cameras of partitions that are ours from now on.
    History(HashMap<CameraId, Vec<v1::FrameDetections>>),
    /// These cameras are another worker's from now on.
    Forget(Vec<CameraId>),
}

struct Watched {
    analysis: CameraAnalysis,
    /// Under which assignment of its partition it is watched: after another worker had it, what we know of it is old.
    epoch: u64,
    /// Session and sequence of the newest frame that was published before it was ours. Frames up to it may come again, where
    /// a worker was stopped before it could commit, and for the sake of those that build on them.
    published: Option<(u64, u64)>,
}

/// Watches all cameras of this worker.
pub struct Analyst {
    settings: AnalysisSettings,
    board: Arc<Board>,
    outbox: Outbox,
    configs: HashMap<CameraId, Arc<v1::CameraConfig>>,
    watched: HashMap<CameraId, Watched>,
    history: HashMap<CameraId, Vec<v1::FrameDetections>>,
}

impl Analyst {
    /// Publishes to the outbox.
    pub fn new(settings: AnalysisSettings, board: Arc<Board>, outbox: Outbox) -> Self {
        Self { settings, board, outbox, configs: HashMap::new(), watched: HashMap::new(), history: HashMap::new() }
    }

    /// Until nobody sends any more.
    pub fn run(mut self, mut events: mpsc::Receiver<ToAnalyst>) {
        while let Some(event) = events.blocking_recv() {
            match event {
                ToAnalyst::Inferred(inferred) => self.inferred(*inferred),
                ToAnalyst::Camera(event) => self.configure(event),
                ToAnalyst::History(history) => self.history.extend(history),
                ToAnalyst::Forget(cameras) => {
                    for camera in cameras {
                        self.watched.remove(&camera);
                        self.history.remove(&camera);
                    }
                }
            }
        }
    }

    fn configure(&mut self, event: CameraEvent) {
        let (camera, config) = match event {
            CameraEvent::Upsert(camera, config) => (camera, Some(config)),
            CameraEvent::Remove(camera) => (camera, None),
            CameraEvent::CaughtUp => return,
        };
        if let Some(watched) = self.watched.get_mut(&camera) {
            watched.analysis.configure(config.as_deref());
        }
        match config {
            Some(config) => self.configs.insert(camera, config),
            None => self.configs.remove(&camera),
        };
    }

    fn inferred(&mut self, inferred: Inferred) {
        let Inferred { ready, answer, waited, inference } = inferred;
        let job = ready.job;
        let span = job.span.clone();
        let _in_frame = span.enter();
        if self.is_stale(&job) {
            // A result of an earlier time: whoever had the partition since has published it.
            self.board.drop_frame(job, REVOKED);
            return;
        }
        let model = self.settings.model.clone();
        let watched = self.watched(&job);
        let again =
            watched.published.is_some_and(|(session, newest)| session == job.key.session && job.key.sequence <= newest);
        let analysis = &mut watched.analysis;
        let (detections, alerts) = match (ready.seen, answer) {
            (Some(seen), Some(answer)) => match judge(analysis, &model, &job, &seen, &answer, (waited, inference)) {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(frame = %job.key, error = %report::chain(&error), "answer of the model unreadable");
                    self.board.drop_frame(job, MODEL_FAILED);
                    return;
                }
            },
            _ => (analysis.end_marker(&job.frame), Vec::new()),
        };
        note_age(&detections);
        // An alert has the same id again, so that whoever has it already knows; whether it was acknowledged is not known.
        let detections = (!again).then_some(detections);
        self.outbox.publish_blocking(Outcome { job, detections, alerts });
    }

    fn is_stale(&self, job: &Job) -> bool {
        self.watched.get(&job.key.camera).is_some_and(|watched| watched.epoch > job.ticket.epoch())
    }

    /// What is known of the frame's camera.
    fn watched(&mut self, job: &Job) -> &mut Watched {
        let epoch = job.ticket.epoch();
        let known = self.watched.get(&job.key.camera).is_some_and(|watched| watched.epoch == epoch);
        if !known {
            let watched = self.take_over(&job.key, epoch);
            self.watched.insert(job.key.camera.clone(), watched);
        }
        self.watched.get_mut(&job.key.camera).expect("known, or inserted above")
    }

    /// Goes on where another worker, or an earlier life of this one, was when it published the frame before this one.
    fn take_over(&mut self, next: &FrameKey, epoch: u64) -> Watched {
        let config = self.configs.get(&next.camera).map(Arc::as_ref);
        let mut analysis = CameraAnalysis::new(config, self.settings.clone());
        let history = self.history.remove(&next.camera).unwrap_or_default();
        let id = |published: &v1::FrameDetections| published.frame_id.as_ref().map(|id| (id.session, id.sequence));
        let of_session = |session: u64| move |(other, _): &(u64, u64)| *other == session;
        let before: Vec<&v1::FrameDetections> = history
            .iter()
            .filter(|published| id(published).is_some_and(|id| id.0 == next.session && id.1 < next.sequence))
            .collect();
        for published in &before {
            analysis.replay(published);
        }
        let published = history.iter().filter_map(id).filter(of_session(next.session)).max();
        if published.is_some() {
            tracing::info!(camera = %next.camera, frames = before.len(), "tracks taken over");
        }
        Watched { analysis, epoch, published }
    }
}

fn judge(
    analysis: &mut CameraAnalysis,
    model: &Model,
    job: &Job,
    seen: &Seen,
    answer: &Answer,
    (waited, inference): (Duration, Duration),
) -> Result<(v1::FrameDetections, Vec<v1::Alert>), EngineError> {
    let started = Instant::now();
    let found = model.read(answer, seen.prepared.placement, seen.prepared.source)?;
    let postprocess = started.elapsed();
    let queued = seen.queued + waited;
    let timings = v1::StageTimings {
        queued_us: micros(queued),
        decode_us: micros(seen.decode),
        preprocess_us: micros(seen.preprocess),
        inference_us: micros(inference),
        postprocess_us: micros(postprocess),
        track_us: 0,
    };
    let tracking = Instant::now();
    let result = analysis.observe(&job.frame, &found, Some(&seen.picture), timings);
    for (stage, took) in [("queued", queued), ("postprocess", postprocess), ("track", tracking.elapsed())] {
        STAGE_SECONDS.with_label_values(&[stage]).observe(took.as_secs_f64());
    }
    Ok(result)
}

fn note_age(detections: &v1::FrameDetections) {
    let age_us = clock::now_us().saturating_sub(detections.captured_at_us);
    let delivery = match detections.delivery() {
        v1::Delivery::EveryFrame => "every_frame",
        v1::Delivery::Live | v1::Delivery::Unspecified => "live",
    };
    AGE_SECONDS.with_label_values(&[delivery]).observe(age_us.max(0) as f64 / 1e6);
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
