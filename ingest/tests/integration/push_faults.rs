//! Publishers that disconnect without TEARDOWN, and credentials that are changed while a publisher sends.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::RngCore as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vru_ingest::metrics;
use vru_ingest::source::push;
use vru_proto::v1::{Credentials, Encoding, Frame, Output, PushSource, camera_config::Source};
use vru_runtime::shutdown::Shutdown;
use vru_runtime::test_util::{Codec, FfmpegCamera, eventually, folder, seeded_rng};

use super::push_client::path_opens;
use super::scripted::stream::{RecordedStream, SSRC, STEP, sender_report, stamp};
use super::support::{DEADLINE, Rig, assert_accounted_for, frames_of, quick};

fn camera(password: &str) -> Source {
    let credentials = Credentials { username: "cam".to_owned(), password: password.to_owned() };
    let allow_anonymous = password.is_empty();
    let credentials = (!allow_anonymous).then_some(credentials);
    Source::Push(PushSource { path: String::new(), credentials, allow_anonymous })
}

fn passthrough() -> Output {
    Output { encoding: Encoding::H264 as i32, ..Output::default() }
}

async fn server() -> (Rig, SocketAddr, Shutdown) {
    let mut config = quick();
    config.cameras.secrets_dir = folder("push-secrets");
    config.push.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let rig = Rig::new(config);
    let shutdown = Shutdown::default();
    let bound = push::serve(&rig.config.push, rig.push_paths.clone(), &shutdown).await.unwrap();
    (rig, bound[0], shutdown)
}

/// A publisher that sends pictures and then disconnects as the test wants.
struct ScriptedPublisher {
    stream: TcpStream,
    recorded: Arc<RecordedStream>,
    sequence: u16,
    timestamp: u32,
}

impl ScriptedPublisher {
    /// Connects; the error is the status of the first request that is refused.
    async fn connect(address: SocketAddr, path: &str, recorded: &Arc<RecordedStream>) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut publisher = Self { stream, recorded: recorded.clone(), sequence: 0, timestamp: 0 };
        let url = format!("rtsp://{address}/{path}");
        let sdp = format!(
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
             a=fmtp:96 packetization-mode=1;sprop-parameter-sets={}\r\na=control:streamid=0\r\n",
            recorded.parameter_sets
        );
        let announce = format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len());
        publisher.request(&format!("ANNOUNCE {url}"), &announce).await?;
        let transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n\r\n";
        publisher.request(&format!("SETUP {url}/streamid=0"), transport).await?;
        publisher.request(&format!("RECORD {url}"), "\r\n").await?;
        Ok(publisher)
    }

    async fn request(&mut self, line: &str, rest: &str) -> Result<(), u16> {
        self.stream.write_all(format!("{line} RTSP/1.0\r\nCSeq: 1\r\n{rest}").as_bytes()).await.unwrap();
        let mut answer = [0; 1_024];
        let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut answer)).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&answer[..read]).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        if status == 200 { Ok(()) } else { Err(status) }
    }

    /// Sends `pictures` pictures like a camera, and then the first packet of one more. With `cut`, only that many bytes of that
    /// packet are sent.
    async fn send(&mut self, pictures: usize, cut: Option<usize>) {
        for index in 0..=pictures {
            let report = sender_report(vru_runtime::clock::now_us(), self.timestamp, SSRC);
            self.packet(1, &report, None).await;
            let recorded = self.recorded.clone();
            for packet in &recorded.pictures[index % recorded.pictures.len()] {
                let mut packet = packet.clone();
                stamp(&mut packet, self.sequence, self.timestamp, SSRC);
                self.sequence = self.sequence.wrapping_add(1);
                let cut = cut.filter(|_| index == pictures);
                self.packet(0, &packet, cut).await;
                if index == pictures {
                    return;
                }
            }
            self.timestamp = self.timestamp.wrapping_add(STEP);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn packet(&mut self, channel: u8, payload: &[u8], cut: Option<usize>) {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        let frame = [&[b'$', channel, length[0], length[1]], payload].concat();
        self.stream.write_all(&frame[..cut.unwrap_or(frame.len())]).await.unwrap();
    }
}

/// Connects once the path is open and free.
async fn connect(address: SocketAddr, path: &str, recorded: &Arc<RecordedStream>) -> ScriptedPublisher {
    eventually(DEADLINE, &format!("{path} to be free"), async || {
        ScriptedPublisher::connect(address, path, recorded).await.map_err(|status| format!("status {status}"))
    })
    .await
}

/// How a publisher disconnects.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It closes the connection within a packet.
    Cut,
    /// It resets the connection, and discards bytes that were not sent yet.
    Reset,
    /// It sends nothing more and keeps the connection open, as after a loss of power.
    Silent,
}

fn session(frame: &Frame) -> u64 {
    frame.id.as_ref().unwrap().session
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_dies_without_teardown_frees_its_path_for_the_next() {
    let mut random = seeded_rng("a_publisher_that_dies_without_teardown");
    let recorded = RecordedStream::street(20);
    let (rig, address, _shutdown) = server().await;
    let tasks = [rig.run("dies", camera(""), passthrough()), rig.run("stays", camera(""), passthrough())];
    let mut stays = connect(address, "stays", &recorded).await;
    let stays = tokio::spawn(async move {
        loop {
            stays.send(20, None).await;
        }
    });
    let mut sent = Vec::new();
    let mut dead = Vec::new();
    for (sessions, end) in [End::Cut, End::Reset, End::Silent, End::Cut].into_iter().enumerate() {
        let mut publisher = connect(address, "dies", &recorded).await;
        let pictures = 3 + random.next_u32() as usize % 15;
        let cut = matches!(end, End::Cut).then_some(2 + random.next_u32() as usize % 30);
        publisher.send(pictures, cut).await;
        sent.push((end, pictures));
        match end {
            End::Cut => drop(publisher),
            End::Reset => {
                publisher.stream.set_zero_linger().unwrap();
                drop(publisher);
            }
            End::Silent => dead.push(publisher),
        }
        eventually(DEADLINE, &format!("the end of {end:?}"), async || {
            let frames = frames_of(&rig.publisher, "dies");
            let connected = metrics::CONNECTED.with_label_values(&["dies"]).get();
            let seen = frames.iter().map(session).collect::<BTreeSet<_>>();
            if connected == 0 && seen.len() == sessions + 1 { Ok(()) } else { Err(format!("{connected} {seen:?}")) }
        })
        .await;
    }
    let stalls = metrics::ERRORS.with_label_values(&["dies", "stall"]).get();
    assert_eq!(stalls, 1, "only the silent publisher is an error");
    assert_eq!(metrics::ERRORS.with_label_values(&["stays", "stall"]).get(), 0);
    assert!(!stays.is_finished(), "the other publisher was disconnected");
    stays.abort();
    rig.stop.cancel();
    for task in tasks {
        tokio::time::timeout(DEADLINE, task).await.unwrap().unwrap();
    }
    let frames = frames_of(&rig.publisher, "dies");
    assert_eq!(assert_accounted_for("dies", &frames), 4);
    // The last picture of each publisher was incomplete. No earlier picture is missing, except those that a reset discards.
    let sessions: BTreeSet<u64> = frames.iter().map(session).collect();
    for (session_of, (end, pictures)) in sessions.into_iter().zip(sent) {
        let received = frames.iter().filter(|frame| session(frame) == session_of).count();
        let complete = if matches!(end, End::Reset) { received <= pictures } else { received == pictures };
        assert!(complete, "{end:?}: {received} of {pictures}");
    }
    assert_eq!(
        assert_accounted_for("stays", &frames_of(&rig.publisher, "stays")),
        1,
        "the other publisher was disturbed"
    );
    drop(dead);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_disconnects_the_publisher_and_the_new_one_is_accepted() {
    let (rig, address, _shutdown) = server().await;
    let port = address.port();
    let publisher = |password: &str| {
        FfmpegCamera::new(Codec::H264, format!("rtsp://cam:{password}@127.0.0.1:{port}/password-door")).start()
    };
    // When the configuration changes, the supervisor stops the camera and starts it with the new configuration.
    let stop = rig.stop.child_token();
    let task = rig.run_until("password-door", camera("old"), passthrough(), stop.clone());
    let frames_come = async |more: usize| {
        let before = rig.publisher.count();
        rig.publisher.wait(before + more).await;
    };
    path_opens(address, "password-door", "old").await;
    let first = publisher("old");
    frames_come(5).await;
    stop.cancel();
    tokio::time::timeout(DEADLINE, task).await.unwrap().unwrap();
    let file = rig.config.cameras.secrets_dir.join("password");
    std::fs::write(&file, "new\n").unwrap();
    let task = rig.run("password-door", camera("file:password"), passthrough());
    assert!(!first.wait(DEADLINE).success(), "the publisher with the old password was not disconnected");
    path_opens(address, "password-door", "new").await;
    let count = rig.publisher.count();
    let refused = publisher("old");
    assert!(!refused.wait(DEADLINE).success());
    assert!(refused.log().contains("401"), "{}", refused.log());
    assert_eq!(rig.publisher.count(), count);
    let second = publisher("new");
    frames_come(5).await;
    // A password that is changed in its file applies to the next publisher, without a change of the configuration, and does not disturb
    // the present one.
    std::fs::write(&file, "newer").unwrap();
    path_opens(address, "password-door", "newer").await;
    frames_come(5).await;
    drop(second);
    let refused = publisher("new");
    assert!(!refused.wait(DEADLINE).success() && refused.log().contains("401"), "{}", refused.log());
    let third = eventually(DEADLINE, "the path to be free", async || {
        let third = publisher("newer");
        let before = rig.publisher.count();
        let came = frames_come_or_ended(&rig, &third, before + 5).await;
        if came { Ok(third) } else { Err(third.log()) }
    })
    .await;
    drop(third);
    rig.stop.cancel();
    tokio::time::timeout(DEADLINE, task).await.unwrap().unwrap();
    assert_eq!(assert_accounted_for("password-door", &frames_of(&rig.publisher, "password-door")), 3);
}

/// Whether `count` frames come before the publisher ends.
async fn frames_come_or_ended(rig: &Rig, publisher: &vru_runtime::test_util::Process, count: usize) -> bool {
    eventually(DEADLINE, "frames or the publisher's end", async || {
        let came = rig.publisher.count() >= count;
        if came || publisher.ended().is_some() { Ok(came) } else { Err("neither".to_owned()) }
    })
    .await
}
