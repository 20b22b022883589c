//! Turns the model's outputs into detections, tracks and alerts, for each camera in frame order. Several threads do so, each for one
//! camera at a time ([why](../../docs/decisions/0043-analysis-threads.md)).

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use vru_proto::{FrameKey, v1};
use vru_runtime::{clock, latency, report};

use crate::analysis::{AnalysisSettings, CameraAnalysis};
use crate::analysis_queue::{AnalysisQueue, Turn};
use crate::error::EngineError;
use crate::frame::{FrameJob, InferredFrame, ReadyPicture};
use crate::known_cameras::CameraConfigs;
use crate::metrics::{AGE_SECONDS, MODEL_FAILED, REVOKED, STAGE_SECONDS};
use crate::model::{Model, ModelOutput};
use crate::offsets::Offsets;
use crate::publisher::{FrameResult, PublisherHandle};
use crate::scheduler::FrameScheduler;

/// The frames that went through the model, and what is known about their cameras.
pub type FramesForAnalysis = AnalysisQueue<InferredFrame, Known>;

/// What is known about a camera before its next frame.
#[derive(Debug)]
pub enum Known {
    /// The detections that were published before this worker got the camera's partition, oldest first.
    History(Vec<v1::FrameDetections>),
    /// The state after the last frame.
    State(Box<CameraState>),
}

/// A camera's tracks and the state of its rules.
#[derive(Debug)]
pub struct CameraState {
    analysis: CameraAnalysis,
    config: Option<Arc<v1::CameraConfig>>,
    /// The assignment of the partition that this state belongs to. If another worker had the partition in between, the state
    /// is out of date.
    epoch: u64,
    /// Session and sequence of the newest frame that was published before this worker got the partition. Frames up to it may
    /// come again: a worker may have stopped before it could commit, and frames that others depend on are read again.
    published: Option<(u64, u64)>,
}

/// Tracks the road users of all cameras of this worker, and applies the rules.
pub struct Analyst {
    pub settings: AnalysisSettings,
    pub frames: Arc<FramesForAnalysis>,
    pub cameras: CameraConfigs,
    pub scheduler: Arc<FrameScheduler>,
    pub offsets: Arc<Offsets>,
    pub publisher: PublisherHandle,
}

impl Analyst {
    /// Runs until the queue is closed and empty. Several threads may run it.
    pub fn run(&self) {
        let _abort = self.frames.abort_on_panic();
        while let Some(turn) = self.frames.next(|frame| self.offsets.is_current(&frame.ready.job.ticket)) {
            match turn {
                Turn::Analyse(camera, frame, known) => {
                    let lane_id = frame.lane_id;
                    let mut state = self.state(&frame.ready.job, known);
                    self.analyse(&mut state, frame);
                    self.frames.finish(&camera, Known::State(state));
                    self.scheduler.analysed(lane_id);
                }
                // The worker that has the partition now publishes the frame.
                Turn::Outdated(frame) => {
                    self.scheduler.drop_frame(frame.ready.job, REVOKED);
                    self.scheduler.analysed(frame.lane_id);
                }
            }
        }
    }

    fn analyse(&self, state: &mut CameraState, inferred: InferredFrame) {
        let InferredFrame { ready, output, waited, inference, .. } = inferred;
        let job = ready.job;
        let span = job.span.clone();
        let _in_frame = span.enter();
        let published_before =
            state.published.is_some_and(|(session, newest)| session == job.key.session && job.key.sequence <= newest);
        let analysis = &mut state.analysis;
        let (detections, alerts) = match (ready.picture, output) {
            (Some(picture), Some(output)) => {
                match observe(analysis, &self.settings.model, &job, &picture, &output, (waited, inference)) {
                    Ok(result) => result,
                    Err(error) => {
                        tracing::warn!(frame = %job.key, error = %report::chain(&error), "cannot decode the model output");
                        self.scheduler.drop_frame(job, MODEL_FAILED);
                        return;
                    }
                }
            }
            _ => analysis.end(&job.frame),
        };
        record_age(&detections);
        // Alerts are sent again even if the detections were published: it is not known whether the alerts were acknowledged
        // then. They have the same ids, so readers recognise them.
        let detections = (!published_before).then_some(detections);
        self.publisher.publish_blocking(FrameResult { job, detections, alerts });
    }

    /// The state of the frame's camera in the frame's assignment, with the camera's present configuration.
    fn state(&self, job: &FrameJob, known: Option<Known>) -> Box<CameraState> {
        let epoch = job.ticket.epoch();
        let config = self.cameras.get(&job.key.camera);
        match known {
            Some(Known::State(mut state)) if state.epoch == epoch => {
                if state.config.as_ref().map(Arc::as_ptr) != config.as_ref().map(Arc::as_ptr) {
                    state.analysis.configure(config.as_deref());
                    state.config = config;
                }
                state
            }
            Some(Known::History(history)) => self.take_over(&job.key, epoch, config, &history),
            Some(Known::State(_)) | None => self.take_over(&job.key, epoch, config, &[]),
        }
    }

    /// Restores the state from the published detections before the frame `next`, which another worker, or this one before a
    /// restart, has published.
    fn take_over(
        &self,
        next: &FrameKey,
        epoch: u64,
        config: Option<Arc<v1::CameraConfig>>,
        history: &[v1::FrameDetections],
    ) -> Box<CameraState> {
        let mut analysis = CameraAnalysis::new(config.as_deref(), self.settings.clone());
        let id = |published: &v1::FrameDetections| published.frame_id.as_ref().map(|id| (id.session, id.sequence));
        let of_session = |session: u64| move |(other, _): &(u64, u64)| *other == session;
        let published = history.iter().filter_map(id).filter(of_session(next.session)).max();
        analysis.replay(&before(history, next));
        if published.is_some() {
            tracing::info!(camera = %next.camera, frames = history.len(), "tracks taken over");
        }
        Box::new(CameraState { analysis, config, epoch, published })
    }
}

/// The published frames before `next` of its session, in order. If `next` begins its session: those of the session before it, whose alerts
/// may not have ended yet.
fn before<'a>(history: &'a [v1::FrameDetections], next: &FrameKey) -> Vec<&'a v1::FrameDetections> {
    let id = |published: &v1::FrameDetections| published.frame_id.as_ref().map(|id| (id.session, id.sequence));
    let before = |published: &&v1::FrameDetections| id(published) < Some((next.session, next.sequence));
    let of = |session| move |published: &&v1::FrameDetections| id(published).is_some_and(|(other, _)| other == session);
    let same: Vec<_> = history.iter().filter(of(next.session)).filter(before).collect();
    if !same.is_empty() {
        return same;
    }
    let others = history.iter().filter(|published| id(published).is_some_and(|(session, _)| session != next.session));
    let last = others.max_by_key(|published| published.inferred_at_us).and_then(id);
    last.map(|(session, _)| history.iter().filter(of(session)).collect()).unwrap_or_default()
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
    let delivery = match detections.delivery() {
        v1::Delivery::EveryFrame => "every_frame",
        v1::Delivery::Live | v1::Delivery::Unspecified => "live",
    };
    if let Some(age) = latency::since_capture("infer", detections.captured_at_us, clock::now_us()) {
        AGE_SECONDS.with_label_values(&[delivery]).observe(age.as_secs_f64());
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
