//! No secret of a camera is in the log, `/ready` or `/metrics` of the real program, however the camera fails.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vru_proto::camera_url::percent_encode;
use vru_proto::v1::RtspTransport;
use vru_runtime::test_util::{ServiceLaunch, eventually, folder, http_get};

use super::scripted::login::{LoginScript, Offer};
use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera};
use super::support::DEADLINE;

static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

const IN_FILE: &str = "f1le ge:heim/ä\"";
const IN_VARIABLE: &str = "v4riable+geheim";
const IN_CONFIGURATION: &str = "l1teral geheim";
const IN_URL: &str = "ur1-geheim";
const USERNAME: &str = "viewer-7";

/// A camera of the cameras file, and the kind of error that it has.
struct Failing {
    id: &'static str,
    pull: String,
    kind: &'static str,
}

fn failing(id: &'static str, url: &str, password: &str, more: &str, kind: &'static str) -> Failing {
    let login = format!("username = '{USERNAME}', password = '{password}'");
    Failing { id, pull: format!("url = '{url}', {login}{more}"), kind }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_shown_however_a_camera_fails() {
    let folder = folder("camera-secrets");
    let secret = folder.join("password");
    std::fs::write(&secret, IN_FILE).unwrap();
    let file = format!("file:{}", secret.display());
    let start = |script: Script| ScriptedCamera::start(STREET.clone(), script, 1);
    let guarded = |password: &str, offers: &[Offer]| Script {
        login: Some(LoginScript::new(USERNAME, password, offers)),
        ..Script::default()
    };
    let refuses = start(guarded("another", &[Offer::Basic])).await;
    let unknown = start(guarded(IN_FILE, &[Offer::Digest("SHA-1")])).await;
    let missing = start(Script { refuses_describe: Some("404 Not Found"), ..Script::default() }).await;
    let garbage = start(Script { garbage_for_setup: true, ..Script::default() }).await;
    let elsewhere = format!("rtsp://localhost:1/{}?password={IN_URL}", percent_encode(IN_FILE));
    let redirects = start(Script { redirect: Some(elsewhere), ..Script::default() }).await;
    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let closed = reserved.local_addr().unwrap();

    let everywhere = "/user={username}&password={password}&x=1?p={password}";
    let url = |camera: &ScriptedCamera, path: &str| format!("rtsp://{}{path}", camera.address());
    let plain = missing.source(RtspTransport::Tcp).url;
    let literal = format!("/user={USERNAME}&password={IN_URL}&x=1");
    let cameras = [
        failing("refused", &format!("rtsp://{closed}{everywhere}"), &file, "", "stream"),
        failing("denied", &url(&refuses, everywhere), &file, "", "unauthorized"),
        failing("denied-variable", &url(&refuses, everywhere), "env:CAMERA_SECRET", "", "unauthorized"),
        failing("denied-literal", &url(&refuses, "/live"), IN_CONFIGURATION, "", "unauthorized"),
        failing("unknown-method", &url(&unknown, everywhere), &file, "", "login_method"),
        failing("missing", &url(&missing, everywhere), &file, "", "stream"),
        failing("garbage", &url(&garbage, everywhere), &file, "", "stream"),
        failing("redirect", &url(&redirects, everywhere), &file, "", "stream"),
        failing("no-tls", &url(&missing, everywhere).replace("rtsp:", "rtsps:"), &file, "", "open_timeout"),
        failing("no-ca", &plain.replace("rtsp:", "rtsps:"), &file, ", tls = { ca_file = '/nonexistent' }", "tls"),
        failing("no-variable", &plain, "env:CAMERA_SECRET_MISSING", "", "credentials"),
        failing("forbidden-variable", &plain, "env:VRU__KAFKA__SASL_PASSWORD", "", "credentials"),
        Failing { id: "in-url", pull: format!("url = '{}'", url(&missing, &literal)), kind: "stream" },
        Failing { id: "in-url-refused", pull: format!("url = 'rtsp://{closed}{literal}'"), kind: "stream" },
    ];
    let mut text = String::new();
    for camera in &cameras {
        writeln!(text, "[[cameras]]\nid = '{}'\npull = {{ {} }}", camera.id, camera.pull).unwrap();
    }
    let path = folder.join("cameras.toml");
    std::fs::write(&path, text).unwrap();

    // Nothing listens there: this test needs no frames.
    let service = ServiceLaunch::new("vru-ingest")
        .set("kafka.brokers", "127.0.0.1:1")
        .set("cameras.file", &path)
        .set("push.enabled", "false")
        .set("pull.open_timeout", "4s")
        .set("telemetry.level", "trace")
        .env("CAMERA_SECRET", IN_VARIABLE)
        .start();
    for Failing { id, kind, .. } in &cameras {
        eventually(DEADLINE, &format!("{id} to fail"), async || {
            let answer = http_get(service.admin(), "/metrics").map_err(|error| error.clone())?;
            let wanted = format!("ingest_errors_total{{camera=\"{id}\",kind=\"{kind}\"}}");
            if answer.body.contains(&wanted) { Ok(()) } else { Err(format!("{}\n{}", answer.body, service.log_tail())) }
        })
        .await;
    }
    let (_, ready) = service.ready().unwrap();
    let metrics = http_get(service.admin(), "/metrics").unwrap().body;
    service.stop();
    let log = service.log();
    for secret in [IN_FILE, IN_VARIABLE, IN_CONFIGURATION, IN_URL] {
        let basic = STANDARD.encode(format!("{USERNAME}:{secret}"));
        let encoded = percent_encode(secret);
        for form in [secret, &encoded, &encoded.to_lowercase(), &basic, basic.trim_end_matches('=')] {
            for (place, shown) in [("the log", &log), ("/ready", &ready), ("/metrics", &metrics)] {
                let line = shown.lines().find(|line| line.contains(form));
                assert!(line.is_none(), "{place} shows a secret as {form}: {line:?}");
            }
        }
    }
    // Each error names its camera, and what a person needs to correct it.
    for (camera, wanted) in [
        ("refused", "onnection refused"),
        ("denied", "refuses the user name or password"),
        ("denied", "/user={username}&password={password}&x=1"),
        ("unknown-method", "asks for Digest SHA-1, which the RTSP client does not support"),
        ("no-ca", "/nonexistent"),
        ("no-variable", "CAMERA_SECRET_MISSING"),
        ("forbidden-variable", "VRU__KAFKA__SASL_PASSWORD"),
        ("in-url", "/user=***&password=***&x=1"),
    ] {
        let line = log
            .lines()
            .find(|line| line.contains(&format!("{camera}\"")) || line.contains(&format!("camera={camera}")));
        let named =
            |line: &&str| line.contains("camera connection failed") && line.contains(camera) && line.contains(wanted);
        assert!(log.lines().any(|line| named(&line)), "no line of {camera} has `{wanted}`: {line:?}");
    }
    let blamed = |line: &str| line.contains("unknown-method") && line.contains("refuses the user name");
    assert!(!log.lines().any(blamed), "a method that is unknown is called a wrong password");
}
