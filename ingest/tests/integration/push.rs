use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vru_ingest::IngestConfig;
use vru_ingest::source::push;
use vru_proto::v1::{ClockSource, Credentials, Encoding, Frame, Output, PushSource, camera_config::Source};
use vru_runtime::shutdown::Shutdown;
use vru_runtime::test_util::{CertificateFiles, Codec, clip, eventually};

use super::push_client::{RtspClient, path_opens};
use super::support::{DEADLINE, Rig, quick, sessions};

/// A rig with a push server.
pub async fn server(config: IngestConfig) -> (Rig, SocketAddr, Shutdown) {
    let (rig, address, _, shutdown) = servers(config).await;
    (rig, address, shutdown)
}

/// Like [`server`], with every address.
pub async fn servers(mut config: IngestConfig) -> (Rig, SocketAddr, Vec<SocketAddr>, Shutdown) {
    config.push.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let rig = Rig::new(config);
    let shutdown = Shutdown::default();
    let bound = push::serve(&rig.config.push, rig.push_paths.clone(), &shutdown).await.unwrap();
    (rig, bound[0], bound, shutdown)
}

pub fn camera(user: &str, password: &str) -> Source {
    let credentials = Credentials { username: user.to_owned(), password: password.to_owned() };
    let allow_anonymous = user.is_empty();
    let credentials = (!allow_anonymous).then_some(credentials);
    Source::Push(PushSource { path: String::new(), credentials, allow_anonymous })
}

pub fn passthrough() -> Output {
    Output { encoding: Encoding::H264 as i32, ..Output::default() }
}

/// A publisher in a process of its own, which is killed when dropped.
pub struct PublisherProcess(Child);

impl PublisherProcess {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Waits for its end; whether it succeeded, and its output.
    pub async fn ended(mut self) -> (bool, String) {
        eventually(DEADLINE, "the publisher to end", async || match self.0.try_wait().unwrap() {
            Some(_) => Ok(()),
            None => Err("still running".to_owned()),
        })
        .await;
        let mut text = String::new();
        std::io::Read::read_to_string(self.0.stderr.as_mut().unwrap(), &mut text).unwrap();
        (self.0.wait().unwrap().success(), text)
    }
}

impl Drop for PublisherProcess {
    fn drop(&mut self) {
        // Usually the process has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Publishes pictures of the clip; in real time with `live`, else as fast as the server accepts them.
pub fn ffmpeg(codec: Codec, frames: u32, url: &str, options: &[&str], live: bool) -> PublisherProcess {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "warning"]);
    if live {
        command.arg("-re");
    }
    command.arg("-i").arg(clip(codec)).args(["-frames:v", &frames.to_string()]).args(options);
    command.args(["-f", "rtsp"]).arg(url);
    PublisherProcess::start(command)
}

pub const COPY: &[&str] = &["-map", "0:v", "-c:v", "copy", "-rtsp_transport", "tcp"];

async fn pushed(name: &str, codec: Codec, options: &[&str], login: Option<&str>, frames: u32) -> Vec<Frame> {
    let (rig, address, _shutdown) = server(quick()).await;
    let (source, user) = match login {
        Some(password) => (camera("cam", password), format!("cam:{password}@")),
        None => (camera("", ""), String::new()),
    };
    let task = rig.run(name, source, passthrough());
    path_opens(address, name, login.unwrap_or_default()).await;
    let url = format!("rtsp://{user}127.0.0.1:{}/{name}", address.port());
    let (success, output) = ffmpeg(codec, frames, &url, options, false).ended().await;
    assert!(success, "{output}");
    rig.publisher.wait(frames as usize).await;
    rig.finish(task).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_publishes_every_picture_over_tcp() {
    for (name, codec, encoding) in
        [("push-h264", Codec::H264, Encoding::H264), ("push-h265", Codec::H265, Encoding::H265)]
    {
        let frames = pushed(name, codec, COPY, Some("geheim"), 60).await;
        assert_eq!(sessions(&frames), [(frames[0].id.as_ref().unwrap().session, 60)], "{name}");
        assert!(frames[0].key_frame);
        assert!(frames.iter().all(|frame| frame.encoding() == encoding && (frame.width, frame.height) == (768, 576)));
        let by_report = frames.iter().filter(|frame| frame.clock_source() == ClockSource::SenderReport).count();
        assert!(by_report > 0, "{name}: no capture time from a sender report");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_falls_back_to_tcp() {
    let options = ["-map", "0:v", "-c:v", "copy"];
    assert_eq!(pushed("push-fallback", Codec::H264, &options, None, 30).await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audio_track_is_accepted_and_discarded() {
    let options = [
        "-f",
        "lavfi",
        "-i",
        "sine=duration=3",
        "-map",
        "1:a",
        "-map",
        "0:v",
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        "-rtsp_transport",
        "tcp",
    ];
    // ffmpeg expects inputs before output options, so the audio input comes first.
    let (rig, address, _shutdown) = server(quick()).await;
    let task = rig.run("push-sound", camera("", ""), passthrough());
    path_opens(address, "push-sound", "").await;
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "warning", "-i"]).arg(clip(Codec::H264));
    command.args(options).args(["-frames:v", "30", "-f", "rtsp"]);
    command.arg(format!("rtsp://127.0.0.1:{}/push-sound", address.port()));
    let (success, output) = PublisherProcess::start(command).ended().await;
    assert!(success, "{output}");
    rig.publisher.wait(30).await;
    assert_eq!(rig.finish(task).await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn rtspclientsink_publishes_with_credentials() {
    let (rig, address, _shutdown) = server(quick()).await;
    let task = rig.run("push-gst", camera("cam", "geheim"), Output { max_fps: 30.0, ..Output::default() });
    path_opens(address, "push-gst", "geheim").await;
    let mut command = Command::new("gst-launch-1.0");
    command.args([
        "-q",
        "videotestsrc",
        "num-buffers=60",
        "is-live=true",
        "!",
        "video/x-raw,width=320,height=240,framerate=20/1",
    ]);
    command.args([
        "!",
        "x264enc",
        "tune=zerolatency",
        "key-int-max=10",
        "!",
        "rtspclientsink",
        "user-id=cam",
        "user-pw=geheim",
    ]);
    // By default rtspclientsink 1.22 asks for UDP, then for multicast, and then gives up.
    command.arg("protocols=tcp");
    command.arg(format!("location=rtsp://127.0.0.1:{}/push-gst", address.port()));
    let publisher = PublisherProcess::start(command);
    rig.publisher.wait(30).await;
    drop(publisher);
    let frames = rig.finish(task).await;
    sessions(&frames);
    assert!(frames.iter().all(|frame| frame.encoding() == Encoding::Jpeg && frame.source_width == 320));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_unknown_paths_and_second_publishers_are_refused() {
    let (rig, address, _shutdown) = server(quick()).await;
    let task = rig.run("door", camera("cam", "geheim"), passthrough());
    path_opens(address, "door", "geheim").await;
    let port = address.port();
    for (url, expected) in [
        (format!("rtsp://cam:falsch@127.0.0.1:{port}/door"), "401"),
        (format!("rtsp://127.0.0.1:{port}/door"), "401"),
        (format!("rtsp://cam:geheim@127.0.0.1:{port}/window"), "401"),
    ] {
        let (success, output) = ffmpeg(Codec::H264, 5, &url, COPY, false).ended().await;
        assert!(!success && output.contains(expected), "{url}: {output}");
    }
    let url = format!("rtsp://cam:geheim@127.0.0.1:{port}/door");
    let first = ffmpeg(Codec::H264, 700, &url, COPY, true);
    rig.publisher.wait(5).await;
    let (success, output) = ffmpeg(Codec::H264, 5, &url, COPY, false).ended().await;
    assert!(!success && output.contains("409"), "{output}");
    let before = rig.publisher.count();
    rig.publisher.wait(before + 5).await;
    assert_eq!(sessions(&rig.publisher.all()).len(), 1, "the first publisher was disturbed");
    // A publisher that is killed frees the path for the next one.
    drop(first);
    eventually(DEADLINE, "the path to be free again", async || {
        let (success, output) = ffmpeg(Codec::H264, 20, &url, COPY, false).ended().await;
        if success { Ok(()) } else { Err(output) }
    })
    .await;
    eventually(DEADLINE, "the second session", async || {
        let sessions = sessions(&rig.publisher.all());
        if sessions.len() == 2 && sessions[1].1 == 20 { Ok(()) } else { Err(format!("{sessions:?}")) }
    })
    .await;
    rig.finish(task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_over_tls_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = quick();
    let files = CertificateFiles::create(folder.path(), "server");
    (config.push.tls_certificate, config.push.tls_key) = (files.certificate, files.key);
    config.push.tls_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let (rig, _, addresses, _shutdown) = servers(config).await;
    let task = rig.run("push-tls", camera("cam", "geheim"), passthrough());
    path_opens(addresses[0], "push-tls", "geheim").await;
    let url = format!("rtsps://cam:geheim@127.0.0.1:{}/push-tls", addresses[1].port());
    let (success, output) = ffmpeg(Codec::H264, 30, &url, COPY, false).ended().await;
    assert!(success, "{output}");
    rig.publisher.wait(30).await;
    assert_eq!(rig.finish(task).await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_and_garbage_are_closed() {
    let mut config = quick();
    config.push.read_timeout = Duration::from_secs(2);
    let (rig, address, _shutdown) = server(config).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut garbage = TcpStream::connect(address).await.unwrap();
    garbage.write_all(&[0xff; 100]).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(DEADLINE, garbage.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&answer).starts_with("RTSP/1.0 400"));
    let mut nothing = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), silent.read_to_end(&mut nothing)).await.unwrap().unwrap();
    assert!(nothing.is_empty());
    drop(rig);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_refused_with_503() {
    let mut config = quick();
    config.push.max_connections = 1;
    let (rig, address, _shutdown) = server(config).await;
    let _first = TcpStream::connect(address).await.unwrap();
    eventually(DEADLINE, "the second to be refused", async || {
        match RtspClient::connect(address).await.request("OPTIONS rtsp://h/x", "", "").await.status {
            503 => Ok(()),
            other => Err(format!("{other}")),
        }
    })
    .await;
    drop(rig);
}
