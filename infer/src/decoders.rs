//! The decode threads. Each takes the next frame from the scheduler, decodes it and prepares it for the model.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vru_runtime::report;

use crate::decode::DecodedFrame;
use crate::error::{DecodeError, EngineError};
use crate::failure::Failure;
use crate::frame::{FrameJob, ReadyFrame, ReadyPicture};
use crate::metrics::{self, STAGE_SECONDS, UNDECODABLE};
use crate::model::{Model, Preparer};
use crate::publisher::{PublisherHandle, RejectedRecord};
use crate::scheduler::{DecodeTask, FrameScheduler, LaneDecoder};

/// One decode thread.
pub struct DecodeThread {
    scheduler: Arc<FrameScheduler>,
    preparer: Preparer,
    publisher: PublisherHandle,
    failure: Failure,
}

impl DecodeThread {
    pub fn new(
        scheduler: Arc<FrameScheduler>,
        model: &Model,
        publisher: PublisherHandle,
        failure: Failure,
    ) -> Result<Self, EngineError> {
        Ok(Self { scheduler, preparer: model.preparer()?, publisher, failure })
    }

    /// Runs until the scheduler is closed and no frame is left to decode.
    pub fn run(mut self) {
        while let Some(DecodeTask { job, mut decoder, lane_id }) = self.scheduler.next_to_decode() {
            let ready = self.decode(&mut decoder, job);
            self.scheduler.finish_decoding(lane_id, decoder, ready);
        }
    }

    /// Decodes a frame. Returns the frames that became ready for the model, in order; with H.264 or H.265 these may be none,
    /// or earlier ones.
    fn decode(&mut self, decoder: &mut LaneDecoder, job: FrameJob) -> Vec<ReadyFrame> {
        let started = Instant::now();
        let span = job.span.clone();
        let _in_frame = span.enter();
        let id = (job.key.session, job.key.sequence);
        let frame = job.frame.clone();
        let marker = if job.is_end_marker() {
            Some(job)
        } else {
            decoder.in_decoder.insert(id, job);
            None
        };
        let decoded = decoder.decoder.decode(frame);
        if let Some(error) = decoded.failed
            && let Some(job) = decoder.in_decoder.remove(&id)
        {
            self.fail(job, &error);
        }
        for lost in decoded.lost {
            if let Some(job) = take_job(decoder, &lost) {
                self.scheduler.drop_frame(job, UNDECODABLE);
            }
        }
        // Pictures that come out together share the time equally.
        let took = started.elapsed() / u32::try_from(decoded.frames.len().max(1)).unwrap_or(1);
        let mut ready: Vec<ReadyFrame> = Vec::with_capacity(1);
        for decoded in decoded.frames {
            if let Some(job) = take_job(decoder, &decoded.frame) {
                ready.extend(self.prepare(job, decoded, started, took));
            }
        }
        ready.extend(marker.map(|job| ReadyFrame { job, picture: None }));
        ready
    }

    fn prepare(
        &mut self,
        job: FrameJob,
        decoded: DecodedFrame,
        started: Instant,
        decode: Duration,
    ) -> Option<ReadyFrame> {
        STAGE_SECONDS.with_label_values(&["decode"]).observe(decode.as_secs_f64());
        if !job.frame.analyse {
            self.scheduler.complete_reference(&job);
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
        let queued = started.saturating_duration_since(job.received_at);
        let ready_at = Instant::now();
        let picture = ReadyPicture { decoded: decoded.picture, prepared, queued, decode, preprocess, ready_at };
        Some(ReadyFrame { job, picture: Some(picture) })
    }

    fn fail(&self, job: FrameJob, error: &DecodeError) {
        if error.is_host_fault() {
            // The frame stays incomplete, so its offset is not committed: a worker on another host can decode it.
            self.failure.report(anyhow::anyhow!("{}", report::chain(error)));
        } else if error.reason() == UNDECODABLE {
            self.reject(job, report::chain(error).to_string());
        } else {
            self.scheduler.drop_frame(job, error.reason());
        }
    }

    fn reject(&self, job: FrameJob, reason: String) {
        metrics::count_dropped(job.key.camera.as_str(), UNDECODABLE, 1);
        self.publisher.reject_blocking(RejectedRecord {
            record: job.record,
            ticket: job.ticket,
            kind: UNDECODABLE,
            reason,
        });
    }
}

/// The job of a frame that came out of the decoder.
fn take_job(decoder: &mut LaneDecoder, frame: &vru_proto::v1::Frame) -> Option<FrameJob> {
    let id = frame.id.as_ref()?;
    decoder.in_decoder.remove(&(id.session, id.sequence))
}
