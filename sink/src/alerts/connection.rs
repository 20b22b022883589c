//! One HTTP/2 connection: its calls, its keep-alive pings, and its end.
//!
//! Not `tonic`'s server, because hyper asks a response for its next part only when the client's window is open: a stream to a client that
//! does not read could not be ended, neither when it is too slow nor when its token has expired.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Ping, PingPong, RecvStream};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt as _;

use super::request::RequestBody;
use super::subscribe::SubscribeHandler;
use super::writer::ResponseWriter;

const SUBSCRIBE: &str = "/vru.v1.Alerts/Subscribe";
/// How long a client may take to begin with HTTP/2.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Calls at the same time on one connection. A client that has more waits or connects again.
const MAX_STREAMS: u32 = 200;
/// Of each call, decoded: a bearer token has some kilobytes.
const MAX_HEADER_BYTES: u32 = 32 * 1024;
/// Requests are small.
const REQUEST_WINDOW: u32 = 64 * 1024;
/// Bytes of a stream that may wait for a connection that cannot be written.
const SEND_BUFFER: usize = 64 * 1024;

/// What all connections share.
pub(crate) struct Application {
    pub(crate) subscribe: SubscribeHandler,
    /// Health and reflection.
    pub(crate) routes: Routes,
    /// Interval of pings, and how long a client may take to answer one.
    pub(crate) keepalive: Duration,
    /// No new calls are accepted then.
    pub(crate) stop: CancellationToken,
}

/// Serves a connection to its end.
pub(crate) async fn serve(io: impl AsyncRead + AsyncWrite + Unpin, application: Arc<Application>) {
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .initial_window_size(REQUEST_WINDOW)
        .max_send_buffer_size(SEND_BUFFER);
    let connection = match tokio::time::timeout(HANDSHAKE_DEADLINE, builder.handshake(io)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%error, "a client did not begin with HTTP/2"),
        Err(_) => return tracing::debug!("a client did not begin with HTTP/2 in time"),
    };
    serve_calls(connection, application).await;
}

/// When this returns, all calls have ended: a client that is gone frees what its streams hold.
async fn serve_calls<IO>(mut connection: Connection<IO, Bytes>, application: Arc<Application>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut calls = JoinSet::new();
    let ping = connection.ping_pong().expect("it is taken once");
    let mut silent = std::pin::pin!(silent(ping, application.keepalive));
    let mut stopping = false;
    loop {
        tokio::select! {
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    calls.spawn(call(application.clone(), request, respond));
                }
                Some(Err(error)) => return tracing::debug!(%error, "a connection failed"),
                None => return,
            },
            Some(_) = calls.join_next() => {}
            () = &mut silent => return tracing::debug!("a client does not answer pings"),
            () = application.stop.cancelled(), if !stopping => {
                stopping = true;
                connection.graceful_shutdown();
            }
        }
    }
}

/// Returns when the client does not answer a ping in time.
async fn silent(mut ping: PingPong, keepalive: Duration) {
    loop {
        tokio::time::sleep(keepalive).await;
        if !matches!(tokio::time::timeout(keepalive, ping.ping(Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}

async fn call(application: Arc<Application>, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
    let request = request.map(RequestBody);
    if request.uri().path() == SUBSCRIBE {
        let (head, body) = request.into_parts();
        application.subscribe.call(&head.headers, body, respond).await;
        return;
    }
    let Ok(response) = application.routes.clone().oneshot(request.map(Body::new)).await;
    answer(response, respond, application.keepalive).await;
}

/// Sends the response of another service. `patience`: how long the client may take nothing.
async fn answer(response: Response<Body>, mut respond: SendResponse<Bytes>, patience: Duration) {
    let (head, body) = response.into_parts();
    let ends = http_body::Body::is_end_stream(&body);
    // Each step fails when the client is gone.
    let Ok(stream) = respond.send_response(Response::from_parts(head, ()), ends) else { return };
    if ends {
        return;
    }
    let mut writer = ResponseWriter::new(stream);
    let mut body = body;
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = writer.gone() => return,
        };
        match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    if writer.write(data, patience).await.is_err() {
                        return;
                    }
                }
                Err(frame) => return writer.finish(frame.into_trailers().unwrap_or_default()),
            },
            Some(Err(status)) => return writer.end(&status),
            None => return writer.finish(http::HeaderMap::new()),
        }
    }
}
