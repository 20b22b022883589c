//! Log-ins at pulled cameras: every method works, a wrong one reaches the camera once, and secrets go only where they may.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use vru_ingest::{IngestConfig, metrics};
use vru_proto::v1::{Credentials, Encoding, Output, PullSource, RtspTransport, camera_config::Source};
use vru_runtime::test_util::{eventually, folder};

use super::scripted::login::{LoginScript, Offer};
use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, frames_of, quick, sessions};

static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

const USERNAME: &str = "view\"er";
const PASSWORD: &str = "ge:heim ä%";

fn passthrough() -> Output {
    Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() }
}

fn login(offers: &[Offer]) -> LoginScript {
    LoginScript::new(USERNAME, PASSWORD, offers)
}

async fn camera(login: LoginScript) -> ScriptedCamera {
    let script = Script { login: Some(login), ..Script::default() };
    ScriptedCamera::start(STREET.clone(), script, 1).await
}

fn source(camera: &ScriptedCamera, transport: RtspTransport, password: &str) -> PullSource {
    let credentials = Credentials { username: USERNAME.to_owned(), password: password.to_owned() };
    PullSource { credentials: Some(credentials), ..camera.source(transport) }
}

/// A camera that refuses a log-in is not asked again during the test, and none is asked again because a busy machine takes long to open
/// its connection.
fn slow_logins() -> IngestConfig {
    let mut config = quick();
    config.pull.open_timeout = DEADLINE;
    config.live.stall_timeout = DEADLINE;
    config.pull.login_backoff_initial = Duration::from_hours(10);
    config.pull.login_backoff_max = Duration::from_hours(10);
    config
}

fn errors(camera: &str, kind: &str) -> u64 {
    metrics::ERRORS.with_label_values(&[camera, kind]).get()
}

async fn error_comes(camera: &str, kind: &str, count: u64) {
    eventually(DEADLINE, &format!("{count} errors of kind {kind} of {camera}"), async || {
        let seen = errors(camera, kind);
        if seen >= count {
            Ok(())
        } else {
            Err(format!("{:?}", vru_ingest::counts().get(camera).map(|c| c.errors.clone())))
        }
    })
    .await;
}

async fn frames_come(rig: &Rig, camera: &str, count: usize) {
    eventually(DEADLINE, &format!("{count} frames of {camera}"), async || {
        let frames = frames_of(&rig.publisher, camera).len();
        let errors = || vru_ingest::counts().get(camera).map(|counts| counts.errors.clone());
        if frames >= count { Ok(()) } else { Err(format!("{frames} frames, errors {:?}", errors())) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_logs_in_once_and_a_wrong_password_reaches_the_camera_once() {
    use Offer::{Basic, Digest, Oldest, Protected, Text};
    let offers: [&[Offer]; 10] = [
        &[Basic],
        &[Oldest],
        &[Digest("MD5")],
        &[Digest("SHA-256")],
        &[Digest("SHA-256"), Digest("MD5")],
        &[Digest("MD5"), Digest("SHA-256"), Basic],
        &[Protected("SHA-256-sess", "auth")],
        &[Protected("MD5", "auth-int")],
        &[Protected("SHA-512-256", "auth-int,auth")],
        &[Text("Negotiate"), Basic, Digest("SHA-1"), Digest("MD5")],
    ];
    for (number, offers) in offers.into_iter().enumerate() {
        let mut tasks = Vec::new();
        let (good, bad) = (Rig::new(slow_logins()), Rig::new(slow_logins()));
        let mut cameras = Vec::new();
        for (name, transport) in [("tcp", RtspTransport::Tcp), ("udp", RtspTransport::Udp)] {
            let name = format!("login-{number}-{name}");
            let script = || LoginScript { one_header: transport == RtspTransport::Udp, ..login(offers) };
            let (right, wrong) = (camera(script()).await, camera(script()).await);
            tasks.push(good.run(&name, Source::Pull(source(&right, transport, PASSWORD)), passthrough()));
            let refused = format!("{name}-refused");
            tasks.push(bad.run(&refused, Source::Pull(source(&wrong, transport, "falsch")), passthrough()));
            cameras.push((name, right, refused, wrong));
        }
        for (name, right, refused, wrong) in &cameras {
            frames_come(&good, name, 3).await;
            assert_eq!(right.logins().1, 0, "{name} {offers:?}: {:?}", right.requests());
            error_comes(refused, "unauthorized", 1).await;
            let (logins, connections) = (wrong.logins(), wrong.connections());
            let failures = vru_ingest::counts().get(refused.as_str()).map(|counts| counts.errors.clone());
            assert_eq!((logins, connections), ((0, 1), 1), "{refused} {offers:?}: {failures:?}");
        }
        good.stop.cancel();
        bad.stop.cancel();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_try_of_a_wrong_password_is_one_log_in() {
    let camera = camera(login(&[Offer::Digest("MD5")])).await;
    let rig = Rig::new(quick());
    let task = rig.run("login-tries", Source::Pull(source(&camera, RtspTransport::Tcp, "falsch")), passthrough());
    error_comes("login-tries", "unauthorized", 4).await;
    assert!(rig.finish(task).await.is_empty());
    // The camera was perhaps stopped during a try.
    let (tries, refused) = (errors("login-tries", "unauthorized"), camera.logins().1);
    assert!(refused == tries || refused == tries + 1, "{refused} log-ins in {tries} tries");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_missing_credentials_send_no_log_in_and_are_named() {
    let unknown = camera(login(&[Offer::Digest("SHA-1"), Offer::Text("Negotiate")])).await;
    let silent = camera(login(&[])).await;
    let rig = Rig::new(slow_logins());
    let tasks = [
        rig.run("login-unknown", Source::Pull(source(&unknown, RtspTransport::Tcp, PASSWORD)), passthrough()),
        rig.run("login-silent", Source::Pull(source(&silent, RtspTransport::Tcp, PASSWORD)), passthrough()),
        rig.run("login-none", Source::Pull(unknown.source(RtspTransport::Tcp)), passthrough()),
    ];
    error_comes("login-unknown", "login_method", 1).await;
    error_comes("login-silent", "login_method", 1).await;
    error_comes("login-none", "unauthorized", 1).await;
    assert_eq!((unknown.logins(), silent.logins()), ((0, 0), (0, 0)));
    rig.stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_that_expires_during_a_session_is_not_a_failed_log_in() {
    for (name, offer, says_stale, transport) in [
        ("stale-md5", Offer::Oldest, true, RtspTransport::Udp),
        ("stale-sha256", Offer::Protected("SHA-256", "auth"), true, RtspTransport::Tcp),
        ("stale-silent", Offer::Digest("SHA-256"), false, RtspTransport::Tcp),
    ] {
        let script = LoginScript { nonce_uses: 1, says_stale, ..login(&[offer]) };
        let camera = camera(script).await;
        let rig = Rig::new(slow_logins());
        let task = rig.run(name, Source::Pull(source(&camera, transport, PASSWORD)), passthrough());
        eventually(DEADLINE, &format!("keep-alives of {name}"), async || {
            let requests = camera.requests();
            let played = requests.iter().position(|line| line.starts_with("PLAY"));
            match played.map(|at| requests.len() - at - 1) {
                Some(3..) => Ok(()),
                _ => Err(format!("{requests:?}, log-ins {:?}", camera.logins())),
            }
        })
        .await;
        let frames = rig.finish(task).await;
        assert_eq!((sessions(&frames).len(), camera.logins().1), (1, 0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_changed_at_the_camera_is_refused_and_a_replaced_secret_is_used_at_once() {
    let folder = folder("camera-secrets");
    std::fs::write(folder.join("door"), PASSWORD).unwrap();
    let camera = camera(login(&[Offer::Digest("SHA-256")])).await;
    let mut config = slow_logins();
    config.cameras.secrets_dir = folder.clone();
    let rig = Rig::new(config);
    let name = "login-rotated";
    let task = rig.run(name, Source::Pull(source(&camera, RtspTransport::Tcp, "file:door")), passthrough());
    frames_come(&rig, name, 3).await;
    camera.change(|script| script.login.as_mut().unwrap().password = "neu".to_owned());
    // The next keep-alive is refused. Its repetition with the new nonce shows that it was not the nonce.
    error_comes(name, "unauthorized", 1).await;
    let refused = camera.logins().1;
    assert!((1..=2).contains(&refused), "{refused}");
    let before = frames_of(&rig.publisher, name).len();
    std::fs::write(folder.join("door"), "neu\n").unwrap();
    frames_come(&rig, name, before + 3).await;
    assert_eq!((errors(name, "unauthorized"), camera.logins().1), (1, refused));
    assert_eq!(sessions(&rig.finish(task).await).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_topic_cannot_send_other_secrets_to_a_host() {
    let folder = folder("camera-secrets");
    let host = camera(login(&[Offer::Basic])).await;
    let mut config = slow_logins();
    config.cameras.secrets_dir = folder.clone();
    let rig = Rig::new(config);
    let mut tasks = Vec::new();
    for (number, reference) in
        ["env:PATH", "env:VRU__KAFKA__SASL_PASSWORD", "file:/etc/hostname", "file:../../etc/hostname"]
            .iter()
            .enumerate()
    {
        for field in ["username", "password"] {
            let name = format!("login-stolen-{field}-{number}");
            let mut source = source(&host, RtspTransport::Tcp, PASSWORD);
            let credentials = source.credentials.as_mut().unwrap();
            let place = if field == "username" { &mut credentials.username } else { &mut credentials.password };
            *place = (*reference).to_owned();
            tasks.push(rig.run(&name, Source::Pull(source), passthrough()));
            error_comes(&name, "credentials", 1).await;
        }
    }
    assert_eq!(host.connections(), 0);
    rig.stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_bring_the_log_in_into_the_url() {
    let camera = ScriptedCamera::start(STREET.clone(), Script::default(), 1).await;
    let url =
        format!("rtsp://{}/user={{username}}&password={{password}}&channel=1.sdp?p={{password}}", camera.address());
    let rig = Rig::new(quick());
    let source = PullSource { url, ..source(&camera, RtspTransport::Tcp, PASSWORD) };
    let task = rig.run("login-url", Source::Pull(source), passthrough());
    frames_come(&rig, "login-url", 3).await;
    let path = "/user=view%22er&password=ge%3Aheim%20%C3%A4%25&channel=1.sdp?p=ge%3Aheim%20%C3%A4%25";
    let url = format!("rtsp://{}{path}", camera.address());
    let requests = camera.requests();
    assert!(requests.contains(&format!("DESCRIBE {url} RTSP/1.0")), "{requests:?}");
    assert!(requests.contains(&format!("PLAY {url} RTSP/1.0")), "{requests:?}");
    assert_eq!(sessions(&rig.finish(task).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_on_the_same_host_and_others_get_no_log_in() {
    let (target, stranger) = (camera(login(&[Offer::Digest("MD5")])).await, camera(login(&[Offer::Basic])).await);
    let redirecting = |url: String| Script { redirect: Some(url), ..Script::default() };
    let to_target = redirecting(format!("rtsp://{}/live", target.address()));
    let to_target = ScriptedCamera::start(STREET.clone(), to_target, 1).await;
    let to_stranger = redirecting(format!("rtsp://localhost:{}/live", stranger.address().port()));
    let to_stranger = ScriptedCamera::start(STREET.clone(), to_stranger, 1).await;
    let rig = Rig::new(slow_logins());
    let tasks = [
        rig.run("redirect-same", Source::Pull(source(&to_target, RtspTransport::Tcp, PASSWORD)), passthrough()),
        rig.run("redirect-other", Source::Pull(source(&to_stranger, RtspTransport::Tcp, PASSWORD)), passthrough()),
    ];
    frames_come(&rig, "redirect-same", 3).await;
    error_comes("redirect-other", "stream", 2).await;
    assert_eq!((target.logins().1, stranger.connections()), (0, 0));
    rig.stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}
