//! The thread that runs the model: takes a batch when the session is free, so that it is as full as it can be, and hands on
//! what was inferred, in order.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use vru_runtime::{report, trace};

use crate::analyst::ToAnalyst;
use crate::board::Board;
use crate::config::BatchConfig;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::failure::Failure;
use crate::frame::Ready;
use crate::metrics::{BATCH_FRAMES, ERRORS, MODEL_FAILED, STAGE_SECONDS};
use crate::model::{Answer, Prepared};

/// A run that failed is tried again this often; memory on a GPU may be short for a moment.
const TRIES: u32 = 3;
/// So many batches failing one after the other are no accident of a frame: the device is gone.
const MAX_FAILED_BATCHES: u32 = 10;

/// A frame that the model has seen.
#[derive(Debug)]
pub struct Inferred {
    /// The frame.
    pub ready: Ready,
    /// The model's answer; none for an end marker.
    pub answer: Option<Answer>,
    /// How long it waited for the model.
    pub waited: Duration,
    /// How long its batch took.
    pub inference: Duration,
}

/// Owns the model.
pub struct Batcher {
    board: Arc<Board>,
    engine: Engine,
    most: usize,
    wait: Duration,
    inferred: mpsc::Sender<ToAnalyst>,
    failure: Failure,
    failed_batches: u32,
}

impl Batcher {
    /// Runs `engine` on what waits on the board.
    pub fn new(
        board: Arc<Board>,
        engine: Engine,
        config: BatchConfig,
        inferred: mpsc::Sender<ToAnalyst>,
        failure: Failure,
    ) -> Self {
        let most = engine.max_batch(config.max_size);
        Self { board, engine, most, wait: config.max_wait, inferred, failure, failed_batches: 0 }
    }

    /// Until the board is closed and empty.
    pub fn run(mut self) {
        while let Some(batch) = self.board.next_batch(self.most, self.wait) {
            if !self.run_batch(batch) {
                return;
            }
        }
    }

    /// False when nobody takes results any more, or the model is broken.
    fn run_batch(&mut self, batch: Vec<Ready>) -> bool {
        let started = Instant::now();
        let span = tracing::debug_span!("infer_batch", frames = batch.len());
        for ready in &batch {
            trace::add_link(&span, ready.job.record.traceparent());
        }
        let answers = span.in_scope(|| self.infer(&batch));
        let inference = started.elapsed();
        for (ready, answer) in batch.into_iter().zip(answers) {
            if ready.seen.is_some() && answer.is_none() {
                self.board.drop_frame(ready.job, MODEL_FAILED);
                continue;
            }
            let since = ready.seen.as_ref().map_or(started, |seen| seen.since);
            let waited = started.saturating_duration_since(since);
            let inferred = Inferred { ready, answer, waited, inference };
            if self.inferred.blocking_send(ToAnalyst::Inferred(Box::new(inferred))).is_err() {
                return false;
            }
        }
        self.failed_batches < MAX_FAILED_BATCHES
    }

    /// An answer for each frame of the batch; none for end markers, and for pictures on which the model fails again and
    /// again: these are looked for one by one, so that one picture does not cost the others their answers.
    fn infer(&mut self, batch: &[Ready]) -> Vec<Option<Answer>> {
        let pictures: Vec<&Prepared> = batch.iter().filter_map(|ready| Some(&ready.seen.as_ref()?.prepared)).collect();
        if pictures.is_empty() {
            return batch.iter().map(|_| None).collect();
        }
        let provider = self.engine.provider().name();
        BATCH_FRAMES.with_label_values(&[provider]).observe(pictures.len() as f64);
        let started = Instant::now();
        let answers: Vec<Option<Answer>> = match self.run_with_retry(&pictures) {
            Ok(answers) => answers.into_iter().map(Some).collect(),
            Err(_) if pictures.len() > 1 => pictures
                .iter()
                .map(|picture| self.run_with_retry(&[*picture]).ok().and_then(|mut answers| answers.pop()))
                .collect(),
            Err(_) => vec![None],
        };
        STAGE_SECONDS.with_label_values(&["inference"]).observe(started.elapsed().as_secs_f64());
        self.note_outcome(&answers);
        let mut answers = answers.into_iter();
        batch.iter().map(|ready| ready.seen.as_ref().and_then(|_| answers.next().flatten())).collect()
    }

    fn run_with_retry(&mut self, pictures: &[&Prepared]) -> Result<Vec<Answer>, EngineError> {
        let mut tried = 0;
        loop {
            let error = match self.engine.run(pictures) {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            tried += 1;
            ERRORS.with_label_values(&["run_model"]).inc();
            tracing::warn!(error = %report::chain(&error), batch = pictures.len(), tried, "model run failed");
            if tried == TRIES {
                return Err(error);
            }
            // Short, and grows: everything behind this thread waits.
            std::thread::sleep(Duration::from_millis(20) * tried);
        }
    }

    fn note_outcome(&mut self, answers: &[Option<Answer>]) {
        if answers.iter().any(Option::is_some) {
            self.failed_batches = 0;
            return;
        }
        self.failed_batches += 1;
        if self.failed_batches == MAX_FAILED_BATCHES {
            self.failure.report(anyhow::anyhow!("the model failed on {MAX_FAILED_BATCHES} batches in a row"));
        }
    }
}
