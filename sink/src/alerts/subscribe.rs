//! Handles a call of `Subscribe`: who may subscribe, where the stream begins, and how many streams there may be.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use vru_auth::{AuthError, Identity, TokenVerifier, bearer_token};
use vru_proto::v1::SubscribeRequest;
use vru_runtime::report::chain;

use super::filter::Filter;
use super::replay::Replays;
use super::response::Response;
use super::resume_token::{Positions, decode};
use super::subscription::{Source, Subscription};
use super::topic;
use crate::metrics::SUBSCRIBERS;

/// Each alert is compared with the filters of each subscriber: long lists would make every alert expensive.
const MAX_FILTER_VALUES: usize = 1_000;

pub(crate) type Responses = Pin<Box<dyn Stream<Item = Result<Response, Status>> + Send>>;

/// What all calls share.
pub(crate) struct SubscribeHandler {
    /// None when everybody may subscribe.
    pub(crate) verifier: Option<Box<dyn TokenVerifier>>,
    pub(crate) replays: Replays,
    /// One permit for each subscriber.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) heartbeat: Duration,
    pub(crate) stop: CancellationToken,
    /// Cancelled when the feed has reached the end of the topic.
    pub(crate) caught_up: CancellationToken,
}

impl SubscribeHandler {
    pub(crate) async fn subscribe(&self, request: Request<SubscribeRequest>) -> Result<Responses, Status> {
        let identity = self.authenticate(&request).map_err(|error| refusal(&error))?;
        let mut request = request.into_inner();
        let resume_token = std::mem::take(&mut request.resume_token);
        let filter = Arc::new(Filter::new(request));
        if filter.values() > MAX_FILTER_VALUES {
            return Err(Status::invalid_argument(format!("the filters have more than {MAX_FILTER_VALUES} values")));
        }
        if !self.caught_up.is_cancelled() {
            return Err(Status::unavailable("the server is starting: it has not read all recent alerts yet"));
        }
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Err(Status::unavailable("the server has reached its maximum number of subscribers"));
        };
        let hub = &self.replays.hub;
        let mut positions = match resume_token.as_str() {
            "" => None,
            token => Some(decode(hub.stream(), token).map_err(|error| Status::invalid_argument(error.to_string()))?),
        };
        if let Some(positions) = &positions {
            self.check_not_beyond_the_end(positions).await?;
        }
        let source = match hub.attach(&mut positions, &filter) {
            Some(attachment) => Source::Hub(attachment),
            None => Source::Replay(self.replays.start(positions.clone().unwrap_or_default(), filter.clone())),
        };
        tracing::debug!(subject = identity.subject, replay = matches!(source, Source::Replay(_)), "subscribed");
        let subscription = Subscription {
            stream: hub.stream(),
            source,
            filter,
            positions: positions.unwrap_or_default(),
            heartbeat: self.heartbeat,
            expires_at: identity.expires_at,
            stop: self.stop.clone(),
        };
        Ok(Box::pin(CountedResponses { responses: Box::pin(subscription.responses()), _counted: Counted::new(permit) }))
    }

    fn authenticate(&self, request: &Request<SubscribeRequest>) -> Result<Identity, AuthError> {
        let Some(verifier) = &self.verifier else {
            return Ok(Identity { subject: String::new(), expires_at: None });
        };
        let authorization = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        verifier.verify(bearer_token(authorization)?)
    }

    /// Refuses a token beyond the end of the topic: the topic was deleted and created again after the token was made, and the
    /// subscriber would wait forever. A token that is only ahead of this server is valid, because another server may have read
    /// further.
    async fn check_not_beyond_the_end(&self, positions: &Positions) -> Result<(), Status> {
        let beyond = |ends: &[i64]| {
            let ends = ends.iter().chain(std::iter::repeat(&0));
            positions.iter().zip(ends).any(|(position, end)| position > end)
        };
        if !beyond(&self.replays.hub.head()) {
            return Ok(());
        }
        let bounds = topic::bounds(&self.replays.kafka).await;
        let bounds =
            bounds.map_err(|error| Status::unavailable(format!("cannot check the resume token: {}", chain(&error))))?;
        let ends: Vec<i64> = bounds.iter().map(|(_, high)| *high).collect();
        if beyond(&ends) {
            let message = "the resume token lies beyond the end of the topic: subscribe without a token";
            return Err(Status::invalid_argument(message));
        }
        Ok(())
    }
}

fn refusal(error: &AuthError) -> Status {
    let message = chain(error).to_string();
    match error {
        AuthError::Missing | AuthError::Invalid(_) => Status::unauthenticated(message),
        AuthError::Scope { .. } => Status::permission_denied(message),
    }
}

/// Counts a subscriber as connected, and holds its permit.
struct Counted(#[expect(dead_code, reason = "dropping it returns the permit")] OwnedSemaphorePermit);

impl Counted {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        SUBSCRIBERS.with_label_values(&["connected"]).inc();
        Self(permit)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        SUBSCRIBERS.with_label_values(&["connected"]).dec();
    }
}

/// The responses of a subscriber, which is counted until they are dropped.
struct CountedResponses {
    responses: Responses,
    _counted: Counted,
}

impl Stream for CountedResponses {
    type Item = Result<Response, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.responses.as_mut().poll_next(context)
    }
}
