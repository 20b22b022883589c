//! One connection of a publisher: reads requests, writes responses, and passes packets on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rtsp_types::{Request, headers};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::admission::Slot;
use super::door::Door;
use super::framing::{Framer, FramingError, Item};
use super::refusal::Reason;
use super::request_handler::RequestHandler;
use super::response::Response;
use super::rtp::{RtpClock, TimedPacket, sender_reports};
use crate::metrics;

/// How long the camera's pipeline may refuse packets. Meanwhile TCP blocks the camera, which a live camera tolerates only briefly.
const PIPELINE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a peer may take to read a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a peer may take to close the connection after a last response.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Requests before RECORD. A publisher with 16 tracks needs 20, and a few more for log-in and transports.
const MAX_SETUP_REQUESTS: u32 = 64;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionEnd {
    /// After a response that says why, or because the server stops.
    #[error("the server closed the connection")]
    Finished,
    #[error("the peer closed the connection")]
    Closed,
    #[error("the peer did not start to send within push.setup_timeout")]
    NotSetUp,
    #[error("a newer connection got the place of this one, which was not sending yet (push.max_connections)")]
    Displaced,
    #[error("the peer sent nothing for {0:?} (push.read_timeout)")]
    Silent(Duration),
    #[error("the peer did not read the response within {WRITE_TIMEOUT:?}")]
    NotReading,
    #[error("the peer sent more than {MAX_SETUP_REQUESTS} requests without RECORD")]
    TooManyRequests,
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error("the camera's pipeline has ended or accepts no packets")]
    PipelineClosed,
    #[error("the connection failed")]
    Io(#[source] std::io::Error),
}

impl ConnectionEnd {
    /// The refusal that this is, if any.
    fn refusal(&self) -> Option<Reason> {
        match self {
            Self::NotSetUp => Some(Reason::SetupTimeout),
            Self::Displaced => Some(Reason::Displaced),
            Self::Silent(_) => Some(Reason::Silent),
            Self::NotReading => Some(Reason::NotReading),
            Self::TooManyRequests => Some(Reason::TooManyRequests),
            Self::Framing(FramingError::NotRtsp) => Some(Reason::NotRtsp),
            Self::Framing(FramingError::TooLarge) => Some(Reason::TooLarge),
            Self::Finished | Self::Closed | Self::PipelineClosed | Self::Io(_) => None,
        }
    }
}

/// The video track that the peer sends.
struct VideoFlow {
    channel: u8,
    clock: RtpClock,
    packets: mpsc::Sender<TimedPacket>,
}

/// Serves the peer until it disconnects, violates the protocol, or `stop` is cancelled. It must send by the deadline `set_up_by`,
/// whatever it sends before.
pub(super) async fn serve<S>(
    stream: S,
    address: SocketAddr,
    door: &Arc<Door>,
    mut slot: Slot,
    set_up_by: Instant,
    stop: &CancellationToken,
) -> ConnectionEnd
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handler = RequestHandler::new(door.clone(), address);
    let read_timeout = door.config.read_timeout;
    let mut peer = Peer { stream, address, read_timeout, handler, framer: Framer::new() };
    let displaced = slot.displaced().clone();
    let set_up = tokio::select! {
        biased;
        () = stop.cancelled() => Err(ConnectionEnd::Finished),
        () = displaced.cancelled() => Err(ConnectionEnd::Displaced),
        set_up = timeout_at(set_up_by, peer.set_up(&mut slot)) => set_up.unwrap_or(Err(ConnectionEnd::NotSetUp)),
    };
    let end = match set_up {
        Ok(mut flow) => {
            tokio::select! {
                () = stop.cancelled() => ConnectionEnd::Finished,
                () = closed(flow.packets.clone()) => ConnectionEnd::PipelineClosed,
                end = peer.receive(&mut flow) => end,
            }
        }
        Err(end) => end,
    };
    if let Some(reason) = end.refusal() {
        peer.handler.refuse(reason, peer.handler.camera());
    } else if peer.handler.ignored_challenge() {
        peer.handler.refuse(Reason::NoCredentials, None);
    }
    end
}

/// Resolves when the camera's pipeline has ended.
async fn closed(packets: mpsc::Sender<TimedPacket>) {
    packets.closed().await;
}

struct Peer<S> {
    stream: S,
    address: SocketAddr,
    read_timeout: Duration,
    handler: RequestHandler,
    framer: Framer,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Answers requests until the peer records.
    async fn set_up(&mut self, slot: &mut Slot) -> Result<VideoFlow, ConnectionEnd> {
        let mut requests = 0;
        loop {
            // Data before RECORD is ignored.
            let Item::Request(request) = self.next_item().await? else { continue };
            requests += 1;
            if requests > MAX_SETUP_REQUESTS {
                return Err(ConnectionEnd::TooManyRequests);
            }
            let mut response = self.handler.handle(&request);
            let flow = self.start_flow(slot);
            if flow.is_none()
                && let Some((_, claim)) = self.handler.recording()
            {
                self.handler.refuse(Reason::NotReady, Some(claim.camera()));
                response = Response::new(503, "Service Unavailable", "the camera is not ready").closing();
            }
            self.respond(&request, &response).await?;
            if let Some(flow) = flow {
                return Ok(flow);
            }
        }
    }

    /// Hands the publisher over to the camera's task; `None` before RECORD, or when the camera is not ready.
    fn start_flow(&self, slot: &mut Slot) -> Option<VideoFlow> {
        let (stream, claim) = self.handler.recording()?;
        let track = stream.announcement.video.clone();
        let (channel, clock) = (stream.video_channel()?, RtpClock::new(track.clock_rate));
        if !slot.establish() {
            return None;
        }
        let packets = claim.publish(self.address, track)?;
        tracing::debug!(peer = %self.address, camera = %claim.camera(), "publisher starts to send");
        Some(VideoFlow { channel, clock, packets })
    }

    /// Passes packets on and answers requests until the connection ends.
    async fn receive(&mut self, flow: &mut VideoFlow) -> ConnectionEnd {
        loop {
            let handled = match self.next_item().await {
                Ok(Item::Data { channel, payload }) => flow.handle_data(channel, payload).await,
                Ok(Item::Request(request)) => {
                    let response = self.handler.handle(&request);
                    self.respond(&request, &response).await
                }
                Err(end) => Err(end),
            };
            if let Err(end) = handled {
                return end;
            }
        }
    }

    /// Reads the next request or packet. Sends an error response to a peer that violates the protocol.
    async fn next_item(&mut self) -> Result<Item, ConnectionEnd> {
        loop {
            match self.framer.next() {
                Ok(Some(item)) => return Ok(item),
                Ok(None) => {}
                Err(error) => {
                    let response = match error {
                        FramingError::NotRtsp => Response::new(400, "Bad Request", ""),
                        FramingError::TooLarge => Response::new(413, "Request Entity Too Large", ""),
                    };
                    send_last_response(&mut self.stream, &response.closing().to_bytes(None)).await;
                    return Err(error.into());
                }
            }
            self.framer.buffer.reserve(16 * 1024);
            match timeout(self.read_timeout, self.stream.read_buf(&mut self.framer.buffer)).await {
                Ok(Ok(0)) => return Err(ConnectionEnd::Closed),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(ConnectionEnd::Io(error)),
                Err(_) => return Err(ConnectionEnd::Silent(self.read_timeout)),
            }
        }
    }

    /// Writes a response; an error when the connection ends with it.
    async fn respond(&mut self, request: &Request<Vec<u8>>, response: &Response) -> Result<(), ConnectionEnd> {
        let method: &str = request.method().into();
        let status = response.status.to_string();
        metrics::PUSH_REQUESTS.with_label_values(&[method_label(method), &status]).inc();
        tracing::debug!(peer = %self.address, method = method_label(method), status, "rtsp request");
        let bytes = response.to_bytes(request.header(&headers::CSEQ).map(rtsp_types::HeaderValue::as_str));
        if response.close {
            send_last_response(&mut self.stream, &bytes).await;
            return Err(ConnectionEnd::Finished);
        }
        match timeout(WRITE_TIMEOUT, self.stream.write_all(&bytes)).await {
            Ok(written) => written.map_err(ConnectionEnd::Io),
            Err(_) => Err(ConnectionEnd::NotReading),
        }
    }
}

impl VideoFlow {
    async fn handle_data(&mut self, channel: u8, payload: Bytes) -> Result<(), ConnectionEnd> {
        if channel == self.channel + 1 {
            for report in sender_reports(&payload) {
                self.clock.record_report(report);
            }
        }
        if channel != self.channel {
            return Ok(());
        }
        let Some(packet) = self.clock.time_packet(payload, Instant::now().into_std()) else { return Ok(()) };
        match timeout(PIPELINE_TIMEOUT, self.packets.send(packet)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(ConnectionEnd::PipelineClosed),
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
    drop(timeout(CLOSE_TIMEOUT, close).await);
}

/// The value of the metric label `method`. It is bounded, because a peer can send any method name.
fn method_label(method: &str) -> &str {
    let methods = ["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN", "DESCRIBE"];
    if methods.contains(&method) { method } else { "other" }
}
