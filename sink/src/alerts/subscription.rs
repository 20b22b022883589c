//! What one subscriber receives: `Subscribed`, then the replay if there is one, then what the hub's ring holds and what comes; a heartbeat
//! when nothing else is sent; and a status with the resume token at the end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use vru_auth::Identity;
use vru_proto::names::METADATA_RESUME_TOKEN;
use vru_runtime::clock::{now_us, sleep_until};

use super::encoded_alert::EncodedAlert;
use super::filter::Filter;
use super::hub::{Attachment, Step};
use super::replay::{ReplayStep, Replays};
use super::response::Response;
use super::resume_token::{Positions, encode};
use super::wire::{token_field, token_text};
use crate::metrics::{ENDED_STREAMS, REPLAYS, SENT_ALERTS};

/// Where the next response comes from.
pub(crate) enum Source {
    Replay(mpsc::Receiver<ReplayStep>),
    Hub(Attachment),
}

/// When a stream must end by itself.
#[derive(Debug, Clone)]
pub(crate) struct Lifetime {
    /// None when it never expires.
    expires: Option<Instant>,
    /// Cancelled when the key of the bearer token is no longer trusted.
    revoked: CancellationToken,
    /// Cancelled when the server stops.
    stop: CancellationToken,
    /// Cancelled when the topic was deleted and created again.
    recreated: CancellationToken,
}

pub(crate) struct Subscription {
    pub(crate) replays: Arc<Replays>,
    pub(crate) source: Source,
    pub(crate) filter: Arc<Filter>,
    /// The position after the last response; before the first alert or gap, the one at which the stream begins.
    pub(crate) positions: Positions,
    pub(crate) heartbeat: Duration,
    /// Alerts that may wait for a subscriber that does not read.
    pub(crate) queue: usize,
    pub(crate) lifetime: Lifetime,
    /// The token of a deleted topic with which the subscriber resumes, until it is told that the rest of that topic is lost.
    pub(crate) of_deleted_topic: Option<String>,
    /// The token of the last response that was sent as a whole, as an encoded field.
    pub(crate) sent: Bytes,
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Expired,
    Revoked,
    Stopping,
    Recreated,
    TooSlow,
}

/// What a subscription waits for.
enum Next {
    /// None when the replay found the subscriber too slow.
    Replay(Option<ReplayStep>),
    /// The hub has more; false when it is gone.
    Hub(bool),
    Silence,
    End(End),
}

impl Lifetime {
    pub(crate) fn new(identity: &Identity, stop: CancellationToken, recreated: CancellationToken) -> Self {
        let expires = identity
            .expires_at
            .and_then(|at| Instant::now().checked_add(at.duration_since(SystemTime::now()).unwrap_or_default()));
        Self { expires, revoked: identity.revoked.clone(), stop, recreated }
    }

    /// Resolves when the stream must end.
    pub(crate) async fn over(&self) -> End {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => End::Stopping,
            () = self.recreated.cancelled() => End::Recreated,
            () = self.revoked.cancelled() => End::Revoked,
            () = sleep_until(self.expires) => End::Expired,
        }
    }

    fn is_over(&self) -> Option<End> {
        let expired = self.expires.is_some_and(|at| at <= Instant::now());
        let ends = [
            (self.stop.is_cancelled(), End::Stopping),
            (self.recreated.is_cancelled(), End::Recreated),
            (self.revoked.is_cancelled(), End::Revoked),
            (expired, End::Expired),
        ];
        ends.into_iter().find_map(|(over, end)| over.then_some(end))
    }
}

impl Subscription {
    /// The first response, which waits for nothing. Its token is the position at which the stream begins, so that a subscriber that
    /// disconnects before anything else was sent can resume.
    pub(crate) fn subscribed(&self) -> Response {
        match &self.of_deleted_topic {
            Some(token) => Response::subscribed(token),
            None => Response::subscribed(&self.token()),
        }
    }

    /// Call it when a response was sent as a whole. `token`: that of the response, as an encoded field.
    pub(crate) fn confirm(&mut self, token: &Bytes) {
        self.sent = token.clone();
    }

    /// The next response if it waits already, in the ring or because the topic is another one. None also when the stream must end.
    pub(crate) fn waiting(&mut self) -> Option<Response> {
        if self.lifetime.is_over().is_some() {
            return None;
        }
        if self.of_deleted_topic.take().is_some() {
            return Some(Response::recreated(&self.token()));
        }
        let Source::Hub(attachment) = &mut self.source else { return None };
        match attachment.step(&mut self.positions) {
            Step::Alert { alert, token } => Some(self.alert(&alert, "live", token)),
            Step::Gap { missed } => Some(Response::gap(missed, &self.token())),
            Step::Drained | Step::Evicted => None,
        }
    }

    /// The next response, or the status that ends the stream.
    pub(crate) async fn next(&mut self) -> Result<Response, Status> {
        loop {
            // Checked first: otherwise a stream that always has something to send would never end.
            if let Some(end) = self.lifetime.is_over() {
                return Err(self.end(end));
            }
            if let Some(response) = self.waiting() {
                return Ok(response);
            }
            if matches!(&self.source, Source::Hub(attachment) if attachment.is_evicted()) {
                REPLAYS.with_label_values(&["behind the ring"]).inc();
                let replay = self.replays.start(self.positions.clone(), self.filter.clone());
                self.source = Source::Replay(replay);
            }
            match self.wait().await {
                Next::Replay(Some(ReplayStep::Alert(alert))) => {
                    alert.advance(&mut self.positions);
                    return Ok(self.alert(&alert, "replay", None));
                }
                Next::Replay(Some(ReplayStep::Gap { missed, positions })) => {
                    self.positions = positions;
                    return Ok(Response::gap(missed, &self.token()));
                }
                Next::Replay(Some(ReplayStep::Attached { attachment, positions, .. })) => {
                    self.positions = positions;
                    self.source = Source::Hub(attachment);
                }
                Next::Replay(Some(ReplayStep::Failed(status))) => {
                    return Err(self.status("kafka", status.code(), status.message()));
                }
                Next::Replay(None) => return Err(self.end(End::TooSlow)),
                Next::Hub(true) => {}
                Next::Hub(false) => {
                    let message = "the server restarts its feed: resume with the token";
                    return Err(self.status("hub", Code::Unavailable, message));
                }
                // If nothing is left to send, its token is after the alerts that the filter excluded.
                Next::Silence => return Ok(Response::heartbeat(now_us(), &self.token())),
                Next::End(end) => return Err(self.end(end)),
            }
        }
    }

    async fn wait(&mut self) -> Next {
        let over = self.lifetime.over();
        let silence = tokio::time::sleep(self.heartbeat);
        match &mut self.source {
            Source::Replay(steps) => tokio::select! {
                biased;
                end = over => Next::End(end),
                step = steps.recv() => Next::Replay(step),
                () = silence => Next::Silence,
            },
            Source::Hub(attachment) => tokio::select! {
                biased;
                end = over => Next::End(end),
                more = attachment.changed() => Next::Hub(more),
                () = silence => Next::Silence,
            },
        }
    }

    /// Resolves when the stream must end although the subscriber has not taken the last response yet.
    pub(crate) async fn overdue(&mut self) -> End {
        let too_slow = async {
            match &mut self.source {
                Source::Hub(attachment) => attachment.overflowed(self.queue).await,
                // The replay ends by itself when nobody takes its steps.
                Source::Replay(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            end = self.lifetime.over() => end,
            () = too_slow => End::TooSlow,
        }
    }

    /// The status that ends the stream, with the token of the last response that was sent as a whole.
    pub(crate) fn end(&self, end: End) -> Status {
        match end {
            End::Expired => {
                let message = "the bearer token has expired: resume with a new one";
                self.status("expired", Code::Unauthenticated, message)
            }
            End::Revoked => {
                let message = "the key of the bearer token is no longer valid: resume with a new token";
                self.status("revoked", Code::Unauthenticated, message)
            }
            End::Stopping => self.status("stopping", Code::Unavailable, "the server shuts down: resume with the token"),
            End::Recreated => {
                let message = "the topic of alerts was deleted and created again: resume with the token";
                self.status("recreated", Code::Unavailable, message)
            }
            End::TooSlow => {
                let message = "the subscriber reads too slowly: resume with the token";
                self.status("slow", Code::ResourceExhausted, message)
            }
        }
    }

    fn alert(&self, alert: &EncodedAlert, source: &str, token: Option<Bytes>) -> Response {
        SENT_ALERTS.with_label_values(&[source]).inc();
        let token = token.unwrap_or_else(|| token_field(&self.token()));
        Response::alert(alert, &self.filter, token)
    }

    fn token(&self) -> String {
        encode(self.replays.hub.stream(), &self.positions)
    }

    /// A status that carries the token in its message and in its trailer.
    fn status(&self, reason: &str, code: Code, message: &str) -> Status {
        ENDED_STREAMS.with_label_values(&[reason]).inc();
        let token = token_text(&self.sent);
        let mut status = Status::new(code, format!("{message}; {METADATA_RESUME_TOKEN}: {token}"));
        let value = MetadataValue::try_from(&token).expect("base64 is ASCII");
        status.metadata_mut().insert(METADATA_RESUME_TOKEN, value);
        status
    }
}

#[cfg(test)]
mod tests;
