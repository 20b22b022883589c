//! Sessions of pulled cameras are kept alive, whatever a camera takes for a sign of life.

use std::sync::{Arc, LazyLock};

use vru_proto::v1::{Credentials, Encoding, Output, PullSource, RtspTransport, camera_config::Source};
use vru_runtime::test_util::eventually;

use super::scripted::login::{LoginScript, Offer};
use super::scripted::stream::RecordedStream;
use super::scripted::{KeepAliveScript, Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

const BASIC: &str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN";
const FULL: &str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER";

#[tokio::test(flavor = "multi_thread")]
async fn cameras_with_and_without_a_login_get_the_requests_that_they_count_and_rtcp() {
    let rig = Rig::new(quick());
    let mut cameras = Vec::new();
    for (number, (public, knows)) in [
        (Some(BASIC), "OPTIONS"),
        (Some(FULL), "GET_PARAMETER"),
        (None, "GET_PARAMETER"),
        (None, "OPTIONS"),
        // It names a method and does not know it.
        (Some(FULL), "OPTIONS"),
    ]
    .into_iter()
    .enumerate()
    {
        for transport in [RtspTransport::Tcp, RtspTransport::Udp] {
            for login in [false, true] {
                let credentials = || Credentials { username: "viewer".to_owned(), password: "geheim".to_owned() };
                let script = Script {
                    keep_alive: Some(KeepAliveScript { public, knows }),
                    login: login.then(|| LoginScript::new("viewer", "geheim", &[Offer::Digest("MD5")])),
                    ..Script::default()
                };
                let camera = ScriptedCamera::start(STREET.clone(), script, 0).await;
                let credentials = login.then(credentials);
                let source = PullSource { credentials, ..camera.source(transport) };
                let id = format!("alive-{number}-{}-{login}", transport.as_str_name().to_lowercase());
                let output = Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() };
                rig.run(&id, Source::Pull(source), output);
                cameras.push((id, knows, transport, camera));
            }
        }
    }
    for (id, knows, transport, camera) in &cameras {
        eventually(DEADLINE, &format!("{id}: three times {knows} after PLAY"), async || {
            let requests = camera.requests();
            let played = requests.iter().position(|line| line.starts_with("PLAY ")).unwrap_or(requests.len());
            let alive = requests[played..].iter().filter(|line| line.starts_with(knows)).count();
            let rtcp = camera.rtcp_packets() > 0 || *transport == RtspTransport::Udp;
            if alive >= 3 && rtcp { Ok(()) } else { Err(format!("{requests:?}, RTCP: {rtcp}")) }
        })
        .await;
        assert_eq!((camera.connections(), camera.logins().1), (1, 0), "{id}");
        assert_eq!(sessions(&frames_of(&rig.publisher, id)).len(), 1, "{id}");
    }
    rig.stop.cancel();
}
