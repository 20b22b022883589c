//! The stream of one subscriber: `Subscribed`, then the replay if there is one, then the hub's backlog and updates; a heartbeat
//! when nothing else is sent; and a status with the resume token at the end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use vru_proto::names::METADATA_RESUME_TOKEN;
use vru_runtime::clock::{now_us, sleep_until};

use super::encoded_alert::EncodedAlert;
use super::filter::Filter;
use super::hub::{Attachment, Update};
use super::replay::ReplayStep;
use super::response::Response;
use super::resume_token::{Positions, StreamId, encode};
use super::wire::token_field;
use crate::metrics::{ENDED_STREAMS, SENT_ALERTS};

/// Where the next response comes from.
pub(crate) enum Source {
    Replay(mpsc::Receiver<ReplayStep>),
    Hub(Attachment),
    Ended,
}

pub(crate) struct Subscription {
    pub(crate) stream: StreamId,
    pub(crate) source: Source,
    pub(crate) filter: Arc<Filter>,
    /// The position after the last response; before the first alert or gap, the one at which the stream begins.
    pub(crate) positions: Positions,
    pub(crate) heartbeat: Duration,
    pub(crate) expires_at: Option<SystemTime>,
    pub(crate) stop: CancellationToken,
}

/// What a subscription waits for.
enum Next {
    /// None when the replay found the subscriber too slow.
    Replay(Option<ReplayStep>),
    /// None when the hub is gone.
    Update(Option<Update>),
    Overflowed,
    Silence,
    Expired,
    Stopping,
}

impl Subscription {
    /// The responses. The stream is polled only as fast as the subscriber reads.
    ///
    /// The first response, `Subscribed`, waits for nothing. Its token is the position at which the stream begins, so that a
    /// subscriber that disconnects before anything else was sent can resume.
    pub(crate) fn responses(self) -> impl Stream<Item = Result<Response, Status>> + Send + 'static {
        let expires =
            self.expires_at.map(|at| Instant::now() + at.duration_since(SystemTime::now()).unwrap_or_default());
        let subscribed = Ok(Response::subscribed(&self.token()));
        let following = futures::stream::unfold(self, move |mut this| async move {
            let response = this.next(expires).await?;
            Some((response, this))
        });
        futures::stream::once(std::future::ready(subscribed)).chain(following)
    }

    /// None when the stream has ended.
    async fn next(&mut self, expires: Option<Instant>) -> Option<Result<Response, Status>> {
        loop {
            if let Some(alert) = self.next_of_backlog(expires) {
                return Some(Ok(self.deliver(&alert, "ring", None)));
            }
            let response = match self.wait(expires).await? {
                Next::Replay(Some(step)) => self.replayed(step),
                Next::Update(Some(update)) => self.updated(update),
                Next::Silence => Some(Ok(self.beat())),
                Next::Replay(None) | Next::Overflowed => {
                    // Counted where the subscriber was found too slow.
                    Some(self.end(Code::ResourceExhausted, "the subscriber reads too slowly: resume with the token"))
                }
                Next::Update(None) => {
                    Some(self.end_for("hub", Code::Unavailable, "the server restarts its feed: resume with the token"))
                }
                Next::Expired => {
                    let message = "the bearer token has expired: resume with a new one";
                    Some(self.end_for("expired", Code::Unauthenticated, message))
                }
                Next::Stopping => {
                    Some(self.end_for("stopping", Code::Unavailable, "the server shuts down: resume with the token"))
                }
            };
            if response.is_some() {
                return response;
            }
        }
    }

    /// None when the backlog is empty, or when the stream must end.
    fn next_of_backlog(&mut self, expires: Option<Instant>) -> Option<Arc<EncodedAlert>> {
        let ends = self.stop.is_cancelled() || is_past(expires);
        match &mut self.source {
            Source::Hub(attachment) if !ends && !attachment.overflowed.is_cancelled() => attachment.backlog.pop_front(),
            _ => None,
        }
    }

    /// None when the stream has ended.
    async fn wait(&mut self, expires: Option<Instant>) -> Option<Next> {
        // Checked first: otherwise a stream that always has something to send would never expire.
        if is_past(expires) && !matches!(self.source, Source::Ended) {
            return Some(Next::Expired);
        }
        let expired = sleep_until(expires);
        let silence = tokio::time::sleep(self.heartbeat);
        Some(match &mut self.source {
            Source::Ended => return None,
            Source::Replay(steps) => tokio::select! {
                biased;
                () = self.stop.cancelled() => Next::Stopping,
                step = steps.recv() => Next::Replay(step),
                () = expired => Next::Expired,
                () = silence => Next::Silence,
            },
            Source::Hub(attachment) => tokio::select! {
                biased;
                () = self.stop.cancelled() => Next::Stopping,
                () = attachment.overflowed.cancelled() => Next::Overflowed,
                update = attachment.updates.recv() => Next::Update(update),
                () = expired => Next::Expired,
                () = silence => Next::Silence,
            },
        })
    }

    /// None when there is nothing to send.
    fn replayed(&mut self, step: ReplayStep) -> Option<Result<Response, Status>> {
        match step {
            ReplayStep::Gap { missed, positions } => {
                self.positions = positions;
                Some(Ok(Response::gap(missed, &self.token())))
            }
            ReplayStep::Alert(alert) => Some(Ok(self.deliver(&alert, "replay", None))),
            ReplayStep::Attached(attachment, positions) => {
                self.positions = positions;
                self.source = Source::Hub(attachment);
                None
            }
            ReplayStep::Failed(status) => Some(self.end_for("kafka", status.code(), status.message())),
        }
    }

    /// None when there is nothing to send.
    fn updated(&mut self, update: Update) -> Option<Result<Response, Status>> {
        match update {
            Update::Gap { missed, positions } => {
                self.positions.clone_from(&positions);
                Some(Ok(Response::gap(missed, &self.token())))
            }
            Update::Alert { alert, token } => {
                // A subscriber whose token was ahead of this server has received the alert from another server.
                if self.positions.get(alert.partition).is_some_and(|position| alert.offset < *position) {
                    return None;
                }
                let ahead = matches!(&self.source, Source::Hub(attachment) if attachment.ahead);
                Some(Ok(self.deliver(&alert, "live", (!ahead).then_some(token))))
            }
        }
    }

    /// Moves past the alert. `token` is the token after it, if it is encoded already.
    fn deliver(&mut self, alert: &EncodedAlert, source: &str, token: Option<Bytes>) -> Response {
        alert.advance(&mut self.positions);
        SENT_ALERTS.with_label_values(&[source]).inc();
        let token = token.unwrap_or_else(|| token_field(&self.token()));
        Response::alert(alert, &self.filter, token)
    }

    /// A heartbeat. If nothing is left to send, its token is after the alerts that the filter excluded.
    fn beat(&mut self) -> Response {
        if let Source::Hub(attachment) = &self.source
            && let Some(head) = attachment.head_if_drained()
        {
            let known = self.positions.len();
            self.positions.resize(head.len().max(known), 0);
            for (position, head) in self.positions.iter_mut().zip(head) {
                *position = head.max(*position);
            }
        }
        Response::heartbeat(now_us(), &self.token())
    }

    fn token(&self) -> String {
        encode(self.stream, &self.positions)
    }

    /// Ends the stream as [`Self::end`] does, and counts the reason.
    fn end_for(&mut self, reason: &str, code: Code, message: &str) -> Result<Response, Status> {
        ENDED_STREAMS.with_label_values(&[reason]).inc();
        self.end(code, message)
    }

    /// Ends the stream with a status that carries the token in its message and in its trailer.
    fn end(&mut self, code: Code, message: &str) -> Result<Response, Status> {
        let token = self.token();
        self.source = Source::Ended;
        let mut status = Status::new(code, format!("{message}; {METADATA_RESUME_TOKEN}: {token}"));
        let value = MetadataValue::try_from(&token).expect("base64 is ASCII");
        status.metadata_mut().insert(METADATA_RESUME_TOKEN, value);
        Err(status)
    }
}

fn is_past(at: Option<Instant>) -> bool {
    at.is_some_and(|at| at <= Instant::now())
}

#[cfg(test)]
mod tests;
