//! Handles a call of `Subscribe`: who may subscribe, where the stream begins, and how many streams there may be.

use std::sync::Arc;
use std::time::Duration;

use h2::server::SendResponse;
use http::{HeaderMap, Response as HttpResponse, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::metadata::GRPC_CONTENT_TYPE;
use vru_auth::{AuthError, Identity, TokenVerifier, bearer_token};
use vru_proto::v1::SubscribeRequest;
use vru_runtime::report::chain;

use super::filter::Filter;
use super::replay::Replays;
use super::request::{self, RequestBody};
use super::resume_token::{Positions, decode, encode};
use super::stream;
use super::subscription::{Lifetime, Source, Subscription};
use super::topic;
use super::wire::token_field;
use crate::metrics::{REPLAYS, SUBSCRIBERS};

/// Each alert is compared with the filters of each subscriber: long lists would make every alert expensive.
const MAX_FILTER_VALUES: usize = 1_000;

/// What all calls share.
pub(crate) struct SubscribeHandler {
    /// None when everybody may subscribe.
    pub(crate) verifier: Option<Box<dyn TokenVerifier>>,
    pub(crate) replays: Arc<Replays>,
    /// One permit for each subscriber.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) heartbeat: Duration,
    /// Alerts that may wait for a subscriber that does not read.
    pub(crate) queue: usize,
    /// How long a subscriber may take nothing while something waits for it.
    pub(crate) stalled_after: Duration,
    pub(crate) stop: CancellationToken,
    /// Cancelled when the feed has reached the end of the topic.
    pub(crate) caught_up: CancellationToken,
}

impl SubscribeHandler {
    /// Answers a call until its stream has ended.
    pub(crate) async fn call(&self, headers: &HeaderMap, body: RequestBody, mut respond: SendResponse<bytes::Bytes>) {
        // A client may go away while it waits for newer keys or for Kafka.
        let subscribed = tokio::select! {
            subscribed = self.subscribe(headers, body) => subscribed,
            _ = std::future::poll_fn(|context| respond.poll_reset(context)) => return,
        };
        let (subscription, _counted) = match subscribed {
            Ok(subscribed) => subscribed,
            Err(status) => {
                // Fails when the client is gone.
                respond.send_response(status.into_http(), true).ok();
                return;
            }
        };
        let mut response = HttpResponse::new(());
        response.headers_mut().insert(header::CONTENT_TYPE, GRPC_CONTENT_TYPE);
        if let Ok(stream) = respond.send_response(response, false) {
            stream::run(subscription, stream, self.stalled_after).await;
        }
    }

    async fn subscribe(&self, headers: &HeaderMap, body: RequestBody) -> Result<(Subscription, Counted), Status> {
        let identity = self.authenticate(headers).await.map_err(|error| refusal(&error))?;
        let mut request: SubscribeRequest = request::read(body).await?;
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
        let source = if let Some(attachment) = hub.attach(&mut positions, &filter) {
            Source::Hub(attachment)
        } else {
            REPLAYS.with_label_values(&["old token"]).inc();
            Source::Replay(self.replays.start(positions.clone().unwrap_or_default(), filter.clone()))
        };
        tracing::debug!(subject = identity.subject, replay = matches!(source, Source::Replay(_)), "subscribed");
        let positions = positions.unwrap_or_default();
        let sent = token_field(&encode(hub.stream(), &positions));
        let subscription = Subscription {
            replays: self.replays.clone(),
            source,
            filter,
            positions,
            heartbeat: self.heartbeat,
            queue: self.queue,
            lifetime: Lifetime::new(&identity, self.stop.clone()),
            sent,
        };
        Ok((subscription, Counted::new(permit)))
    }

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let Some(verifier) = &self.verifier else { return Ok(Identity::anonymous()) };
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        verifier.verify(bearer_token(authorization)?).await
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
        AuthError::Missing | AuthError::Invalid(_) | AuthError::Unsupported { .. } | AuthError::UnknownKey => {
            Status::unauthenticated(message)
        }
        AuthError::Scope { .. } => Status::permission_denied(message),
        AuthError::NoKeys => Status::unavailable(message),
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
