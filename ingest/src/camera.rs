//! One camera: `run` reconnects without limit, `run_once` is one connection.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use vru_media::pipeline_set::PipelineSet;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;
use vru_proto::v1::camera_config::Source;
use vru_runtime::cameras::References;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, Retryable as _};
use vru_storage::s3::Bucket;

use crate::camera_login::CameraLogin;
use crate::config::IngestConfig;
use crate::error::SourceError;
use crate::file_faults;
use crate::live_sender::LiveSender;
use crate::login_pace::LoginPace;
use crate::metrics;
use crate::publisher::FramePublisher;
use crate::source::push::PathRegistry;
use crate::source::{CameraSession, OutputPlan, PipelineShutdowns, SessionIds, SourceContext, file, pull, push};
use crate::waits::Waiting;

/// How long a camera that is stopped may still send the frames in its queue.
const DRAIN: Duration = Duration::from_secs(2);

/// What all cameras of the process use.
#[derive(Debug, Clone)]
pub struct CameraContext {
    pub config: Arc<IngestConfig>,
    pub publisher: Arc<dyn FramePublisher>,
    /// The paths of the push server.
    pub push_paths: Arc<PathRegistry>,
    /// The pipelines that cameras can choose.
    pub pipelines: Arc<PipelineSet>,
    /// The pipelines that shut down.
    pub shutdowns: Arc<PipelineShutdowns>,
    /// Where files are that are objects; `None`: nowhere.
    pub objects: Option<Bucket>,
}

/// Connects to the camera again and again until stopped.
pub async fn run(id: CameraId, camera: Arc<CameraConfig>, context: CameraContext, stop: CancellationToken) {
    let sender = LiveSender::new(id.clone(), context.publisher.clone(), &context.config.live);
    match camera.source {
        // A file that is at its end is no camera without a connection.
        Some(Source::File(_)) => metrics::not_watched(id.as_str()),
        _ => metrics::watched(id.as_str()),
    }
    tokio::select! {
        () = reconnect_forever(&id, &camera, &sender, &context, &stop) => {}
        () = sender.watch_acknowledgements() => {}
    }
    sender.close();
    drain(&id, &sender).await;
}

async fn reconnect_forever(
    id: &CameraId,
    camera: &CameraConfig,
    sender: &Arc<LiveSender>,
    context: &CameraContext,
    stop: &CancellationToken,
) {
    let live = &context.config.live;
    let login = Arc::new(CameraLogin::new(References::new(&context.config.cameras)));
    let mut backoff = Backoff::new(live.backoff);
    let mut login_pace = LoginPace::new(&context.config.pull);
    let mut session_ids = SessionIds::default();
    while !stop.is_cancelled() {
        let started = Instant::now();
        let file = file_stamp(camera, context).await;
        let connection = run_once(id, camera, &login, &mut session_ids, sender, context, stop);
        let Err(error) = connection.await else { break };
        if stop.is_cancelled() {
            break;
        }
        metrics::ERRORS.with_label_values(&[id.as_str(), error.kind()]).inc();
        if started.elapsed() > live.backoff.max {
            backoff.reset();
        }
        if login.take_accepted() {
            login_pace.reset();
        }
        let retryable = error.is_retryable();
        if !file_faults::report(id, camera, &error, context.publisher.as_ref(), live.backoff, stop).await {
            break;
        }
        tracing::warn!(
            session = session_ids.last(),
            attempt = backoff.attempts(),
            retryable,
            error = login.mask(&chain(&error).to_string()),
            "camera connection failed, connecting again"
        );
        let waited = if retryable {
            backoff.wait(stop).await
        } else if let Some(file) = file.filter(|_| error.is_of_the_file()) {
            let waiting = Waiting::new(id.as_str(), &format!("another version of its file: {}", chain(&error)));
            let changed = file.changed(stop).await;
            drop(waiting);
            changed
        } else if error.is_failed_login() {
            login_pace.wait(camera, &login, stop).await
        } else {
            wait_longest(context, stop).await
        };
        if !waited {
            break;
        }
    }
}

/// The camera's video file as it is now.
async fn file_stamp(camera: &CameraConfig, context: &CameraContext) -> Option<file::FileStamp> {
    match (&camera.source, &context.objects) {
        (Some(Source::File(source)), Some(bucket)) if !source.object.is_empty() => {
            Some(file::FileStamp::of_object(bucket, &source.object).await)
        }
        (Some(Source::File(source)), _) if source.object.is_empty() => {
            Some(file::FileStamp::of(Path::new(&source.path)))
        }
        _ => None,
    }
}

/// Errors that a person must fix are retried at the slowest pace.
async fn wait_longest(context: &CameraContext, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(context.config.live.backoff.max) => true,
    }
}

async fn drain(id: &CameraId, sender: &LiveSender) {
    if tokio::time::timeout(DRAIN, sender.finished()).await.is_err() {
        // The few frames in flight are still counted when their outcome is known.
        let dropped = sender.drop_queued();
        tracing::warn!(camera = %id, dropped, deadline = ?DRAIN, "camera stopped before all its frames were sent");
    }
}

/// One connection, until it fails or is stopped (Ok).
async fn run_once(
    id: &CameraId,
    camera: &CameraConfig,
    login: &Arc<CameraLogin>,
    session_ids: &mut SessionIds,
    sender: &Arc<LiveSender>,
    context: &CameraContext,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    let plan = OutputPlan::new(camera.output.as_ref(), &context.pipelines)?;
    let (config, shutdowns, objects) = (context.config.clone(), context.shutdowns.clone(), context.objects.clone());
    let source_context = SourceContext { camera: id.clone(), plan, config, login: login.clone(), shutdowns, objects };
    let tolerance = context.config.live.clock_tolerance;
    let mut open_session =
        || Arc::new(CameraSession::new(id.clone(), session_ids.allocate(), sender.clone(), tolerance));
    match &camera.source {
        Some(Source::Pull(source)) => pull::stream(source, &source_context, open_session(), stop).await,
        Some(Source::Push(source)) => {
            push::stream(source, &source_context, &context.push_paths, open_session, stop).await
        }
        Some(Source::File(source)) => file::stream(source, &source_context, context.publisher.as_ref(), stop).await,
        None => {
            // Configurations are validated where they enter; one without a source never comes here.
            stop.cancelled().await;
            Ok(())
        }
    }
}
