//! The threads in the order of the flow, connected by bounded channels: read → decode and preprocess → infer → track and apply
//! rules (on the caller's thread).

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use vru_infer::analysis::{AnalysisSettings, CameraAnalysis};
use vru_infer::decode::{DecodedFrame, FrameDecoder};
use vru_infer::engine::Engine;
use vru_infer::model::{PreparedPicture, Preparer};
use vru_infer::picture::Picture;
use vru_ingest::error::SourceError;
use vru_media::shown::Unconverted;
use vru_proto::v1;
use vru_runtime::report::chain;
use vru_vision::detection::Detection;

/// Frames that may wait between two threads: enough to even out slow key frames, few enough for memory.
const CHANNEL_FRAMES: usize = 8;

/// A frame with its results, which are those that the service would publish.
#[derive(Debug)]
pub(super) struct AnalysedFrame {
    /// The frame from the file source.
    pub frame: v1::Frame,
    /// As the model saw it: decoded from a JPEG, it may be smaller.
    pub picture: Picture,
    pub detections: v1::FrameDetections,
    pub alerts: Vec<v1::Alert>,
}

struct PreparedFrame {
    decoded: DecodedFrame,
    prepared: PreparedPicture,
    decode: Duration,
    preprocess: Duration,
}

struct DetectedFrame {
    decoded: DecodedFrame,
    found: Vec<Detection>,
    timings: v1::StageTimings,
}

/// Analyses all frames; `each` receives them in order. Returns how many frames could not be decoded, and what a player would do with the
/// others.
pub(super) fn run(
    frames: impl Iterator<Item = Result<v1::Frame, SourceError>> + Send,
    engine: Engine,
    camera: Option<&v1::CameraConfig>,
    settings: AnalysisSettings,
    each: &mut dyn FnMut(AnalysedFrame) -> anyhow::Result<()>,
) -> anyhow::Result<(u64, Vec<Unconverted>)> {
    let model = engine.model().clone();
    let preparer = model.preparer().context("prepare the model's input")?;
    let (frames_tx, frames_rx) = sync_channel(CHANNEL_FRAMES);
    let (ready_tx, ready_rx) = sync_channel(CHANNEL_FRAMES);
    let (inferred_tx, inferred) = sync_channel::<anyhow::Result<DetectedFrame>>(CHANNEL_FRAMES);
    std::thread::scope(|scope| {
        scope.spawn(move || read(frames, &frames_tx));
        let decoding = scope.spawn(move || decode(&frames_rx, FrameDecoder::new(model), preparer, &ready_tx));
        scope.spawn(move || infer(engine, &ready_rx, &inferred_tx));
        let mut analysis = CameraAnalysis::new(camera, settings);
        let mut ended = Ok(());
        for next in inferred {
            ended = next.and_then(|DetectedFrame { decoded, found, timings }| {
                let DecodedFrame { frame, picture } = decoded;
                let (detections, alerts) = analysis.observe(&frame, &found, Some(&picture), timings);
                each(AnalysedFrame { frame, picture, detections, alerts })
            });
            if ended.is_err() {
                break;
            }
        }
        // The loop has dropped its receiver: the sends of the other threads fail, and they end one after the other.
        let decoded = decoding.join().map_err(|_| anyhow::anyhow!("the decoder thread panicked"))?;
        ended.map(|()| decoded)
    })
}

fn read(
    frames: impl Iterator<Item = Result<v1::Frame, SourceError>>,
    out: &SyncSender<Result<v1::Frame, SourceError>>,
) {
    for frame in frames {
        if out.send(frame).is_err() {
            return;
        }
    }
}

fn decode(
    frames: &Receiver<Result<v1::Frame, SourceError>>,
    mut decoder: FrameDecoder,
    mut preparer: Preparer,
    out: &SyncSender<anyhow::Result<PreparedFrame>>,
) -> (u64, Vec<Unconverted>) {
    let mut undecodable = 0;
    for frame in frames {
        let started = Instant::now();
        let decoded = match frame {
            Ok(frame) => decoder.decode(frame),
            Err(error) => {
                drop(out.send(Err(anyhow::Error::new(error).context("decode the video"))));
                break;
            }
        };
        if let Some(error) = &decoded.failed {
            // As in the service, one broken frame does not end the analysis.
            tracing::warn!(error = %chain(error), "a frame cannot be decoded and is skipped");
            undecodable += 1;
        }
        undecodable += decoded.lost.len() as u64;
        let mut decode = started.elapsed();
        for decoded in decoded.frames.into_iter().filter(|decoded| decoded.frame.analyse) {
            let started = Instant::now();
            let ready = preparer.prepare(&decoded.picture).context("preprocess a frame").map(|prepared| {
                let decode = std::mem::take(&mut decode);
                PreparedFrame { decoded, prepared, decode, preprocess: started.elapsed() }
            });
            if out.send(ready).is_err() {
                return (undecodable, decoder.unconverted().to_vec());
            }
        }
    }
    (undecodable, decoder.unconverted().to_vec())
}

fn infer(
    mut engine: Engine,
    ready: &Receiver<anyhow::Result<PreparedFrame>>,
    out: &SyncSender<anyhow::Result<DetectedFrame>>,
) {
    let max_batch = engine.max_batch(0);
    while let Ok(first) = ready.recv() {
        let mut batch: Vec<anyhow::Result<PreparedFrame>> = vec![first];
        while batch.len() < max_batch {
            let Ok(next) = ready.try_recv() else { break };
            batch.push(next);
        }
        let inferred = batch
            .into_iter()
            .collect::<anyhow::Result<Vec<PreparedFrame>>>()
            .and_then(|batch| run_batch(&mut engine, batch));
        match inferred {
            Ok(inferred) => {
                if inferred.into_iter().any(|frame| out.send(Ok(frame)).is_err()) {
                    return;
                }
            }
            Err(error) => {
                drop(out.send(Err(error)));
                return;
            }
        }
    }
}

fn run_batch(engine: &mut Engine, batch: Vec<PreparedFrame>) -> anyhow::Result<Vec<DetectedFrame>> {
    let started = Instant::now();
    let outputs =
        engine.run(&batch.iter().map(|ready| &ready.prepared).collect::<Vec<_>>()).context("run the model")?;
    let inference = started.elapsed();
    let model = engine.model();
    let read =
        batch.into_iter().zip(&outputs).map(|(PreparedFrame { decoded, prepared, decode, preprocess }, output)| {
            let started = Instant::now();
            let found =
                model.detections(output, prepared.placement, prepared.source).context("decode the model's output")?;
            let timings = v1::StageTimings {
                queued_us: 0,
                decode_us: micros(decode),
                preprocess_us: micros(preprocess),
                inference_us: micros(inference),
                postprocess_us: micros(started.elapsed()),
                track_us: 0,
            };
            Ok(DetectedFrame { decoded, found, timings })
        });
    read.collect()
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
