//! The thread that turns the model's outputs into detections, tracks and alerts, for each camera in frame order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vru_proto::{CameraId, FrameKey, v1};
use vru_runtime::cameras::CameraEvent;
use vru_runtime::{clock, report};

use crate::analysis::{AnalysisSettings, CameraAnalysis};
use crate::error::EngineError;
use crate::frame::{FrameJob, InferredFrame, ReadyPicture};
use crate::metrics::{AGE_SECONDS, MODEL_FAILED, REVOKED, STAGE_SECONDS};
use crate::model::{Model, ModelOutput};
use crate::publisher::{FrameResult, PublisherHandle};
use crate::scheduler::FrameScheduler;

/// The analyst's input. The events of all senders are processed in one order.
#[derive(Debug)]
pub enum AnalystEvent {
    /// A frame went through the model.
    Inferred(Box<InferredFrame>),
    /// A camera's zones and rules changed.
    Camera(CameraEvent),
    /// Detections that were published before this worker got the cameras' partitions, oldest first for each camera.
    History(HashMap<CameraId, Vec<v1::FrameDetections>>),
    /// These cameras' partitions were revoked.
    Forget(Vec<CameraId>),
}

struct CameraState {
    analysis: CameraAnalysis,
    /// The assignment of the partition that this state belongs to. If another worker had the partition in between, the state
    /// is out of date.
    epoch: u64,
    /// Session and sequence of the newest frame that was published before this worker got the partition. Frames up to it may
    /// come again: a worker may have stopped before it could commit, and frames that others depend on are read again.
    published: Option<(u64, u64)>,
}

/// Tracks the road users of all cameras of this worker, and applies the rules.
pub struct Analyst {
    settings: AnalysisSettings,
    scheduler: Arc<FrameScheduler>,
    publisher: PublisherHandle,
    configs: HashMap<CameraId, Arc<v1::CameraConfig>>,
    cameras: HashMap<CameraId, CameraState>,
    history: HashMap<CameraId, Vec<v1::FrameDetections>>,
}

impl Analyst {
    pub fn new(settings: AnalysisSettings, scheduler: Arc<FrameScheduler>, publisher: PublisherHandle) -> Self {
        let (configs, cameras, history) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { settings, scheduler, publisher, configs, cameras, history }
    }

    /// Runs until all senders are dropped.
    pub fn run(mut self, mut events: mpsc::Receiver<AnalystEvent>) {
        while let Some(event) = events.blocking_recv() {
            match event {
                AnalystEvent::Inferred(inferred) => self.analyse(*inferred),
                AnalystEvent::Camera(event) => self.configure(event),
                AnalystEvent::History(history) => self.history.extend(history),
                AnalystEvent::Forget(cameras) => {
                    for camera in cameras {
                        self.cameras.remove(&camera);
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
        if let Some(state) = self.cameras.get_mut(&camera) {
            state.analysis.configure(config.as_deref());
        }
        match config {
            Some(config) => self.configs.insert(camera, config),
            None => self.configs.remove(&camera),
        };
    }

    fn analyse(&mut self, inferred: InferredFrame) {
        let InferredFrame { ready, output, waited, inference } = inferred;
        let job = ready.job;
        let span = job.span.clone();
        let _in_frame = span.enter();
        if self.is_stale(&job) {
            // The frame is from an earlier assignment: the worker that had the partition since then has published it.
            self.scheduler.drop_frame(job, REVOKED);
            return;
        }
        let model = self.settings.model.clone();
        let state = self.state_for(&job);
        let published_before =
            state.published.is_some_and(|(session, newest)| session == job.key.session && job.key.sequence <= newest);
        let analysis = &mut state.analysis;
        let (detections, alerts) = match (ready.picture, output) {
            (Some(picture), Some(output)) => {
                match observe(analysis, &model, &job, &picture, &output, (waited, inference)) {
                    Ok(result) => result,
                    Err(error) => {
                        tracing::warn!(frame = %job.key, error = %report::chain(&error), "cannot decode the model output");
                        self.scheduler.drop_frame(job, MODEL_FAILED);
                        return;
                    }
                }
            }
            _ => (analysis.end_marker(&job.frame), Vec::new()),
        };
        record_age(&detections);
        // Alerts are sent again even if the detections were published: it is not known whether the alerts were acknowledged
        // then. They have the same ids, so readers recognise them.
        let detections = (!published_before).then_some(detections);
        self.publisher.publish_blocking(FrameResult { job, detections, alerts });
    }

    fn is_stale(&self, job: &FrameJob) -> bool {
        self.cameras.get(&job.key.camera).is_some_and(|state| state.epoch > job.ticket.epoch())
    }

    /// The state of the frame's camera in the frame's assignment.
    fn state_for(&mut self, job: &FrameJob) -> &mut CameraState {
        let epoch = job.ticket.epoch();
        let known = self.cameras.get(&job.key.camera).is_some_and(|state| state.epoch == epoch);
        if !known {
            let state = self.take_over(&job.key, epoch);
            self.cameras.insert(job.key.camera.clone(), state);
        }
        self.cameras.get_mut(&job.key.camera).expect("known, or inserted above")
    }

    /// Restores the state from the published detections before the frame `next`, which another worker, or this one before a
    /// restart, has published.
    fn take_over(&mut self, next: &FrameKey, epoch: u64) -> CameraState {
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
        CameraState { analysis, epoch, published }
    }
}

/// Decodes the model's output and feeds it to the tracker and the rules.
fn observe(
    analysis: &mut CameraAnalysis,
    model: &Model,
    job: &FrameJob,
    picture: &ReadyPicture,
    output: &ModelOutput,
    (waited, inference): (Duration, Duration),
) -> Result<(v1::FrameDetections, Vec<v1::Alert>), EngineError> {
    let started = Instant::now();
    let detections = model.detections(output, picture.prepared.placement, picture.prepared.source)?;
    let postprocess = started.elapsed();
    let queued = picture.queued + waited;
    let timings = v1::StageTimings {
        queued_us: micros(queued),
        decode_us: micros(picture.decode),
        preprocess_us: micros(picture.preprocess),
        inference_us: micros(inference),
        postprocess_us: micros(postprocess),
        track_us: 0,
    };
    let tracking = Instant::now();
    let result = analysis.observe(&job.frame, &detections, Some(&picture.decoded), timings);
    for (stage, took) in [("queued", queued), ("postprocess", postprocess), ("track", tracking.elapsed())] {
        STAGE_SECONDS.with_label_values(&[stage]).observe(took.as_secs_f64());
    }
    Ok(result)
}

fn record_age(detections: &v1::FrameDetections) {
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
