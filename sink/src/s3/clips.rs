//! Makes the clip around each alert, from the frames that are still in Kafka, and writes it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use vru_media::Codec;
use vru_media::clip::{ClipError, ClipInput, Hidden, write_blurred_mp4, write_mp4};
use vru_proto::names::clip_key;
use vru_proto::v1;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use super::alert_consumer::{AlertConsumer, AlertHandler};
use super::clip_frames::ClipFrames;
use super::clip_hidden;
use super::clip_reads::{ClipReads, HeldFrames};
use super::clip_window::ClipWindow;
use super::config::S3Config;
use super::context::S3Context;
use super::uploader::{ObjectKind, Uploader};
use crate::error::SinkError;
use crate::metrics::{CLIPS, ERRORS, S3_SINK};
use crate::supervise::blocking;

const CONSUMER: AlertConsumer = AlertConsumer {
    group: S3Config::clips_group,
    // Those that wait keep a few hundred bytes each.
    max_in_flight: 1_024,
    // Most of them wait for frames still to come.
    drain_deadline: Duration::from_secs(3),
};
/// Encoding ten seconds of JPEGs takes one or two seconds on a slow core.
const ENCODE_DEADLINE: Duration = Duration::from_mins(1);

/// Runs until shutdown.
pub(crate) async fn run(context: &S3Context) {
    let config = &context.config.clip;
    let handler = |cancel: CancellationToken| ClipHandler {
        kafka: context.kafka.clone(),
        reads: ClipReads::new(&context.kafka, config, cancel.clone()),
        retry: context.config.retry,
        retry_for: config.retry_for,
        before: config.before,
        after: config.after,
        encoders: Arc::new(Semaphore::new(config.concurrency)),
        uploader: context.uploader.clone(),
        ready: context.ready.clone(),
        cancel,
    };
    CONSUMER.run(context, handler).await;
}

struct ClipHandler {
    kafka: KafkaConfig,
    reads: ClipReads,
    retry: BackoffConfig,
    retry_for: Duration,
    before: Duration,
    after: Duration,
    encoders: Arc<Semaphore>,
    uploader: Uploader,
    ready: ReadyFlag,
    cancel: CancellationToken,
}

/// An alert in flight: without its snapshot.
struct Request {
    alert: String,
    key: String,
    window: ClipWindow,
    /// Nobody may be recognised in it.
    blurred: bool,
}

impl AlertHandler for ClipHandler {
    async fn handle(&self, alert: v1::Alert, timestamp_ms: Option<i64>) -> bool {
        let blurred = !alert.blurred_clip_key.is_empty();
        if !alert.is_raised() || (alert.clip_key.is_empty() && !blurred) {
            // A crossing has no clip, and the clip of an alert that ends was made when it was raised.
            return true;
        }
        let request = Request {
            window: ClipWindow::around(&alert, timestamp_ms, self.before, self.after),
            key: clip_key(alert.captured_at_us, &alert.camera_id, &alert.id),
            blurred,
            alert: alert.id,
        };
        drop(alert.snapshot);
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => false,
            done = self.store(&request) => done,
        }
    }
}

impl ClipHandler {
    async fn store(&self, request: &Request) -> bool {
        let Request { alert, key, window, .. } = request;
        tokio::time::sleep(window.remaining()).await;
        let Some((held, hidden)) = self.read(request).await else { return !self.cancel.is_cancelled() };
        let camera = window.camera();
        match self.encode(held, hidden).await {
            Ok(Some(mp4)) => {
                let written = self.uploader.upload(ObjectKind::Clip, key, mp4, &self.cancel).await;
                if written {
                    CLIPS.with_label_values(&["written"]).inc();
                }
                return written;
            }
            Ok(None) => {
                CLIPS.with_label_values(&["no frames"]).inc();
                tracing::info!(alert, camera, "no frames in Kafka for the clip");
            }
            Err(error) => {
                // The same frames would fail again.
                CLIPS.with_label_values(&["not encoded"]).inc();
                tracing::warn!(alert, camera, error = %chain(&error), "cannot encode the clip");
            }
        }
        true
    }

    /// Retries while Kafka may still hold the frames; `None` when it has given up.
    async fn read(&self, request: &Request) -> Option<(HeldFrames, Option<HashMap<u64, Hidden>>)> {
        let (mut backoff, started) = (Backoff::new(self.retry), Instant::now());
        loop {
            let error = match self.read_once(request).await {
                Ok(held) => {
                    self.ready.ready();
                    return Some(held);
                }
                Err(error) => error,
            };
            ERRORS.with_label_values(&[S3_SINK, "read frames"]).inc();
            let why = format!("cannot read the frames of a clip: {}", chain(&error));
            let (alert, camera) = (&request.alert, request.window.camera());
            if started.elapsed() > self.retry_for {
                CLIPS.with_label_values(&["not read"]).inc();
                tracing::error!(alert, camera, why, "gave up a clip");
                return None;
            }
            tracing::warn!(
                alert,
                camera,
                why,
                attempt = backoff.attempts(),
                "cannot read the frames of a clip, retrying"
            );
            self.ready.not_ready(why);
            if !backoff.wait(&self.cancel).await {
                return None;
            }
        }
    }

    /// The frames, and what is hidden in each of them; `None` if everybody may be seen.
    async fn read_once(&self, request: &Request) -> Result<(HeldFrames, Option<HashMap<u64, Hidden>>), SinkError> {
        let held = self.reads.frames(&request.window).await?;
        if !request.blurred {
            return Ok((held, None));
        }
        let Some(last) = held.frames.samples.iter().map(|sample| sample.id).max() else {
            return Ok((held, Some(HashMap::new())));
        };
        let (kafka, window, cancel) = (self.kafka.clone(), request.window.clone(), self.cancel.clone());
        let hidden = blocking(move || clip_hidden::read(&kafka, &window, last, &cancel)).await?;
        let mut hidden = hidden.map_err(|failure| SinkError::Shared(Arc::new(failure)))?;
        // Frames before the window are there for the decoder.
        for early in held.frames.samples.iter().filter(|sample| sample.time_us < request.window.from_us) {
            hidden.remove(&early.id);
        }
        Ok((held, Some(hidden)))
    }

    /// The MP4; `None` if none of the frames can be shown.
    async fn encode(&self, held: HeldFrames, hidden: Option<HashMap<u64, Hidden>>) -> Result<Option<Bytes>, SinkError> {
        let HeldFrames { frames: ClipFrames { encoding, orientation, colours, samples, .. }, permit } = held;
        let input = match encoding {
            None => return Ok(None),
            Some(v1::Encoding::H264) => ClipInput::Units(Codec::H264, orientation, colours),
            Some(v1::Encoding::H265) => ClipInput::Units(Codec::H265, orientation, colours),
            Some(_) => ClipInput::Pictures,
        };
        let encoder = self.encoders.clone().acquire_owned().await;
        let made = blocking(move || {
            let made = match hidden {
                None => write_mp4(input, samples, ENCODE_DEADLINE),
                Some(hidden) => write_blurred_mp4(input, samples, &hidden, ENCODE_DEADLINE),
            };
            drop((permit, encoder));
            made
        });
        match made.await? {
            Ok(clip) => Ok(Some(clip.mp4.into())),
            Err(ClipError::Empty) => Ok(None),
            Err(error) => Err(SinkError::Clip(error)),
        }
    }
}
