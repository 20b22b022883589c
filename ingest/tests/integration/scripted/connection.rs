//! One connection to the camera.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UdpSocket;
use vru_runtime::clock::now_us;

use super::dialogue::{Dialogue, Speaker};
use super::login::Gate;
use super::stream::{SSRC, STEP, sender_report, stamp};
use super::{Script, Sends, Shared, Sources};

/// 20 pictures a second.
const TICK: Duration = Duration::from_millis(50);
/// A late packet is sent after this many others, which is well within the jitter buffer.
const LATE_BY: usize = 4;

enum Transport {
    Interleaved,
    /// The client's addresses for RTP and RTCP.
    Udp(UdpSocket, SocketAddr, SocketAddr),
}

pub(super) struct Connection {
    shared: Arc<Shared>,
    peer: SocketAddr,
    number: u64,
    random: StdRng,
    transport: Transport,
    gate: Gate,
    speaker: Speaker,
    playing: bool,
    /// Capture time of the first picture. A camera's sender reports follow capture times, however late it sends a picture.
    first_picture_us: i64,
    picture: usize,
    sequence: u16,
    timestamp: u32,
    /// Late packets, and how many other packets are sent before each.
    late: Vec<(usize, Vec<u8>)>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, peer: SocketAddr, number: u64) -> Self {
        let random = StdRng::seed_from_u64(shared.seed.wrapping_add(number));
        let late = Vec::new();
        Self {
            shared,
            peer,
            number,
            random,
            transport: Transport::Interleaved,
            gate: Gate::new(number),
            speaker: Speaker::default(),
            playing: false,
            first_picture_us: 0,
            picture: 0,
            sequence: 0,
            timestamp: 0,
            late,
        }
    }

    pub(super) async fn serve(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                read = stream.read_buf(&mut buffer) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(request) = take_request(&mut buffer, &self.shared.rtcp_packets) {
                        let played = self.playing;
                        let answer = self.answer(&request).await?;
                        let script = self.shared.script.lock().clone();
                        if self.playing && !played && script.dialogue.as_ref().is_some_and(|dialogue| dialogue.rtp.early) {
                            self.send(&mut stream, &script).await?;
                        }
                        stream.write_all(&answer).await?;
                        stream.flush().await?;
                    }
                }
                _ = tick.tick() => {
                    let script = self.shared.script.lock().clone();
                    if self.playing && script.refuses {
                        return Ok(());
                    }
                    if self.playing {
                        self.send(&mut stream, &script).await?;
                    }
                }
            }
        }
    }

    async fn answer(&mut self, request: &str) -> io::Result<Vec<u8>> {
        let script = self.shared.script.lock().clone();
        let header = |name: &str| request.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let ok = |more: &str| format!("RTSP/1.0 200 OK\r\nCSeq: {}\r\n{more}", header("CSeq:")).into_bytes();
        let method = request.split(' ').next().unwrap_or_default();
        if let Some(dialogue) = script.dialogue {
            return self.speak(&dialogue, method, request, header("Transport:")).await;
        }
        if script.refuses {
            let more = "WWW-Authenticate: Basic realm=\"camera\"\r\n\r\n";
            return Ok(format!("RTSP/1.0 401 Unauthorized\r\nCSeq: {}\r\n{more}", header("CSeq:")).into_bytes());
        }
        if let Some(login) = &script.login
            && let Some(challenges) = self.gate.check(login, &self.shared.logins, request)
        {
            return Ok(
                format!("RTSP/1.0 401 Unauthorized\r\nCSeq: {}\r\n{challenges}\r\n", header("CSeq:")).into_bytes()
            );
        }
        let line = request.lines().next().unwrap_or_default();
        self.shared.requests.lock().push(line.to_owned());
        match (method, &script) {
            ("DESCRIBE", Script { redirect: Some(url), .. }) => {
                Ok(format!("RTSP/1.0 302 Found\r\nCSeq: {}\r\nLocation: {url}\r\n\r\n", header("CSeq:")).into_bytes())
            }
            ("DESCRIBE", Script { refuses_describe: Some(status), .. }) => {
                // Some cameras repeat the request in the reason.
                Ok(format!("RTSP/1.0 {status}: {line}\r\nCSeq: {}\r\n\r\n", header("CSeq:")).into_bytes())
            }
            ("DESCRIBE", _) => {
                let sdp = self.sdp(&script);
                Ok(ok(&format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())))
            }
            ("SETUP", Script { garbage_for_setup: true, .. }) => {
                let mut garbage = vec![0; 400];
                self.random.fill_bytes(&mut garbage);
                // On every second connection it looks like the start of an interleaved frame that never ends.
                if self.number.is_multiple_of(2) {
                    garbage[..4].copy_from_slice(&[b'$', 0, 0xff, 0xff]);
                }
                Ok(garbage)
            }
            ("SETUP", _) => {
                let transport = self.set_up(header("Transport:")).await?;
                // A short timeout makes the client send keep-alives soon.
                let timeout = if script.login.is_some() || script.keep_alive.is_some() { ";timeout=2" } else { "" };
                Ok(ok(&format!("Session: 1{timeout}\r\nTransport: {transport}\r\n\r\n")))
            }
            ("PLAY", _) => {
                self.playing = true;
                self.first_picture_us = now_us();
                self.shared.first_picture_us.store(self.first_picture_us, Ordering::SeqCst);
                Ok(ok("Session: 1\r\nRange: npt=0-\r\n\r\n"))
            }
            (_, Script { keep_alive: Some(keep_alive), .. }) if self.playing && method != keep_alive.knows => {
                Ok(format!("RTSP/1.0 {}\r\nCSeq: {}\r\n\r\n", keep_alive.refusal, header("CSeq:")).into_bytes())
            }
            (_, Script { keep_alive: Some(keep_alive), .. }) => {
                let public = keep_alive.public.map(|public| format!("Public: {public}\r\n")).unwrap_or_default();
                Ok(ok(&format!("{public}\r\n")))
            }
            _ => Ok(ok("Session: 1\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n")),
        }
    }

    async fn speak(
        &mut self,
        dialogue: &Dialogue,
        method: &str,
        request: &str,
        transport: &str,
    ) -> io::Result<Vec<u8>> {
        let line = request.lines().next().unwrap_or_default().to_owned();
        let transport = if method == "SETUP" { self.set_up(transport).await? } else { String::new() };
        let spoken = self.speaker.answer(dialogue, &self.shared.stream, request, &transport);
        if spoken.granted {
            self.shared.requests.lock().push(line);
        }
        if spoken.plays {
            self.playing = true;
            self.first_picture_us = now_us();
        }
        Ok(spoken.bytes)
    }

    fn sdp(&self, script: &Script) -> String {
        let stream = &self.shared.stream;
        let payload_type = stream.payload_type;
        let sets = script.parameter_sets.as_ref().unwrap_or(&stream.parameter_sets);
        let media = match (stream.rtpmap.as_str(), &stream.dimensions) {
            ("H264/90000", _) => {
                format!("a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\n")
            }
            ("JPEG/90000", Some(dimensions)) => format!("a=x-dimensions:{dimensions}\r\n"),
            // The number of the payload says it all.
            ("JPEG/90000", None) => String::new(),
            (rtpmap, _) => format!("a=rtpmap:96 {rtpmap}\r\na=fmtp:96 {sets}\r\n"),
        };
        format!(
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 0 RTP/AVP {payload_type}\r\n\
             {media}a=control:0\r\n"
        )
    }

    async fn set_up(&mut self, transport: &str) -> io::Result<String> {
        let Some(ports) = transport.split(';').find_map(|part| part.strip_prefix("client_port=")) else {
            return Ok("RTP/AVP/TCP;unicast;interleaved=0-1".to_owned());
        };
        let first: u16 = ports.split('-').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
        let own = socket.local_addr()?.port();
        let to = |port| SocketAddr::new(self.peer.ip(), port);
        self.transport = Transport::Udp(socket, to(first), to(first + 1));
        Ok(format!("RTP/AVP;unicast;client_port={ports};server_port={own}-{}", own + 1))
    }

    /// Sends one picture, or the garbage of the script.
    async fn send(&mut self, stream: &mut (impl AsyncWrite + Unpin), script: &Script) -> io::Result<()> {
        let mut garbage = vec![0; 200];
        match script.sends {
            Sends::Video => {}
            Sends::FramedGarbage => {
                self.random.fill_bytes(&mut garbage);
                return self.packet(stream, 0, &garbage).await;
            }
            Sends::UnframedGarbage => {
                self.random.fill_bytes(&mut garbage);
                return stream.write_all(&garbage).await;
            }
        }
        let mut timestamp = self.timestamp.wrapping_add(script.rtp_ahead);
        let mut ssrc = script.ssrc.unwrap_or(SSRC);
        let mut sequence_ahead = 0;
        if let Sources::NewAfter(pictures) = script.sources {
            let restarts = (self.picture / pictures) as u32;
            ssrc += restarts;
            timestamp = timestamp.wrapping_add(restarts.wrapping_mul(1_000_000_007));
            sequence_ahead = (restarts as u16).wrapping_mul(20_011);
        }
        if self.picture.is_multiple_of(4) && !script.no_reports {
            let taken_us = self.first_picture_us + i64::from(self.timestamp) * 1_000 / 90;
            let report = sender_report(taken_us + script.clock_ahead_us, timestamp, ssrc);
            self.packet(stream, 1, &report).await?;
        }
        let recorded = self.shared.stream.clone();
        let mut packets = recorded.pictures[self.picture % recorded.pictures.len()].clone();
        if let Some(dialogue) = &script.dialogue {
            packets = dialogue.rtp.picture(packets);
        }
        for mut packet in packets {
            if script.sources == Sources::NewForEachPacket {
                ssrc += 1;
            }
            stamp(&mut packet, self.sequence.wrapping_add(sequence_ahead), timestamp, ssrc);
            let others = match script.sources {
                Sources::Mixed => 1,
                Sources::MixedPairs => 2,
                _ => 0,
            };
            for number in 0..others {
                let mut other = packet.clone();
                let sequence = (self.sequence + number).wrapping_mul(others).wrapping_add(9_000);
                let other_ssrc = if others == 1 { 99 } else { 100_000 + u32::from(self.sequence) };
                stamp(&mut other, sequence, timestamp ^ 0x4000_0000, other_ssrc);
                self.packet(stream, 0, &other).await?;
            }
            self.sequence = self.sequence.wrapping_add(1);
            if let Some(spoil) = script.spoil {
                spoil(&mut packet);
            }
            if self.random.random_range(0..1_000) < script.lost_permille {
                self.shared.lost_packets.fetch_add(1, Ordering::SeqCst);
            } else if self.random.random_range(0..1_000) < script.late_permille {
                self.late.push((LATE_BY, packet));
            } else {
                self.packet(stream, 0, &packet).await?;
            }
            self.send_late(stream).await?;
        }
        self.picture += 1;
        self.timestamp = self.timestamp.wrapping_add(STEP);
        Ok(())
    }

    async fn send_late(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        for (others, _) in &mut self.late {
            *others -= 1;
        }
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(others, _)| *others == 0);
        self.late = later;
        let due: Vec<(usize, Vec<u8>)> = due;
        for (_, packet) in due {
            self.packet(stream, 0, &packet).await?;
        }
        Ok(())
    }

    async fn packet(&self, stream: &mut (impl AsyncWrite + Unpin), channel: u8, payload: &[u8]) -> io::Result<()> {
        match &self.transport {
            Transport::Interleaved => {
                let channel =
                    channel + self.shared.script.lock().dialogue.as_ref().map_or(0, |dialogue| dialogue.rtp.channel);
                let length = u16::try_from(payload.len()).expect("packets are small").to_be_bytes();
                let mut frame = vec![b'$', channel, length[0], length[1]];
                frame.extend(payload);
                stream.write_all(&frame).await
            }
            Transport::Udp(socket, rtp, rtcp) => {
                socket.send_to(payload, if channel == 0 { rtp } else { rtcp }).await?;
                Ok(())
            }
        }
    }
}

/// Takes the next complete request, and counts RTCP of the client.
fn take_request(buffer: &mut Vec<u8>, rtcp: &AtomicU64) -> Option<String> {
    while let [b'$', _, high, low, ..] = buffer[..] {
        let end = 4 + usize::from(u16::from_be_bytes([high, low]));
        if buffer.len() < end {
            return None;
        }
        buffer.drain(..end);
        rtcp.fetch_add(1, Ordering::SeqCst);
    }
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let request = buffer.drain(..end).collect::<Vec<u8>>();
    Some(String::from_utf8_lossy(&request).into_owned())
}
