//! The thread that runs the model. It takes a batch when the model is free, so that the batch is as full as it can be, and
//! passes the frames on in order.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use vru_runtime::failure::Failure;
use vru_runtime::{report, trace};

use crate::analyst::FramesForAnalysis;
use crate::camera_tests::{ModelRequests, Request};
use crate::config::BatchConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::frame::{InferredFrame, TakenFrame};
use crate::metrics::{BATCH_FRAMES, ERRORS, MODEL_FAILED, STAGE_SECONDS};
use crate::model::{ModelOutput, PreparedPicture};
use crate::scheduler::FrameScheduler;

/// How often a failed run is tried in all: memory on a GPU may be short for a moment.
const MAX_TRIES: u32 = 3;
/// If this many batches fail in a row, the frames are not the cause: the device is gone.
const MAX_FAILED_BATCHES: u32 = 10;

/// Owns the model.
pub struct Batcher {
    scheduler: Arc<FrameScheduler>,
    engine: Engine,
    max_batch: usize,
    max_wait: Duration,
    inferred: Arc<FramesForAnalysis>,
    requests: ModelRequests,
    failure: Failure,
    failed_batches: u32,
}

impl Batcher {
    pub fn new(
        scheduler: Arc<FrameScheduler>,
        engine: Engine,
        config: BatchConfig,
        inferred: Arc<FramesForAnalysis>,
        requests: ModelRequests,
        failure: Failure,
    ) -> Self {
        let max_batch = engine.max_batch(config.max_size);
        Self { scheduler, engine, max_batch, max_wait: config.max_wait, inferred, requests, failure, failed_batches: 0 }
    }

    /// Runs until the scheduler is closed and empty, the analysis has ended, or the model is broken. Then it closes the queue of the analysis.
    pub fn run(mut self) {
        while let Some(batch) = self.scheduler.next_batch(self.max_batch, self.max_wait) {
            if !batch.is_empty() && !self.run_batch(batch) {
                break;
            }
            self.serve_request();
        }
        self.inferred.close();
    }

    /// Of a picture that is no frame of a camera. It is run alone, so that it cannot fail the frames of a batch.
    fn serve_request(&mut self) {
        let Some(Request { picture, answer }) = self.requests.take() else { return };
        if let Ok(mut outputs) = self.run_with_retry(&[&picture])
            && let Some(output) = outputs.pop()
        {
            // Whoever asked may have gone.
            drop(answer.send(output));
        }
    }

    /// False if the analysis has ended or the model is broken.
    fn run_batch(&mut self, batch: Vec<TakenFrame>) -> bool {
        let started = Instant::now();
        let span = tracing::debug_span!("infer_batch", frames = batch.len());
        for taken in &batch {
            trace::add_link(&span, taken.ready.job.record.traceparent());
        }
        let outputs = span.in_scope(|| self.infer(&batch));
        let inference = started.elapsed();
        for (TakenFrame { mut ready, lane_id }, output) in batch.into_iter().zip(outputs) {
            ready.free_input();
            if ready.picture.is_some() && output.is_none() {
                self.scheduler.drop_frame(ready.job, MODEL_FAILED);
                self.scheduler.analysed(lane_id);
                continue;
            }
            let ready_at = ready.picture.as_ref().map_or(started, |picture| picture.ready_at);
            let waited = started.saturating_duration_since(ready_at);
            let feed = ready.job.feed();
            if !self.inferred.push(&feed, InferredFrame { ready, lane_id, output, waited, inference }) {
                return false;
            }
        }
        self.failed_batches < MAX_FAILED_BATCHES
    }

    /// The model's output for each frame of the batch; `None` for end markers and for pictures on which the model keeps
    /// failing. If the whole batch fails, each picture is run alone, so that one bad picture does not fail the others.
    fn infer(&mut self, batch: &[TakenFrame]) -> Vec<Option<ModelOutput>> {
        let pictures: Vec<&PreparedPicture> =
            batch.iter().filter_map(|taken| Some(&taken.ready.picture.as_ref()?.prepared)).collect();
        if pictures.is_empty() {
            return batch.iter().map(|_| None).collect();
        }
        let provider = self.engine.provider().name();
        BATCH_FRAMES.with_label_values(&[provider]).observe(pictures.len() as f64);
        let started = Instant::now();
        let outputs: Vec<Option<ModelOutput>> = match self.run_with_retry(&pictures) {
            Ok(outputs) => outputs.into_iter().map(Some).collect(),
            Err(_) if pictures.len() > 1 => pictures
                .iter()
                .map(|picture| self.run_with_retry(&[*picture]).ok().and_then(|mut outputs| outputs.pop()))
                .collect(),
            Err(_) => vec![None],
        };
        STAGE_SECONDS.with_label_values(&["inference"]).observe(started.elapsed().as_secs_f64());
        self.count_failed_batches(&outputs);
        let mut outputs = outputs.into_iter();
        batch.iter().map(|taken| taken.ready.picture.as_ref().and_then(|_| outputs.next().flatten())).collect()
    }

    fn run_with_retry(&mut self, pictures: &[&PreparedPicture]) -> Result<Vec<ModelOutput>, EngineError> {
        let mut tried = 0;
        loop {
            let error = match self.engine.run(pictures) {
                Ok(outputs) => return Ok(outputs),
                Err(error) => error,
            };
            tried += 1;
            ERRORS.with_label_values(&["run_model"]).inc();
            tracing::warn!(error = %report::chain(&error), batch = pictures.len(), tried, "model run failed");
            if tried == MAX_TRIES {
                return Err(error);
            }
            // A short back-off that grows: all frames wait behind this thread.
            std::thread::sleep(Duration::from_millis(20) * tried);
        }
    }

    fn count_failed_batches(&mut self, outputs: &[Option<ModelOutput>]) {
        if outputs.iter().any(Option::is_some) {
            self.failed_batches = 0;
            return;
        }
        self.failed_batches += 1;
        if self.failed_batches == MAX_FAILED_BATCHES {
            self.failure.report(anyhow::anyhow!("the model failed on {MAX_FAILED_BATCHES} batches in a row"));
        }
    }
}
