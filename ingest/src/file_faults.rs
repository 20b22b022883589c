//! Tells whoever waits for an uploaded file why it cannot be read, or what is missing in it.

use futures::channel::oneshot;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::v1::camera_config::Source;
use vru_proto::v1::{CameraConfig, FileFault};
use vru_proto::validate::MAX_FAULT_BYTES;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use crate::error::SourceError;
use crate::publisher::{FramePublisher, PublishError, Reply};

/// Says why the file cannot be read, until Kafka has it; false when stopped before. Does nothing for a camera that is no uploaded file.
pub(crate) async fn report(
    id: &CameraId,
    camera: &CameraConfig,
    error: &SourceError,
    publisher: &dyn FramePublisher,
    backoff: BackoffConfig,
    stop: &CancellationToken,
) -> bool {
    let Some(session) = uploaded(camera) else { return true };
    let is_final = error.is_of_the_file();
    let text = shortened(&chain(error).to_string());
    let fault = FileFault { camera_id: id.to_string(), session, is_final, text, is_damage: false };
    // What is tried again is told again.
    let repeats = is_final;
    write(&fault, repeats, publisher, backoff, stop).await
}

/// Says what is missing in the frames of an uploaded file, until Kafka has it; false when stopped before.
pub(crate) async fn report_damage(
    id: &CameraId,
    session: u64,
    text: &str,
    publisher: &dyn FramePublisher,
    backoff: BackoffConfig,
    stop: &CancellationToken,
) -> bool {
    let text = shortened(text);
    let fault = FileFault { camera_id: id.to_string(), session, is_final: false, text, is_damage: true };
    write(&fault, true, publisher, backoff, stop).await
}

/// The session of an uploaded file.
fn uploaded(camera: &CameraConfig) -> Option<u64> {
    let Some(Source::File(file)) = &camera.source else { return None };
    (!file.object.is_empty() && file.session != 0).then_some(file.session)
}

async fn write(
    fault: &FileFault,
    repeats: bool,
    publisher: &dyn FramePublisher,
    backoff: BackoffConfig,
    stop: &CancellationToken,
) -> bool {
    let mut backoff = Backoff::new(backoff);
    loop {
        let problem = tokio::select! {
            () = stop.cancelled() => return false,
            written = write_once(publisher, fault) => match written {
                Ok(()) => return true,
                Err(problem) => problem,
            },
        };
        let camera = fault.camera_id.as_str();
        tracing::warn!(camera, error = %chain(&problem), "Kafka does not take what is wrong with a file");
        if !repeats {
            return true;
        }
        if !backoff.wait(stop).await {
            return false;
        }
    }
}

async fn write_once(publisher: &dyn FramePublisher, fault: &FileFault) -> Result<(), PublishError> {
    let (outcome, written) = oneshot::channel();
    // The future may have been dropped.
    publisher.report(fault.clone(), Reply::new(move |result| drop(outcome.send(result))))?;
    written.await.unwrap_or(Err(PublishError::Closed)).map(drop)
}

fn shortened(text: &str) -> String {
    let mut text = text.replace('\0', " ");
    let mut end = text.len().min(MAX_FAULT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
