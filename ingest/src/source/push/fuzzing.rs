//! Serves one push connection without a network, and exposes its parsers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::cameras::Login;
use vru_runtime::secret::Secret;

use super::authorization::Fields;
use super::connection;
use super::connection::ConnectionEnd;
use super::door::Door;
use super::password::Access;
use super::path;
use super::path_registry::{OpenPath, PathRegistry};
use super::rtp::{RtpClock, sender_reports};
use super::sdp;
use crate::config::PushConfig;

/// The result of serving a peer's bytes.
#[derive(Debug)]
pub struct Served {
    /// All response bytes.
    pub responses: Vec<u8>,
    /// Stream times of the packets that reached the camera's pipeline, nanoseconds.
    pub times_ns: Vec<u64>,
    /// How the connection ended.
    pub ended: String,
}

/// Serves a peer that sends these bytes and then disconnects. Anyone may publish to the path `open`; the path `door` requires the
/// user `cam` and this password.
pub async fn serve(bytes: &[u8], password: &str) -> Served {
    let paths = Arc::new(PathRegistry::default());
    let login = Login { username: "cam".to_owned(), password: Secret::new(password) };
    let mut open = register(&paths, "open", Access::Anonymous);
    let mut door = register(&paths, "door", Access::Login(Arc::new(RwLock::new(Some(login)))));
    let mut peer = ScriptedPeer { unread: bytes, responses: Vec::new() };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let server = Door::new(PushConfig::default(), paths);
    let slot = server.admission.admit(address.ip()).expect("the server is empty");
    let set_up_by = Instant::now() + server.config.setup_timeout;
    let stop = CancellationToken::new();
    let mut times_ns = Vec::new();
    let ended = {
        let serving = connection::serve(&mut peer, address, &server, slot, set_up_by, &stop);
        let receiving = async {
            loop {
                let publication = tokio::select! {
                    publication = open.next_publication() => publication,
                    publication = door.next_publication() => publication,
                };
                let Some(mut publication) = publication else { return };
                while let Some(packet) = publication.packets.recv().await {
                    times_ns.push(packet.pts_ns);
                }
            }
        };
        tokio::select! {
            ended = serving => ended,
            () = receiving => ConnectionEnd::PipelineClosed,
        }
    };
    Served { responses: peer.responses, times_ns, ended: format!("{ended:?}") }
}

fn register(paths: &Arc<PathRegistry>, name: &str, access: Access) -> OpenPath {
    let camera = name.parse().expect("a valid id");
    paths.register(name, &camera, access).expect("no other camera has the path")
}

/// The decoded path of a URL; the error explains why it names no camera.
pub fn decoded_path(path: &str) -> Result<String, &'static str> {
    path::decode(path).map_err(path::PathError::as_str)
}

/// The values of these fields of an `Authorization` header; `None` when it is not a digest.
pub fn authorization<const N: usize>(header: &str, names: [&str; N]) -> Option<[String; N]> {
    let fields = Fields::parse(header)?;
    Some(names.map(|name| fields.get(name).to_owned()))
}

/// The number of tracks of an announcement, and the index of the video track.
pub fn announcement(body: &[u8]) -> Result<(usize, usize), &'static str> {
    let announcement = sdp::parse(body)?;
    Ok((announcement.controls.len(), announcement.video_index))
}

/// The stream time and the camera's time of each RTP packet. Each item is `(is RTCP, packet)`.
pub fn packet_times(rate: u32, packets: impl Iterator<Item = (bool, Bytes)>) -> Vec<(u64, Option<i64>)> {
    let mut clock = RtpClock::new(rate);
    let mut times = Vec::new();
    for (rtcp, packet) in packets {
        if rtcp {
            for report in sender_reports(&packet) {
                clock.record_report(report);
            }
        } else if let Some(timed) = clock.time_packet(packet, Instant::now().into_std()) {
            times.push((timed.pts_ns, timed.camera_us));
        }
    }
    times
}

/// Sends the bytes in pieces of the size of a network packet, and keeps every response.
struct ScriptedPeer<'a> {
    unread: &'a [u8],
    responses: Vec<u8>,
}

impl AsyncRead for ScriptedPeer<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (now, later) = self.unread.split_at(self.unread.len().min(into.remaining()).min(1_400));
        into.put_slice(now);
        self.unread = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ScriptedPeer<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.responses.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
