//! Tells whoever waits for an uploaded file why it cannot be read.

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

/// Writes it until Kafka has it; false when stopped before. Does nothing for a camera that is no uploaded file.
pub(crate) async fn report(
    id: &CameraId,
    camera: &CameraConfig,
    error: &SourceError,
    publisher: &dyn FramePublisher,
    backoff: BackoffConfig,
    stop: &CancellationToken,
) -> bool {
    let Some(Source::File(file)) = &camera.source else { return true };
    if file.object.is_empty() || file.session == 0 {
        return true;
    }
    let fault = FileFault {
        camera_id: id.to_string(),
        session: file.session,
        is_final: error.is_of_the_file(),
        text: shortened(&chain(error).to_string()),
    };
    let mut backoff = Backoff::new(backoff);
    loop {
        let problem = tokio::select! {
            () = stop.cancelled() => return false,
            written = write(publisher, &fault) => match written {
                Ok(()) => return true,
                Err(problem) => problem,
            },
        };
        tracing::warn!(camera = %id, error = %chain(&problem), "Kafka does not take why a file cannot be read");
        // What is tried again is told again.
        if !fault.is_final {
            return true;
        }
        if !backoff.wait(stop).await {
            return false;
        }
    }
}

async fn write(publisher: &dyn FramePublisher, fault: &FileFault) -> Result<(), PublishError> {
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
