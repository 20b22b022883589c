//! The decode threads. Each takes the next frame from the scheduler, decodes it and prepares it for the model.

use std::sync::Arc;
use std::time::Instant;

use vru_media::decoder::RgbConverter;
use vru_runtime::failure::Failure;
use vru_runtime::report;

use crate::decode::DecodedFrame;
use crate::error::{DecodeError, EngineError};
use crate::frame::{FrameJob, RawFrame, ReadyFrame, ReadyPicture};
use crate::metrics::{self, STAGE_SECONDS, UNDECODABLE};
use crate::model::{Model, Preparer};
use crate::publisher::{PublisherHandle, RejectedRecord};
use crate::scheduler::{FrameScheduler, LaneDecoder, Outcome, Step, Task};

/// One decode thread.
pub struct DecodeThread {
    scheduler: Arc<FrameScheduler>,
    preparer: Preparer,
    converter: RgbConverter,
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
        Ok(Self { scheduler, preparer: model.preparer()?, converter: RgbConverter::default(), publisher, failure })
    }

    /// Runs until the scheduler is closed and no frame is left to decode.
    pub fn run(mut self) {
        while let Some(Task { lane_id, step }) = self.scheduler.next_task() {
            let started = Instant::now();
            let outcome = match step {
                Step::Decode(job, decoder, prepare) => self.decode(decoder, job, prepare),
                Step::Prepare(raw) => Outcome { ready: self.prepare(raw).into_iter().collect(), ..Outcome::default() },
            };
            self.scheduler.finish(lane_id, outcome, started.elapsed());
        }
    }

    /// Decodes a frame. The outcome has the frames whose pictures are there now, in order; with H.264 or H.265 these may be
    /// none, or earlier ones.
    fn decode(&mut self, mut decoder: LaneDecoder, job: FrameJob, prepare: bool) -> Outcome {
        let started = Instant::now();
        let span = job.span.clone();
        let _in_frame = span.enter();
        let id = job.position();
        let frame = job.frame.clone();
        let marker = if job.is_end_marker() {
            Some(job)
        } else {
            decoder.in_decoder.insert(id, job);
            None
        };
        let decoded = decoder.decoder.decode_raw(frame);
        if let Some(error) = decoded.failed
            && let Some(job) = decoder.in_decoder.remove(&id)
        {
            self.fail(job, &error);
        }
        for lost in decoded.lost {
            if let Some(job) = take_job(&mut decoder, &lost) {
                self.scheduler.drop_frame(job, UNDECODABLE);
            }
        }
        // Pictures that come out together share the time equally.
        let decode = started.elapsed() / u32::try_from(decoded.frames.len().max(1)).unwrap_or(1);
        let mut outcome = Outcome::default();
        for DecodedFrame { frame, picture } in decoded.frames {
            let Some(job) = take_job(&mut decoder, &frame) else { continue };
            STAGE_SECONDS.with_label_values(&["decode"]).observe(decode.as_secs_f64());
            if !frame.analyse {
                self.scheduler.complete_reference(&job);
                continue;
            }
            let queued = started.saturating_duration_since(job.received_at);
            let raw = RawFrame { job, picture, queued, decode, decoded_at: Instant::now() };
            if prepare {
                outcome.ready.extend(self.prepare(raw));
            } else {
                outcome.raw.push(raw);
            }
        }
        outcome.ready.extend(marker.map(|job| ReadyFrame { job, picture: None }));
        outcome.decoder = Some(decoder);
        outcome
    }

    fn prepare(&mut self, raw: RawFrame) -> Option<ReadyFrame> {
        let RawFrame { job, picture, queued, decode, decoded_at } = raw;
        let preparing = Instant::now();
        let queued = queued + preparing.saturating_duration_since(decoded_at);
        let decoded = match picture.into_picture(&mut self.converter) {
            Ok(decoded) => decoded,
            Err(source) => {
                let frame = Box::new(job.key.clone());
                self.fail(job, &DecodeError::Video { frame, source });
                return None;
            }
        };
        let prepared = match self.preparer.prepare(&decoded) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.reject(job, report::chain(&error).to_string());
                return None;
            }
        };
        let preprocess = preparing.elapsed();
        STAGE_SECONDS.with_label_values(&["preprocess"]).observe(preprocess.as_secs_f64());
        let picture = ReadyPicture { decoded, prepared, queued, decode, preprocess, ready_at: Instant::now() };
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
