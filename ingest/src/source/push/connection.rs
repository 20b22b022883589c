//! One peer: reads, answers, and passes packets on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rtsp_types::{Request, headers};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::exchange::Exchange;
use super::framing::{self, FramingError, Item};
use super::hub::Hub;
use super::response::Response;
use super::rtp::{RtpClock, TimedPacket, sender_reports};
use crate::config::PushConfig;
use crate::metrics;

/// How long the camera's pipeline may hold up its packets. TCP holds up the camera meanwhile, which no live camera bears long.
const TAKE: Duration = Duration::from_secs(3);
/// How long a peer may take to read an answer.
const WRITE: Duration = Duration::from_secs(5);
/// How long a peer that is sent away may take to leave.
const DISMISS: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionEnd {
    #[error("the peer closed the connection")]
    Closed,
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    #[error("the peer does not read")]
    NotReading,
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error("the camera no longer takes packets")]
    NotTaken,
    #[error("the connection broke")]
    Io(#[source] std::io::Error),
}

/// The video that flows.
struct Flow {
    channel: u8,
    clock: RtpClock,
    packets: mpsc::Sender<TimedPacket>,
}

/// Serves the peer until it leaves, misbehaves, or `stop`.
pub(super) async fn serve<S>(
    stream: S,
    peer: SocketAddr,
    hub: Arc<Hub>,
    config: &PushConfig,
    stop: &CancellationToken,
) -> Result<(), ConnectionEnd>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = Exchange::new(hub, config.nonce_lifetime);
    let mut peer = Peer { stream, address: peer, exchange, flow: None };
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    loop {
        while let Some(item) = peer.next(&mut buffer).await? {
            let go_on = match item {
                Item::Request(request) => peer.answer(&request).await?,
                Item::Data { channel, payload } => peer.data(channel, payload).await?,
            };
            if !go_on {
                return Ok(());
            }
        }
        buffer.reserve(16 * 1024);
        let read = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = dropped(peer.flow.as_ref()) => return Err(ConnectionEnd::NotTaken),
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
    exchange: Exchange,
    flow: Option<Flow>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// As [`framing::next`]; a peer that is not understood is told so.
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

    /// False when the connection is to end.
    async fn answer(&mut self, request: &Request<Vec<u8>>) -> Result<bool, ConnectionEnd> {
        let mut response = self.exchange.handle(request);
        let flowing = match self.exchange.recording() {
            Some(publishing) if self.flow.is_none() => {
                let track = publishing.announcement.video.clone();
                tracing::debug!(peer = %self.address, camera = %publishing.claim.camera(), "publisher begins");
                let clock = RtpClock::new(track.clock_rate);
                let channel = publishing.video_channel();
                let packets = publishing.claim.publish(self.address, track);
                self.flow = channel.zip(packets).map(|(channel, packets)| Flow { channel, clock, packets });
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
        metrics::PUSH_REQUESTS.with_label_values(&[known(method), &status]).inc();
        tracing::debug!(peer = %self.address, method, status, flowing, "rtsp request");
        let cseq = request.header(&headers::CSEQ).map(rtsp_types::HeaderValue::as_str);
        self.write(&response, cseq).await?;
        Ok(!response.close)
    }

    async fn data(&mut self, channel: u8, payload: Bytes) -> Result<bool, ConnectionEnd> {
        // Sound, and what comes before RECORD.
        let Some(flow) = &mut self.flow else { return Ok(true) };
        if channel == flow.channel + 1 {
            for report in sender_reports(&payload) {
                flow.clock.report(report);
            }
        }
        if channel != flow.channel {
            return Ok(true);
        }
        let Some(packet) = flow.clock.packet(payload) else { return Ok(true) };
        match tokio::time::timeout(TAKE, flow.packets.send(packet)).await {
            Ok(Ok(())) => Ok(true),
            _ => Err(ConnectionEnd::NotTaken),
        }
    }

    async fn write(&mut self, response: &Response, cseq: Option<&str>) -> Result<(), ConnectionEnd> {
        let bytes = response.write(cseq);
        if response.close {
            dismiss(&mut self.stream, &bytes).await;
            return Ok(());
        }
        match tokio::time::timeout(WRITE, self.stream.write_all(&bytes)).await {
            Ok(written) => written.map_err(ConnectionEnd::Io),
            Err(_) => Err(ConnectionEnd::NotReading),
        }
    }
}

/// Sends a last answer so that it arrives: a socket that is closed with unread bytes in it takes its answer along.
pub(super) async fn dismiss<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) {
    let goodbye = async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        let mut rest = [0; 4_096];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // The peer may be gone already, or never go.
    drop(tokio::time::timeout(DISMISS, goodbye).await);
}

/// Ends when the camera's side has given the publication up; never without one.
async fn dropped(flow: Option<&Flow>) {
    match flow {
        Some(flow) => flow.packets.closed().await,
        None => std::future::pending().await,
    }
}

/// Method names become a label, so a peer must not invent any.
fn known(method: &str) -> &str {
    let methods = ["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN", "DESCRIBE"];
    if methods.contains(&method) { method } else { "other" }
}
