//! One connection of a publisher: reads requests, writes responses, and passes packets on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rtsp_types::{Request, headers};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::framing::{self, FramingError, Item};
use super::path_registry::PathRegistry;
use super::request_handler::RequestHandler;
use super::response::Response;
use super::rtp::{RtpClock, TimedPacket, sender_reports};
use crate::config::PushConfig;
use crate::metrics;

/// How long the camera's pipeline may refuse packets. Meanwhile TCP blocks the camera, which a live camera tolerates only briefly.
const PIPELINE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a peer may take to read a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a peer may take to close the connection after a last response.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionEnd {
    #[error("the peer closed the connection")]
    Closed,
    #[error("the peer sent nothing for {0:?} (push.read_timeout)")]
    Silent(Duration),
    #[error("the peer did not read the response within {WRITE_TIMEOUT:?}")]
    NotReading,
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error("the camera's pipeline has ended or accepts no packets")]
    PipelineClosed,
    #[error("the connection failed")]
    Io(#[source] std::io::Error),
}

/// The video track that the peer sends.
struct VideoFlow {
    channel: u8,
    clock: RtpClock,
    packets: mpsc::Sender<TimedPacket>,
}

/// Serves the peer until it disconnects, violates the protocol, or `stop` is cancelled.
pub(super) async fn serve<S>(
    stream: S,
    peer: SocketAddr,
    paths: Arc<PathRegistry>,
    config: &PushConfig,
    stop: &CancellationToken,
) -> Result<(), ConnectionEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handler = RequestHandler::new(paths, config.nonce_lifetime);
    let mut peer = Peer { stream, address: peer, handler, flow: None };
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    loop {
        while let Some(item) = peer.next(&mut buffer).await? {
            let go_on = match item {
                Item::Request(request) => peer.respond(&request).await?,
                Item::Data { channel, payload } => peer.handle_data(channel, payload).await?,
            };
            if !go_on {
                return Ok(());
            }
        }
        buffer.reserve(16 * 1024);
        let read = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = pipeline_closed(peer.flow.as_ref()) => return Err(ConnectionEnd::PipelineClosed),
            read = tokio::time::timeout(config.read_timeout, peer.stream.read_buf(&mut buffer)) => read,
        };
        match read {
            Ok(Ok(0)) => return Err(ConnectionEnd::Closed),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(ConnectionEnd::Io(error)),
            Err(_) => return Err(ConnectionEnd::Silent(config.read_timeout)),
        }
    }
}

struct Peer<S> {
    stream: S,
    address: SocketAddr,
    handler: RequestHandler,
    flow: Option<VideoFlow>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Like [`framing::next`], and sends an error response to a peer that violates the protocol.
    async fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Item>, ConnectionEnd> {
        match framing::next(buffer) {
            Ok(item) => Ok(item),
            Err(error) => {
                let response = match error {
                    FramingError::NotRtsp => Response::new(400, "Bad Request", ""),
                    FramingError::TooLarge => Response::new(413, "Request Entity Too Large", ""),
                };
                self.write(&response.closing(), None).await?;
                Err(error.into())
            }
        }
    }

    /// Handles a request; false when the connection must close after the response.
    async fn respond(&mut self, request: &Request<Vec<u8>>) -> Result<bool, ConnectionEnd> {
        let mut response = self.handler.handle(request);
        let flowing = match self.handler.recording() {
            Some(stream) if self.flow.is_none() => {
                let track = stream.announcement.video.clone();
                tracing::debug!(peer = %self.address, camera = %stream.claim.camera(), "publisher starts to send");
                let clock = RtpClock::new(track.clock_rate);
                let channel = stream.video_channel();
                let packets = stream.claim.publish(self.address, track);
                self.flow = channel.zip(packets).map(|(channel, packets)| VideoFlow { channel, clock, packets });
                if self.flow.is_none() {
                    response = Response::new(503, "Service Unavailable", "the camera is not ready").closing();
                }
                self.flow.is_some()
            }
            Some(_) => true,
            None => {
                self.flow = None;
                false
            }
        };
        let method: &str = request.method().into();
        let status = response.status.to_string();
        metrics::PUSH_REQUESTS.with_label_values(&[method_label(method), &status]).inc();
        tracing::debug!(peer = %self.address, method, status, flowing, "rtsp request");
        let cseq = request.header(&headers::CSEQ).map(rtsp_types::HeaderValue::as_str);
        self.write(&response, cseq).await?;
        Ok(!response.close)
    }

    /// Handles interleaved data; false when the connection must close.
    async fn handle_data(&mut self, channel: u8, payload: Bytes) -> Result<bool, ConnectionEnd> {
        // Without a video flow this is data before RECORD.
        let Some(flow) = &mut self.flow else { return Ok(true) };
        if channel == flow.channel + 1 {
            for report in sender_reports(&payload) {
                flow.clock.record_report(report);
            }
        }
        if channel != flow.channel {
            return Ok(true);
        }
        let Some(packet) = flow.clock.time_packet(payload) else { return Ok(true) };
        match tokio::time::timeout(PIPELINE_TIMEOUT, flow.packets.send(packet)).await {
            Ok(Ok(())) => Ok(true),
            _ => Err(ConnectionEnd::PipelineClosed),
        }
    }

    async fn write(&mut self, response: &Response, cseq: Option<&str>) -> Result<(), ConnectionEnd> {
        let bytes = response.to_bytes(cseq);
        if response.close {
            send_last_response(&mut self.stream, &bytes).await;
            return Ok(());
        }
        match tokio::time::timeout(WRITE_TIMEOUT, self.stream.write_all(&bytes)).await {
            Ok(written) => written.map_err(ConnectionEnd::Io),
            Err(_) => Err(ConnectionEnd::NotReading),
        }
    }
}

/// Sends a response and closes the connection. It reads what the peer still sends, because closing a socket with unread bytes
/// resets the connection, and the peer may then not receive the response.
pub(super) async fn send_last_response<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, response: &[u8]) {
    let close = async {
        stream.write_all(response).await?;
        stream.shutdown().await?;
        let mut rest = [0; 4_096];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // The peer may have closed already, or may never close.
    drop(tokio::time::timeout(CLOSE_TIMEOUT, close).await);
}

/// Resolves when the camera's pipeline has ended; never without a flow.
async fn pipeline_closed(flow: Option<&VideoFlow>) {
    match flow {
        Some(flow) => flow.packets.closed().await,
        None => std::future::pending().await,
    }
}

/// The value of the metric label `method`. It is bounded, because a peer can send any method name.
fn method_label(method: &str) -> &str {
    let methods = ["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN", "DESCRIBE"];
    if methods.contains(&method) { method } else { "other" }
}
