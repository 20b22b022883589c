//! One subscriber's stream: replay, then backlog, then live; heartbeats when nothing else is said; and an end with a token.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::Stream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};
use vru_proto::names::METADATA_RESUME_TOKEN;
use vru_runtime::clock::{now_us, sleep_until};

use super::event::{Filter, Response, token_field};
use super::hub::{Attached, Live};
use super::replay::Step;
use super::token::{Positions, StreamId, encode};
use crate::metrics::{ENDED_STREAMS, SENT_ALERTS};

/// Where the next response comes from.
pub(crate) enum Source {
    Replay(mpsc::Receiver<Step>),
    Hub(Attached),
    Ended,
}

/// A subscriber.
pub(crate) struct Subscription {
    pub(crate) stream: StreamId,
    pub(crate) source: Source,
    pub(crate) filter: Arc<Filter>,
    /// After the last response that was taken.
    pub(crate) positions: Positions,
    pub(crate) heartbeat: Duration,
    pub(crate) expires_at: Option<SystemTime>,
    pub(crate) stop: CancellationToken,
}

/// What happened next.
enum Next {
    Step(Option<Step>),
    Live(Option<Live>),
    Slow,
    Silent,
    Expired,
    Stopping,
}

impl Subscription {
    /// The responses. Polled only as fast as the subscriber takes them.
    pub(crate) fn responses(self) -> impl Stream<Item = Result<Response, Status>> + Send + 'static {
        let expires =
            self.expires_at.map(|at| Instant::now() + at.duration_since(SystemTime::now()).unwrap_or_default());
        futures::stream::unfold(self, move |mut this| async move {
            let response = this.next(expires).await?;
            Some((response, this))
        })
    }

    async fn next(&mut self, expires: Option<Instant>) -> Option<Result<Response, Status>> {
        loop {
            if let Source::Hub(attached) = &mut self.source
                && !attached.slow.is_cancelled()
                && !self.stop.is_cancelled()
                && let Some(event) = attached.backlog.pop_front()
            {
                event.advance(&mut self.positions);
                SENT_ALERTS.with_label_values(&["ring"]).inc();
                return Some(Ok(Response::alert(&event, &self.filter, token_field(&self.token()))));
            }
            match self.wait(expires).await? {
                Next::Step(None) | Next::Slow => {
                    return Some(self.end(Code::ResourceExhausted, "slow", "too slow: resume with the token"));
                }
                Next::Step(Some(Step::Gap { missed, positions })) => {
                    self.positions = positions;
                    return Some(Ok(Response::gap(missed, &self.token())));
                }
                Next::Step(Some(Step::Alert(event))) => {
                    event.advance(&mut self.positions);
                    SENT_ALERTS.with_label_values(&["replay"]).inc();
                    return Some(Ok(Response::alert(&event, &self.filter, token_field(&self.token()))));
                }
                Next::Step(Some(Step::Attached(attached, positions))) => {
                    self.positions = positions;
                    self.source = Source::Hub(attached);
                }
                Next::Step(Some(Step::Failed(status))) => {
                    return Some(self.end(status.code(), "kafka", status.message()));
                }
                Next::Live(None) => {
                    return Some(self.end(Code::Unavailable, "hub", "the server reads anew: resume with the token"));
                }
                Next::Live(Some(Live::Gap { missed, positions })) => {
                    self.positions.clone_from(&positions);
                    return Some(Ok(Response::gap(missed, &self.token())));
                }
                Next::Live(Some(Live::Alert { event, token })) => {
                    if self.positions.get(event.partition).is_some_and(|position| event.offset < *position) {
                        continue;
                    }
                    event.advance(&mut self.positions);
                    SENT_ALERTS.with_label_values(&["live"]).inc();
                    let ahead = matches!(&self.source, Source::Hub(attached) if attached.ahead);
                    let token = if ahead { token_field(&self.token()) } else { token };
                    return Some(Ok(Response::alert(&event, &self.filter, token)));
                }
                Next::Silent => {
                    if let Source::Hub(attached) = &self.source
                        && let Some(head) = attached.quiet_head()
                    {
                        let known = self.positions.len();
                        self.positions.resize(head.len().max(known), 0);
                        for (position, head) in self.positions.iter_mut().zip(head) {
                            *position = head.max(*position);
                        }
                    }
                    return Some(Ok(Response::heartbeat(now_us(), &self.token())));
                }
                Next::Expired => {
                    return Some(self.end(
                        Code::Unauthenticated,
                        "expired",
                        "the bearer token has expired: resume with a new one",
                    ));
                }
                Next::Stopping => {
                    return Some(self.end(Code::Unavailable, "stopping", "the server stops: resume with the token"));
                }
            }
        }
    }

    /// None when the stream has ended.
    async fn wait(&mut self, expires: Option<Instant>) -> Option<Next> {
        let expired = sleep_until(expires);
        let silent = tokio::time::sleep(self.heartbeat);
        Some(match &mut self.source {
            Source::Ended => return None,
            Source::Replay(steps) => tokio::select! {
                biased;
                () = self.stop.cancelled() => Next::Stopping,
                step = steps.recv() => Next::Step(step),
                () = expired => Next::Expired,
                () = silent => Next::Silent,
            },
            Source::Hub(attached) => tokio::select! {
                biased;
                () = self.stop.cancelled() => Next::Stopping,
                () = attached.slow.cancelled() => Next::Slow,
                live = attached.queue.recv() => Next::Live(live),
                () = expired => Next::Expired,
                () = silent => Next::Silent,
            },
        })
    }

    fn token(&self) -> String {
        encode(self.stream, &self.positions)
    }

    /// The last item: a status with the token in its message and in its trailer.
    fn end(&mut self, code: Code, reason: &str, why: &str) -> Result<Response, Status> {
        if reason != "slow" {
            ENDED_STREAMS.with_label_values(&[reason]).inc();
        }
        let token = self.token();
        self.source = Source::Ended;
        let mut status = Status::new(code, format!("{why}; {METADATA_RESUME_TOKEN}: {token}"));
        let value = MetadataValue::try_from(&token).expect("base64 is ASCII");
        status.metadata_mut().insert(METADATA_RESUME_TOKEN, value);
        Err(status)
    }
}
