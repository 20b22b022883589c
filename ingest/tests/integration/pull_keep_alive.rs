//! Sessions of pulled cameras are kept alive, whatever a camera takes for a sign of life.

use std::sync::{Arc, LazyLock};

use vru_proto::v1::camera_tls::Verify;
use vru_proto::v1::{CameraTls, Credentials, Encoding, Output, RtspTransport, camera_config::Source};
use vru_runtime::test_util::{Authority, IssuedCertificate, eventually};

use super::pull_tls::acceptor;
use super::scripted::login::{LoginScript, Offer};
use super::scripted::stream::RecordedStream;
use super::scripted::{KeepAliveScript, Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

const BASIC: &str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN";
const FULL: &str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER";

const CASES: [(Option<&str>, &str, &str); 7] = [
    (Some(BASIC), "OPTIONS", "501 Not Implemented"),
    (Some(FULL), "GET_PARAMETER", "501 Not Implemented"),
    (None, "GET_PARAMETER", "405 Method Not Allowed"),
    (None, "OPTIONS", "454 Session Not Found"),
    // It names a method and does not know it.
    (Some(FULL), "OPTIONS", "501 Not Implemented"),
    (Some(FULL), "OPTIONS", "454 Session Not Found"),
    (Some(FULL), "OPTIONS", "551 Option not supported"),
];

struct Alive {
    id: String,
    knows: &'static str,
    transport: RtspTransport,
    camera: ScriptedCamera,
}

impl Alive {
    /// Waits for the camera's keep-alives: three of the kind that it counts, and RTCP.
    async fn check(&self, rig: &Rig) {
        let Self { id, knows, transport, camera } = self;
        eventually(DEADLINE, &format!("{id}: three times {knows} after PLAY"), async || {
            let requests = camera.requests();
            let played = requests.iter().position(|line| line.starts_with("PLAY ")).unwrap_or(requests.len());
            let alive = requests[played..].iter().filter(|line| line.starts_with(knows)).count();
            let rtcp = camera.rtcp_packets() > 0 || *transport == RtspTransport::Udp;
            if alive >= 3 && rtcp { Ok(()) } else { Err(format!("{requests:?}, RTCP: {rtcp}")) }
        })
        .await;
        // It asks with a method that the camera refuses once.
        let others = if *knows == "OPTIONS" { "GET_PARAMETER" } else { "OPTIONS" };
        let requests = camera.requests();
        let played = requests.iter().position(|line| line.starts_with("PLAY ")).unwrap_or(requests.len());
        let refused = requests[played..].iter().filter(|line| line.starts_with(others)).count();
        assert!(refused <= 1, "{id}: {requests:?}");
        assert_eq!((camera.connections(), camera.logins().1), (1, 0), "{id}");
        assert_eq!(sessions(&frames_of(&rig.publisher, id)).len(), 1, "{id}");
    }
}

async fn every_camera_is_kept_alive(rig: &Rig, name: &str, transport: RtspTransport, tls: Option<&IssuedCertificate>) {
    let mut cameras = Vec::new();
    for (number, (public, knows, refusal)) in CASES.into_iter().enumerate() {
        for login in [false, true] {
            let script = Script {
                keep_alive: Some(KeepAliveScript { public, knows, refusal }),
                login: login.then(|| LoginScript::new("viewer", "geheim", &[Offer::Digest("MD5")])),
                ..Script::default()
            };
            let camera = match tls {
                None => ScriptedCamera::start(STREET.clone(), script, 0).await,
                Some(tls) => ScriptedCamera::start_tls(STREET.clone(), script, 0, acceptor(tls)).await,
            };
            let mut source = camera.source(transport);
            if tls.is_some() {
                source.url = source.url.replace("rtsp:", "rtsps:");
                source.tls = Some(CameraTls { verify: Some(Verify::Insecure(true)) });
            }
            let credentials = || Credentials { username: "viewer".to_owned(), password: "geheim".to_owned() };
            source.credentials = login.then(credentials);
            let id = format!("alive-{name}-{number}-{login}");
            let output = Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() };
            rig.run(&id, Source::Pull(source), output);
            cameras.push(Alive { id, knows, transport, camera });
        }
    }
    for camera in &cameras {
        camera.check(rig).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_with_and_without_a_login_get_the_requests_that_they_count_and_rtcp() {
    let rig = Rig::new(quick());
    for (name, transport) in [("tcp", RtspTransport::Tcp), ("udp", RtspTransport::Udp)] {
        every_camera_is_kept_alive(&rig, name, transport, None).await;
    }
    rig.stop.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_behind_tls_get_the_requests_that_they_count_and_rtcp() {
    let rig = Rig::new(quick());
    let issued = Authority::new("cameras").issue("camera", "IP:127.0.0.1");
    every_camera_is_kept_alive(&rig, "tls", RtspTransport::Tcp, Some(&issued)).await;
    rig.stop.cancel();
}
