//! A connection without a network, and the parsers behind it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;
use vru_runtime::secret::Secret;

use super::connection;
use super::hub::{Hub, Login, Registration};
use super::rtp::{RtpClock, sender_reports};
use super::sdp;
use crate::config::PushConfig;

/// What a peer got for its bytes.
#[derive(Debug)]
pub struct Served {
    /// Every answer, one behind the other.
    pub answers: Vec<u8>,
    /// Stream times of the packets that reached the camera's pipeline, nanoseconds.
    pub times_ns: Vec<u64>,
    /// How the connection ended.
    pub ended: String,
}

/// Serves a peer that sends these bytes and then leaves. The path `open` takes anyone; `door` wants the user `cam` with this
/// password.
pub async fn serve(bytes: &[u8], password: &str) -> Served {
    let hub = Arc::new(Hub::new(false));
    let login = Login { username: "cam".to_owned(), password: Secret::new(password) };
    let mut open = register(&hub, "open", None);
    let mut door = register(&hub, "door", Some(login));
    let mut peer = ScriptedPeer { unread: bytes, answers: Vec::new() };
    let (address, config) = (SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), PushConfig::default());
    let stop = CancellationToken::new();
    let mut times_ns = Vec::new();
    let ended = {
        let serving = connection::serve(&mut peer, address, hub, &config, &stop);
        let taking = async {
            loop {
                let publication = tokio::select! {
                    publication = open.next() => publication,
                    publication = door.next() => publication,
                };
                let Some(mut publication) = publication else { return };
                while let Some(packet) = publication.packets.recv().await {
                    times_ns.push(packet.pts_ns);
                }
            }
        };
        tokio::select! {
            ended = serving => ended,
            () = taking => Ok(()),
        }
    };
    Served { answers: peer.answers, times_ns, ended: format!("{ended:?}") }
}

fn register(hub: &Arc<Hub>, name: &str, login: Option<Login>) -> Registration {
    let camera = name.parse().expect("a valid id");
    hub.register(name, &camera, login).expect("nobody has the path")
}

/// Tracks of an announcement and which of them is the video.
pub fn announcement(body: &[u8]) -> Result<(usize, usize), &'static str> {
    let announcement = sdp::parse(body)?;
    Ok((announcement.controls.len(), announcement.video_index))
}

/// Stream and wall time of each packet. `rtcp` says that a packet is one of reports.
pub fn packet_times(rate: u32, packets: impl Iterator<Item = (bool, Bytes)>) -> Vec<(u64, Option<i64>)> {
    let mut clock = RtpClock::new(rate);
    let mut times = Vec::new();
    for (rtcp, packet) in packets {
        if rtcp {
            for report in sender_reports(&packet) {
                clock.report(report);
            }
        } else if let Some(timed) = clock.packet(packet) {
            times.push((timed.pts_ns, timed.camera_us));
        }
    }
    times
}

/// Sends a script in pieces of a network's size and keeps every answer.
struct ScriptedPeer<'a> {
    unread: &'a [u8],
    answers: Vec<u8>,
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
        self.answers.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
