//! The gRPC service `vru.v1.Alerts`, as the generated server would be, but with a codec that sends responses that are encoded already.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::{Request, Status};
use vru_proto::v1::SubscribeRequest;

use super::codec::EncodedCodec;
use super::response::Response;
use super::subscribe::{Responses, SubscribeHandler};

#[derive(Clone)]
pub(crate) struct AlertsService(pub(crate) Arc<SubscribeHandler>);

impl NamedService for AlertsService {
    const NAME: &'static str = "vru.v1.Alerts";
}

impl ServerStreamingService<SubscribeRequest> for AlertsService {
    type Response = Response;
    type ResponseStream = Responses;
    type Future = BoxFuture<'static, Result<tonic::Response<Responses>, Status>>;

    fn call(&mut self, request: Request<SubscribeRequest>) -> Self::Future {
        let handler = self.0.clone();
        Box::pin(async move { handler.subscribe(request).await.map(tonic::Response::new) })
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
