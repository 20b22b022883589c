//! Handles a call of `Subscribe`: who may subscribe, where the stream begins, and how many streams there may be.

use std::sync::Arc;
use std::time::Duration;

use h2::server::SendResponse;
use http::{HeaderMap, Response as HttpResponse, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::metadata::GRPC_CONTENT_TYPE;
use vru_auth::{AuthError, Identity, TokenVerifier, bearer_token};
use vru_proto::v1::SubscribeRequest;
use vru_runtime::report::chain;

use super::filter::Filter;
use super::generation::Generation;
use super::request::{self, RequestBody};
use super::resume_token::{Positions, ResumeTokenError, decode, encode};
use super::stream;
use super::subscription::{Lifetime, Source, Subscription};
use super::topic;
use super::wire::token_field;
use crate::error::SinkError;
use crate::metrics::{REPLAYS, SUBSCRIBERS};

/// Each alert is compared with the filters of each subscriber: long lists would make every alert expensive.
const MAX_FILTER_VALUES: usize = 1_000;

/// What all calls share.
pub(crate) struct SubscribeHandler {
    /// None when everybody may subscribe.
    pub(crate) verifier: Option<Box<dyn TokenVerifier>>,
    /// None until the server knows the topic.
    pub(crate) generation: watch::Receiver<Option<Arc<Generation>>>,
    /// One permit for each subscriber.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) heartbeat: Duration,
    /// Alerts that may wait for a subscriber that does not read.
    pub(crate) queue: usize,
    /// How long a subscriber may take nothing while something waits for it.
    pub(crate) stalled_after: Duration,
    pub(crate) stop: CancellationToken,
}

/// Where a stream begins.
enum Begin {
    Now,
    At(Positions),
    /// At the first alert, because the token is of a topic that was deleted.
    OfDeletedTopic,
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
        let generation = self.generation.borrow().clone().filter(|generation| generation.caught_up.is_cancelled());
        let Some(generation) = generation else {
            return Err(Status::unavailable("the server is starting: it has not read all recent alerts yet"));
        };
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return Err(Status::unavailable("the server has reached its maximum number of subscribers"));
        };
        let hub = generation.hub();
        let (mut positions, of_deleted_topic) = match begin(&generation, &resume_token).await? {
            Begin::Now => (None, None),
            Begin::At(positions) => (Some(positions), None),
            Begin::OfDeletedTopic => (Some(vec![0; hub.head().len()]), Some(resume_token)),
        };
        let source = if let Some(attachment) = hub.attach(&mut positions, &filter) {
            Source::Hub(attachment)
        } else {
            REPLAYS.with_label_values(&["old token"]).inc();
            Source::Replay(generation.replays.start(positions.clone().unwrap_or_default(), filter.clone()))
        };
        tracing::debug!(subject = identity.subject, replay = matches!(source, Source::Replay(_)), "subscribed");
        let positions = positions.unwrap_or_default();
        let sent = match &of_deleted_topic {
            Some(token) => token_field(token),
            None => token_field(&encode(hub.stream(), &positions)),
        };
        let subscription = Subscription {
            replays: generation.replays.clone(),
            source,
            filter,
            positions,
            heartbeat: self.heartbeat,
            queue: self.queue,
            lifetime: Lifetime::new(&identity, self.stop.clone(), generation.over.clone()),
            of_deleted_topic,
            sent,
        };
        Ok((subscription, Counted::new(permit)))
    }

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, AuthError> {
        let Some(verifier) = &self.verifier else { return Ok(Identity::anonymous()) };
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        verifier.verify(bearer_token(authorization)?).await
    }
}

async fn begin(generation: &Generation, token: &str) -> Result<Begin, Status> {
    if token.is_empty() {
        return Ok(Begin::Now);
    }
    match decode(generation.hub().stream(), token) {
        Ok(positions) => {
            check_not_beyond_the_end(generation, &positions).await?;
            Ok(Begin::At(positions))
        }
        Err(ResumeTokenError::OtherTopic(id)) => match generation.is_of_deleted_topic(id).await {
            Ok(true) => Ok(Begin::OfDeletedTopic),
            Ok(false) => Err(Status::unavailable(
                "the topic of alerts was deleted and created again, and this server still has the old one",
            )),
            Err(error) => Err(cannot_check(&error)),
        },
        Err(error) => Err(Status::invalid_argument(error.to_string())),
    }
}

/// Refuses a token beyond the end of the topic: Kafka lost records, or the broker has no topic ids and the topic was created again.
/// The subscriber would wait forever. A token that is only ahead of this server is valid, because another server may have read further.
async fn check_not_beyond_the_end(generation: &Generation, positions: &Positions) -> Result<(), Status> {
    let beyond = |ends: &[i64]| {
        let ends = ends.iter().chain(std::iter::repeat(&0));
        positions.iter().zip(ends).any(|(position, end)| position > end)
    };
    if !beyond(&generation.hub().head()) {
        return Ok(());
    }
    let bounds = topic::bounds(&generation.replays.kafka).await.map_err(|error| cannot_check(&error))?;
    let ends: Vec<i64> = bounds.iter().map(|(_, high)| *high).collect();
    if beyond(&ends) {
        let message = "the resume token lies beyond the end of the topic: subscribe without a token";
        return Err(Status::invalid_argument(message));
    }
    Ok(())
}

fn cannot_check(error: &SinkError) -> Status {
    Status::unavailable(format!("cannot check the resume token: {}", chain(error)))
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
