//! Publishes a file from where Kafka's copy of it ends, and waits until everybody has consumed it.

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use vru_proto::v1::{FileSource, Frame};

use super::frames::FileFrames;
use super::identity::Identity;
use super::object::StoredObject;
use super::options::FileOptions;
use super::position::PositionRecorder;
use super::publish::FilePublisher;
use super::report::{FileReport, SharedReport};
use crate::error::SourceError;
use crate::file_faults;
use crate::publisher::{FramePublisher, Published};
use crate::source::SourceContext;
use crate::waits::Waiting;

/// Publishes the file, then waits to be stopped (Ok).
pub async fn stream(
    source: &FileSource,
    context: &SourceContext,
    publisher: &dyn FramePublisher,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let mut options = FileOptions::new(context.camera.clone(), source, context.plan.clone());
    if !source.object.is_empty() {
        let key = source.object.clone();
        let bucket = context.objects.as_ref().ok_or_else(|| SourceError::NoBucket { key: key.clone() })?;
        options.path = PathBuf::from(&key);
        options.object = Some(StoredObject::find(bucket, &key).await?);
    }
    let path = options.path.display().to_string();
    let waiting = Waiting::new(context.camera.as_str(), "Kafka to tell how much of the file it holds");
    let identity = tokio::task::spawn_blocking({
        let options = options.clone();
        move || Identity::of(&options)
    });
    let identity = identity.await.map_err(|_| SourceError::ReaderEnded { path: path.clone() })??;
    options.max_picture_bytes = Some(context.config.kafka.largest_picture());
    // Set explicitly now: if the file is changed while it is read, its derived identity would change.
    (options.session, options.start_time_us) = (identity.session, identity.start_time_us);
    let published = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        published = publisher.last_published(&context.camera, identity.session) => published,
    };
    let Published { topic, last } = published.map_err(|error| SourceError::Resume(Box::new(error)))?;
    options.skip = last.map_or(0, |last| last.sequence + 1);
    let report = SharedReport::default();
    let positions = PositionRecorder::new(publisher, &context.camera, identity.session, topic, last, report.clone());
    let backoff = context.config.live.backoff;
    if last.is_some_and(|last| last.end_of_stream) {
        // A process that was killed, or an earlier version, may not have written it.
        if !positions.finish(&waiting, backoff, stop).await {
            return Ok(());
        }
        waiting.ended("it was published completely before".to_owned());
        drop(waiting);
    } else {
        tracing::info!(path, session = identity.session, from = options.skip, "publishing video file");
        let camera = context.camera.as_str();
        let mut file = FilePublisher::new(&context.config.file, publisher, camera, positions, waiting);
        let frames = read(options, report.clone());
        // Once the end is published, nobody reads the file again.
        let told = async {
            let report = report.get();
            if source.object.is_empty() || report.is_whole() {
                return true;
            }
            let text = report.faults().join("; ");
            file_faults::report_damage(&context.camera, identity.session, &text, publisher, backoff, stop).await
        };
        if !file.run(&path, frames, told, stop).await? || !file.record_end(backoff, stop).await {
            return Ok(());
        }
        tell(&path, identity.session, &report.get());
        file.ended(report.get().summary(), report.get().lost_at_end);
        file.wait_until_consumed(stop).await?;
    }
    stop.cancelled().await;
    Ok(())
}

/// Says what the file gave.
fn tell(path: &str, session: u64, report: &FileReport) {
    if report.retimed > 0 {
        let frames = report.retimed;
        tracing::warn!(
            path,
            frames,
            "times in the video file are missing or do not rise; the nominal rate replaces them"
        );
    }
    if report.is_whole() {
        tracing::info!(path, session, frames = report.frames, "video file is published completely");
    } else {
        let faults = report.faults().join("; ");
        tracing::warn!(
            path,
            session,
            frames = report.frames,
            faults,
            "video file is damaged; what can be read of it is published"
        );
    }
}

/// Reads on a thread of its own. The channel is short because the reader decodes ahead already.
fn read(options: FileOptions, kept: SharedReport) -> mpsc::Receiver<Result<Frame, SourceError>> {
    let (frames_tx, frames) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || match FileFrames::open(&options) {
        Ok(mut frames) => {
            // The report is complete when the last frame is there.
            while let Some(frame) = frames.next() {
                kept.set(frames.report().get());
                if frames_tx.blocking_send(frame).is_err() {
                    return;
                }
            }
        }
        // Sending fails only when the file was stopped meanwhile.
        Err(error) => drop(frames_tx.blocking_send(Err(error))),
    });
    frames
}
