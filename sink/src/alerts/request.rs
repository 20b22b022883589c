//! The body of a call, read from an HTTP/2 stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame};
use tonic::Status;
use tonic::codec::{Codec as _, Streaming};
use tonic_prost::ProstCodec;
use vru_proto::v1::{SubscribeRequest, SubscribeResponse};

/// A request lists cameras, zones and rules.
const MAX_BYTES: usize = 256 * 1024;
/// How long a client may take to send its request.
const DEADLINE: Duration = Duration::from_secs(10);

/// The body of a request.
pub(crate) struct RequestBody(pub(crate) RecvStream);

impl Body for RequestBody {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        match ready!(self.0.poll_data(context)) {
            Some(Ok(data)) => {
                // What was read may be sent again.
                self.0.flow_control().release_capacity(data.len())?;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }
}

/// Reads the one message of a request.
pub(crate) async fn read(body: RequestBody) -> Result<SubscribeRequest, Status> {
    let decoder = ProstCodec::<SubscribeResponse, SubscribeRequest>::default().decoder();
    let mut messages = Streaming::new_request(decoder, body, None, Some(MAX_BYTES));
    match tokio::time::timeout(DEADLINE, messages.message()).await {
        Ok(Ok(Some(request))) => Ok(request),
        Ok(Ok(None)) => Err(Status::invalid_argument("the call has no request")),
        Ok(Err(status)) => Err(status),
        Err(_) => Err(Status::deadline_exceeded("the request did not come in time")),
    }
}
