//! Cameras that ingest connects to: RTSP over TCP or UDP, with or without TLS.

mod camera_times;
mod element;
mod link;
mod one_source;

use std::sync::Arc;

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;
use vru_proto::camera_url::CameraUrl;
use vru_proto::v1::PullSource;

use super::running_pipeline::{ConnectionLimits, RunningPipeline};
use super::{CameraSession, Facts, SourceContext};
use crate::error::SourceError;
use element::Receiver;
use link::{Dial, Link, LinkError, PacketPath, SessionPad, threads};

#[cfg(feature = "fuzzing")]
pub(crate) use link::fuzzing;

/// Connects and receives until stopped (Ok) or failed.
pub async fn stream(
    source: &PullSource,
    context: &SourceContext,
    session: Arc<CameraSession>,
    stop: &CancellationToken,
) -> Result<(), SourceError> {
    vru_media::init()?;
    let config = &context.config;
    let url = CameraUrl::parse(&source.url).map_err(|problem| SourceError::Url { problem })?;
    let limits = ConnectionLimits {
        url: url.shown(),
        open_timeout: config.pull.open_timeout,
        stall_timeout: config.live.stall_timeout,
    };
    let session_pad = SessionPad::default();
    let packets = PacketPath::new(session_pad.clone());
    let mut link = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        link = open_link(source, &url, &limits, context, session.facts(), packets) => link?,
    };
    let running = RunningPipeline::new(&context.shutdowns, &context.camera)?;
    let receiver =
        Receiver::new(&link.location, source.transport(), context, &running.pipeline, &session, session_pad)?;
    running.add(&receiver.element)?;
    let result = tokio::select! {
        // First, because `rtspsrc` fails too when the link does, and does not know why.
        biased;
        error = link.failed() => Err(error.into_source_error(&limits)),
        result = running.run(&session, &limits, stop, || receiver.has_no_video()) => match link.told() {
            Some(error) if result.is_err() => Err(error.into_source_error(&limits)),
            _ => result,
        },
    };
    if *link.accepted.borrow() {
        context.login.accepted();
    }
    // `rtspsrc` says goodbye through the link.
    running.shut_down().await;
    result
}

/// The link of a camera, while its task runs. Dropping it closes the connections.
struct RunningLink {
    location: String,
    accepted: watch::Receiver<bool>,
    error: oneshot::Receiver<LinkError>,
    _task: AbortOnDropHandle<()>,
}

impl RunningLink {
    /// Waits until the link fails. Never returns when it ends otherwise: then `rtspsrc` ends too.
    async fn failed(&mut self) -> LinkError {
        match (&mut self.error).await {
            Ok(error) => error,
            Err(_) => std::future::pending().await,
        }
    }

    /// The error of a link that has failed meanwhile. It is told before `rtspsrc` loses its connection, so whoever sees `rtspsrc` fail
    /// for that reason finds it here.
    fn told(&mut self) -> Option<LinkError> {
        self.error.try_recv().ok()
    }
}

/// Resolves the credentials and connects.
async fn open_link(
    source: &PullSource,
    url: &CameraUrl<'_>,
    limits: &ConnectionLimits,
    context: &SourceContext,
    facts: Arc<Facts>,
    packets: PacketPath,
) -> Result<RunningLink, SourceError> {
    let login = match &source.credentials {
        None => None,
        // Resolved again for each connection, so that a change takes effect at once.
        Some(credentials) => Some(context.login.references.login(credentials).await?),
    };
    context.login.learn(login.as_ref(), url);
    let target = match &login {
        Some(login) => url.with_login(&login.username, login.password.expose()),
        None => source.url.clone(),
    };
    let references = context.login.references.clone();
    let dial = Dial {
        tls: source.tls.clone(),
        references,
        networks: context.config.networks(),
        facts,
        timeout: context.config.pull.open_timeout,
    };
    let thread = threads::next();
    let opened = AbortOnDropHandle::new(thread.spawn(Link::open(target, login, dial, packets).in_current_span())).await;
    let opened = opened.unwrap_or_else(|panicked| Err(LinkError::Broken(panicked.to_string())));
    let mut link = opened.map_err(|error| error.into_source_error(limits))?;
    let (location, accepted) = (link.location().to_owned(), link.accepted());
    let (error_tx, error) = oneshot::channel();
    let task = async move {
        if let Err(error) = link.run().await {
            // The receiver is gone when the pipeline ended first.
            error_tx.send(error).ok();
        }
    };
    let task = AbortOnDropHandle::new(thread.spawn(task.in_current_span()));
    Ok(RunningLink { location, accepted, error, _task: task })
}

impl LinkError {
    fn into_source_error(self, limits: &ConnectionLimits) -> SourceError {
        let url = limits.url.clone();
        match self {
            Self::TimedOut => SourceError::OpenTimedOut { url, after: limits.open_timeout },
            Self::Tls(problem) | Self::TlsSettings(problem) => SourceError::Tls { url, problem },
            Self::Refused(status) => SourceError::LoginRefused { url, status },
            Self::Missing => SourceError::LoginMissing { url },
            Self::Unsupported(offered) => SourceError::LoginUnsupported { url, offered },
            Self::Lookup(source) => SourceError::Lookup { url, source },
            Self::Forbidden(address, kind) => SourceError::Forbidden { url, address, kind },
            Self::Connect(source) => SourceError::Connect { url, source },
            error @ Self::Broken(_) => SourceError::Stream { url, problem: error.to_string() },
        }
    }
}
