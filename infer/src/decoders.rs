//! The threads that decode: each takes the next frame of whichever camera's turn it is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vru_runtime::report;

use crate::board::{Board, DecodeWork, LaneDecoder};
use crate::decode::DecodedFrame;
use crate::error::{DecodeError, EngineError};
use crate::failure::Failure;
use crate::frame::{Job, Ready, Seen};
use crate::metrics::{self, STAGE_SECONDS, UNDECODABLE};
use crate::model::{Model, Preparer};
use crate::publisher::{Outbox, Reject};

/// One of the threads.
pub struct DecodeThread {
    board: Arc<Board>,
    preparer: Preparer,
    outbox: Outbox,
    failure: Failure,
}

impl DecodeThread {
    /// Works for the board.
    pub fn new(board: Arc<Board>, model: &Model, outbox: Outbox, failure: Failure) -> Result<Self, EngineError> {
        Ok(Self { board, preparer: model.preparer()?, outbox, failure })
    }

    /// Until the board is closed and empty.
    pub fn run(mut self) {
        while let Some(DecodeWork { job, mut decoder, lane }) = self.board.next_to_decode() {
            let ready = self.decode(&mut decoder, job);
            self.board.decoded(lane, decoder, ready);
        }
    }

    fn decode(&mut self, decoder: &mut LaneDecoder, job: Job) -> Vec<Ready> {
        let started = Instant::now();
        let span = job.span.clone();
        let _in_frame = span.enter();
        let place = (job.key.session, job.key.sequence);
        let frame = job.frame.clone();
        let marker = if job.is_end_marker() {
            Some(job)
        } else {
            decoder.inside.insert(place, job);
            None
        };
        let decoded = decoder.frames.decode(frame);
        if let Some(error) = decoded.failed
            && let Some(job) = decoder.inside.remove(&place)
        {
            self.fail(job, &error);
        }
        for lost in decoded.lost {
            if let Some(job) = take(decoder, &lost) {
                self.board.drop_frame(job, UNDECODABLE);
            }
        }
        // Of several pictures that come out together each has its share of the time.
        let took = started.elapsed() / u32::try_from(decoded.frames.len().max(1)).unwrap_or(1);
        let mut ready: Vec<Ready> = Vec::with_capacity(1);
        for decoded in decoded.frames {
            if let Some(job) = take(decoder, &decoded.frame) {
                ready.extend(self.prepare(job, decoded, started, took));
            }
        }
        ready.extend(marker.map(|job| Ready { job, seen: None }));
        ready
    }

    fn prepare(&mut self, job: Job, decoded: DecodedFrame, started: Instant, decode: Duration) -> Option<Ready> {
        STAGE_SECONDS.with_label_values(&["decode"]).observe(decode.as_secs_f64());
        if !job.frame.analyse {
            self.board.used_as_reference(&job);
            return None;
        }
        let preparing = Instant::now();
        let prepared = match self.preparer.prepare(&decoded.picture) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.reject(job, report::chain(&error).to_string());
                return None;
            }
        };
        let preprocess = preparing.elapsed();
        STAGE_SECONDS.with_label_values(&["preprocess"]).observe(preprocess.as_secs_f64());
        let queued = started.saturating_duration_since(job.received);
        let seen = Seen { picture: decoded.picture, prepared, queued, decode, preprocess, since: Instant::now() };
        Some(Ready { job, seen: Some(seen) })
    }

    fn fail(&self, job: Job, error: &DecodeError) {
        if error.is_hosts_fault() {
            // The frame is left undone: a worker that can decode it will get it.
            self.failure.report(anyhow::anyhow!("{}", report::chain(error)));
        } else if error.reason() == UNDECODABLE {
            self.reject(job, report::chain(error).to_string());
        } else {
            self.board.drop_frame(job, error.reason());
        }
    }

    fn reject(&self, job: Job, reason: String) {
        metrics::dropped(job.key.camera.as_str(), UNDECODABLE, 1);
        self.outbox.reject_blocking(Reject { record: job.record, ticket: job.ticket, kind: UNDECODABLE, reason });
    }
}

fn take(decoder: &mut LaneDecoder, frame: &vru_proto::v1::Frame) -> Option<Job> {
    let id = frame.id.as_ref()?;
    decoder.inside.remove(&(id.session, id.sequence))
}
