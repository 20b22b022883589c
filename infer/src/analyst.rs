//! Turns the model's outputs into detections, tracks and alerts, for each camera in frame order. Several threads do so, each for one
//! camera at a time ([why](../../docs/decisions/0043-analysis-threads.md)).

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use crate::offsets::{Assigned, Offsets};
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
    assigned: Assigned,
    /// Session and sequence of the newest frame that was published before this worker got the partition. Frames up to it may
    /// come again: a worker may have stopped before it could commit, and frames that others depend on are read again.
    published: Option<(u64, u64)>,
    /// Whether published frames were replayed: then the alerts that went on after them are known.
    took_over: bool,
    /// When the last frame was analysed.
    since: Option<Instant>,
    /// Ends that were sent between frames, and whether Kafka has acknowledged them.
    sent_ends: Vec<(Vec<v1::Alert>, Arc<AtomicBool>)>,
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

impl CameraState {
    fn configure(&mut self, config: Option<Arc<v1::CameraConfig>>) {
        if self.config.as_ref().map(Arc::as_ptr) != config.as_ref().map(Arc::as_ptr) {
            self.analysis.configure(config.as_deref());
            self.config = config;
        }
    }

    /// Looks at the camera between two frames: the ends of what went on when its configuration changed, or when it fell silent for longer
    /// than `silence`, if that is given.
    pub fn between_frames(
        &mut self,
        config: Option<Arc<v1::CameraConfig>>,
        now: Instant,
        silence: Option<Duration>,
    ) -> Vec<v1::Alert> {
        self.configure(config);
        let mut ended = self.analysis.take_ended();
        if let (Some(since), Some(silence)) = (self.since, silence)
            && now.saturating_duration_since(since) > silence
        {
            ended.extend(self.analysis.end_silent());
        }
        ended
    }

    /// The ids of the alerts that go on.
    pub fn open_ids(&self) -> HashSet<String> {
        self.analysis.open_ids()
    }

    pub fn took_over(&self) -> bool {
        self.took_over
    }

    pub fn assigned(&self) -> &Assigned {
        &self.assigned
    }

    /// Remembers ends that were sent, until they are acknowledged.
    pub fn sent(&mut self, ends: Vec<v1::Alert>, acknowledged: Arc<AtomicBool>) {
        self.sent_ends.push((ends, acknowledged));
    }
}

impl Analyst {
    /// Runs until the queue is closed and empty. Several threads may run it.
    pub fn run(&self) {
        let _abort = self.frames.abort_on_panic();
        while let Some(turn) = self.frames.next(|frame| self.offsets.is_current(&frame.ready.job.ticket)) {
            match turn {
                Turn::Analyse(feed, frame, known) => {
                    let lane_id = frame.lane_id;
                    let mut state = self.state(&frame.ready.job, known);
                    self.analyse(&mut state, frame);
                    self.frames.finish(&feed, Known::State(state));
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
        state.since = Some(Instant::now());
        // Once the frame is published, nobody else knows of these ends: they must be on Kafka before its offset is committed.
        state.sent_ends.retain(|(_, acknowledged)| !acknowledged.load(Ordering::Acquire));
        let unsure = state.sent_ends.iter().flat_map(|(ends, _)| ends.iter().cloned());
        let alerts = unsure.chain(alerts).collect();
        record_age(&detections);
        // Alerts are sent again even if the detections were published: it is not known whether the alerts were acknowledged
        // then. They have the same ids, so readers recognise them.
        let detections = (!published_before).then_some(detections);
        self.publisher.publish_blocking(FrameResult { job, detections, alerts });
    }

    /// The state of the frame's camera in the frame's assignment, with the camera's present configuration.
    fn state(&self, job: &FrameJob, known: Option<Known>) -> Box<CameraState> {
        let assigned = job.ticket.assigned();
        let config = self.cameras.get(&job.key.camera);
        match known {
            Some(Known::State(mut state)) if state.assigned == assigned => {
                state.configure(config);
                state
            }
            Some(Known::History(history)) => self.take_over(&job.key, assigned, config, &history),
            Some(Known::State(_)) | None => self.take_over(&job.key, assigned, config, &[]),
        }
    }

    /// Restores the state from the published detections before the frame `next`, which another worker, or this one before a
    /// restart, has published.
    fn take_over(
        &self,
        next: &FrameKey,
        assigned: Assigned,
        config: Option<Arc<v1::CameraConfig>>,
        history: &[v1::FrameDetections],
    ) -> Box<CameraState> {
        let mut analysis = CameraAnalysis::new(config.as_deref(), self.settings.clone());
        let id = |published: &v1::FrameDetections| published.frame_id.as_ref().map(|id| (id.session, id.sequence));
        let of_session = |session: u64| move |(other, _): &(u64, u64)| *other == session;
        let published = history.iter().filter_map(id).filter(of_session(next.session)).max();
        let before = before(history, next);
        analysis.replay(&before);
        if published.is_some() {
            tracing::info!(camera = %next.camera, frames = history.len(), "tracks taken over");
        }
        let took_over = !before.is_empty();
        let (since, sent_ends) = (None, Vec::new());
        Box::new(CameraState { analysis, config, assigned, published, took_over, since, sent_ends })
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
