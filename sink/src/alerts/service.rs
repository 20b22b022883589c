//! `vru.v1.Alerts`, with a codec that sends what is encoded already. Otherwise as the generated server would be.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BufMut as _;
use futures::Stream;
use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codec::{Codec, EncodeBuf, Encoder};
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Request, Status};
use tonic_prost::{ProstCodec, ProstDecoder};
use vru_proto::v1::{SubscribeRequest, SubscribeResponse};

use super::auth::{AuthError, Identity, TokenVerifier};
use super::event::{Filter, Response};
use super::feed;
use super::replay::Replays;
use super::subscription::{Source, Subscription};
use super::token::{Positions, decode};
use crate::metrics::SUBSCRIBERS;

/// Long lists of wishes would make every alert expensive.
const MAX_FILTER_VALUES: usize = 1_000;

/// What every subscription needs.
pub(crate) struct Shared {
    pub(crate) verifier: Option<Box<dyn TokenVerifier>>,
    pub(crate) replays: Replays,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) heartbeat: Duration,
    pub(crate) stop: CancellationToken,
    /// Set when the feed has reached the end of the topic.
    pub(crate) started: CancellationToken,
}

type Responses = Pin<Box<dyn Stream<Item = Result<Response, Status>> + Send>>;

impl Shared {
    fn authorise(&self, request: &Request<SubscribeRequest>) -> Result<Identity, AuthError> {
        let Some(verifier) = &self.verifier else {
            return Ok(Identity { subject: String::new(), expires_at: None });
        };
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let token =
            header.and_then(|text| text.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        verifier.verify(token.ok_or(AuthError::Missing)?.1.trim())
    }

    async fn subscribe(&self, request: Request<SubscribeRequest>) -> Result<Responses, Status> {
        let identity = self.authorise(&request)?;
        let request = request.into_inner();
        let wishes =
            [request.camera_ids.len(), request.zone_ids.len(), request.rule_ids.len(), request.severities.len()];
        if wishes.iter().sum::<usize>() > MAX_FILTER_VALUES {
            return Err(Status::invalid_argument(format!("more than {MAX_FILTER_VALUES} values to filter by")));
        }
        if !self.started.is_cancelled() {
            return Err(Status::unavailable("the server has not read up to now yet"));
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return Err(Status::unavailable("this server has as many subscribers as it may have"));
        };
        let hub = &self.replays.hub;
        let mut positions = match request.resume_token.as_str() {
            "" => None,
            token => Some(decode(hub.stream(), token).map_err(|error| Status::invalid_argument(error.to_string()))?),
        };
        self.refuse_the_future(positions.as_ref()).await?;
        let filter = Arc::new(Filter::new(request));
        let source = match hub.attach(&mut positions, &filter) {
            Some(attached) => Source::Hub(attached),
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
        Ok(Box::pin(Placed { responses: Box::pin(subscription.responses()), _place: Place::new(place) }))
    }

    /// A token beyond the end of the topic is one of a topic that was made anew: its holder would wait for ever. A token may
    /// well be ahead of this server, when another one gave it.
    async fn refuse_the_future(&self, positions: Option<&Positions>) -> Result<(), Status> {
        let head = self.replays.hub.head();
        let ahead = |bounds: &[i64]| {
            let bounds = bounds.iter().chain(std::iter::repeat(&0));
            positions.is_some_and(|positions| positions.iter().zip(bounds).any(|(position, end)| position > end))
        };
        if !ahead(&head) {
            return Ok(());
        }
        let bounds = feed::bounds(&self.replays.kafka).await;
        let bounds = bounds.map_err(|error| Status::unavailable(format!("cannot check the token: {error}")))?;
        let ends: Vec<i64> = bounds.iter().map(|(_, high)| *high).collect();
        if ahead(&ends) {
            return Err(Status::invalid_argument(
                "the resume token is beyond the end of the topic: subscribe without it",
            ));
        }
        Ok(())
    }
}

/// One of the places for subscribers.
struct Place(#[expect(dead_code, reason = "held to be given back")] OwnedSemaphorePermit);

impl Place {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        SUBSCRIBERS.with_label_values(&["connected"]).inc();
        Self(permit)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        SUBSCRIBERS.with_label_values(&["connected"]).dec();
    }
}

/// Responses that give their place back when they end.
struct Placed {
    responses: Responses,
    _place: Place,
}

impl Stream for Placed {
    type Item = Result<Response, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.responses.as_mut().poll_next(context)
    }
}

/// The gRPC service.
#[derive(Clone)]
pub(crate) struct AlertsService(pub(crate) Arc<Shared>);

impl NamedService for AlertsService {
    const NAME: &'static str = "vru.v1.Alerts";
}

impl ServerStreamingService<SubscribeRequest> for AlertsService {
    type Response = Response;
    type ResponseStream = Responses;
    type Future = BoxFuture<'static, Result<tonic::Response<Responses>, Status>>;

    fn call(&mut self, request: Request<SubscribeRequest>) -> Self::Future {
        let shared = self.0.clone();
        Box::pin(async move { shared.subscribe(request).await.map(tonic::Response::new) })
    }
}

impl tonic::codegen::Service<http::Request<Body>> for AlertsService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let method = self.clone();
        Box::pin(async move {
            if request.uri().path() != "/vru.v1.Alerts/Subscribe" {
                return Ok(Status::unimplemented("no such method").into_http());
            }
            Ok(Grpc::new(EncodedCodec).server_streaming(method, request).await)
        })
    }
}

/// Requests are decoded as usual; responses are encoded already.
struct EncodedCodec;

struct Pieces;

impl Codec for EncodedCodec {
    type Encode = Response;
    type Decode = SubscribeRequest;
    type Encoder = Pieces;
    type Decoder = ProstDecoder<SubscribeRequest>;

    fn encoder(&mut self) -> Pieces {
        Pieces
    }

    fn decoder(&mut self) -> ProstDecoder<SubscribeRequest> {
        ProstCodec::<SubscribeResponse, SubscribeRequest>::default().decoder()
    }
}

impl Encoder for Pieces {
    type Item = Response;
    type Error = Status;

    fn encode(&mut self, response: Response, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.reserve(response.event.len() + response.token.len());
        buffer.put_slice(&response.event);
        buffer.put_slice(&response.token);
        Ok(())
    }
}
