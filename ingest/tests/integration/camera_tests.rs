//! Tests of cameras: asked on a real Kafka, made at real cameras, reported on Kafka.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::block_in_place;
use vru_ingest::IngestConfig;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{
    CameraConfig, CameraTest, CameraTestPicture, CameraTestReport, Credentials, FailedTest, Output, PullSource,
    RtspTransport, SeenStream, camera_config::Source,
};
use vru_runtime::cameras::SealingKey;
use vru_runtime::clock::now_us;
use vru_runtime::secret::Secret;
use vru_runtime::service::ServiceContext;
use vru_runtime::test_util::{Bus, CertificateFiles, Topic, eventually, kafka};

use super::pull::{Access, Camera, H264, H265, SOUND};
use super::support::quick;

/// Several cameras encode and decode at once, perhaps on a busy machine.
const WAIT: Duration = Duration::from_mins(3);
/// Of a test that must find its camera.
const TIMEOUT: Duration = Duration::from_mins(1);
/// Of a test whose camera does nothing.
const SHORT: Duration = Duration::from_secs(4);
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const JPEG: &str = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 \
    ! jpegenc ! rtpjpegpay name=pay0 pt=26";
const VP8: &str = "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=10/1 \
    ! vp8enc deadline=1 ! rtpvp8pay name=pay0 pt=96";

/// Pods of ingest that test cameras. They end when it is dropped.
struct Pods {
    bus: Bus,
    pods: Vec<ServiceContext>,
}

impl Drop for Pods {
    fn drop(&mut self) {
        for pod in &self.pods {
            pod.shutdown.soft.cancel();
        }
    }
}

impl Pods {
    fn start(name: &str, count: usize, change: impl Fn(&mut IngestConfig)) -> Self {
        let bus = block_in_place(|| kafka().bus(name, 4));
        let mut config = IngestConfig { kafka: bus.config(), group: format!("{}ingest", bus.prefix()), ..quick() };
        config.push.enabled = false;
        config.camera_tests.group = format!("{}tests", bus.prefix());
        config.cameras.secrets_key = Secret::new(KEY);
        change(&mut config);
        let start = |_| {
            let context = ServiceContext::default();
            let running = (config.clone(), context.clone());
            tokio::spawn(async move { vru_ingest::run(running.0, running.1).await.expect("ingest runs") });
            context
        };
        Self { bus, pods: (0..count).map(start).collect() }
    }

    fn ask(&self, id: &str, source: PullSource, timeout: Duration) {
        self.ask_until(id, source, timeout, now_us() + WAIT.as_micros() as i64);
    }

    /// A test whose picture must be blurred, as all are of which nothing else is said.
    fn ask_blurred(&self, id: &str, source: PullSource, timeout: Duration) {
        let camera = CameraConfig { id: id.to_owned(), source: Some(Source::Pull(source)), ..CameraConfig::default() };
        let test = CameraTest {
            id: id.to_owned(),
            camera: Some(camera),
            start_before_us: now_us() + WAIT.as_micros() as i64,
            timeout_ms: timeout.as_millis() as u32,
            ..CameraTest::default()
        };
        block_in_place(|| self.bus.produce_message(Topic::CameraTests, id, &test));
    }

    fn ask_until(&self, id: &str, source: PullSource, timeout: Duration, start_before_us: i64) {
        let camera = CameraConfig {
            id: id.to_owned(),
            enabled: true,
            source: Some(Source::Pull(source)),
            output: Some(Output { max_width: 200, ..Output::default() }),
            ..CameraConfig::default()
        };
        let timeout_ms = timeout.as_millis() as u32;
        let test = CameraTest { id: id.to_owned(), camera: Some(camera), start_before_us, timeout_ms, unblurred: true };
        block_in_place(|| self.bus.produce_message(Topic::CameraTests, id, &test));
    }

    fn reports(&self, id: &str) -> Vec<Outcome> {
        let reports: Vec<CameraTestReport> = block_in_place(|| self.bus.messages(Topic::CameraTestReports));
        reports.into_iter().filter(|report| report.id == id).filter_map(|report| report.outcome).collect()
    }

    /// What came of it, when all reports are there.
    async fn outcome(&self, id: &str) -> Outcome {
        eventually(WAIT, &format!("the end of {id}"), async || {
            let reports = self.reports(id);
            let ended = reports.iter().any(|report| !matches!(report, Outcome::Started(_)));
            if ended { Ok(()) } else { Err(format!("{reports:?}")) }
        })
        .await;
        let mut reports = self.reports(id);
        let last = reports.pop().expect("a report");
        assert!(
            reports.len() <= 1 && reports.iter().all(|report| matches!(report, Outcome::Started(_))),
            "{reports:?}"
        );
        last
    }

    async fn seen(&self, id: &str) -> SeenStream {
        match self.outcome(id).await {
            Outcome::Seen(seen) => seen,
            other => panic!("{id}: {other:?}"),
        }
    }

    async fn failed(&self, id: &str) -> FailedTest {
        match self.outcome(id).await {
            Outcome::Failed(failed) => failed,
            other => panic!("{id}: {other:?}"),
        }
    }
}

fn at(url: impl Into<String>) -> PullSource {
    PullSource { url: url.into(), ..PullSource::default() }
}

/// As the API publishes a login.
fn login(source: PullSource, username: &str, password: &str) -> PullSource {
    let key = SealingKey::parse(&Secret::new(KEY)).unwrap();
    let seal = |text: &str| key.seal(&Secret::new(text)).unwrap();
    let credentials = Some(Credentials { username: seal(username), password: seal(password) });
    PullSource { credentials, ..source }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_a_camera_sends() {
    let pods = Pods::start("tests-seen", 1, |_| {});
    let (h264, h265, jpeg) = (
        Camera::start(&format!("{H264} {SOUND}"), Access::Open),
        Camera::start(H265, Access::Open),
        Camera::start(JPEG, Access::Open),
    );
    let mut with_clock = 0;
    for (id, camera, transport, codec, profile, size, rate) in [
        ("h264-tcp", &h264, RtspTransport::Tcp, "H264", "Constrained Baseline, level", (640, 360), 30.0),
        ("h264-udp", &h264, RtspTransport::Udp, "H264", "Constrained Baseline, level", (640, 360), 30.0),
        // With colours in full resolution.
        ("h265-tcp", &h265, RtspTransport::Tcp, "H265", "Range Extensions, level", (320, 240), 15.0),
        ("jpeg-udp", &jpeg, RtspTransport::Udp, "JPEG", "", (320, 240), 10.0),
    ] {
        let source = PullSource { transport: transport.into(), ..camera.source() };
        pods.ask(id, source, TIMEOUT);
        let seen = pods.seen(id).await;
        assert_eq!((seen.codec.as_str(), (seen.width, seen.height)), (codec, size), "{id}");
        assert!(seen.profile.starts_with(profile) && seen.profile.is_empty() == profile.is_empty(), "{id}: {seen:?}");
        assert_eq!((seen.transport(), seen.server.as_str()), (transport, "GStreamer RTSP server"), "{id}");
        // A busy machine makes fewer pictures than the camera claims.
        assert!(seen.frames_per_second > rate * 0.3 && seen.frames_per_second < rate * 1.2, "{id}: {seen:?}");
        assert!(seen.first_picture_ms > 0 && u128::from(seen.first_picture_ms) < TIMEOUT.as_millis(), "{id}");
        // The camera's clock is ours. It seems behind by what encoding and the network take. On a busy machine a report may come too late.
        if let Some(ahead_us) = seen.clock_ahead_us {
            assert!((-10_000_000..500_000).contains(&ahead_us), "{id}: {ahead_us}");
            with_clock += 1;
        }
        // What the camera is published as does not make the picture smaller.
        let picture = vru_media::jpeg::header(&seen.snapshot).unwrap();
        assert_eq!((picture.width, picture.height), size, "{id}");
    }
    assert!(with_clock > 0, "no sender report was seen");
    // Nothing of it is counted among watched cameras, or goes where their frames go.
    assert!(vru_ingest::counts().keys().all(|camera| !camera.starts_with("h26") && camera != "jpeg-udp"));
    assert_eq!(block_in_place(|| pods.bus.written(Topic::Frames)), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_must_be_blurred_goes_to_inference_and_nowhere_else() {
    let pods = Pods::start("tests-blurred", 1, |_| {});
    let camera = Camera::start(JPEG, Access::Open);
    pods.ask_blurred("street", camera.source(), TIMEOUT);
    let seen = pods.seen("street").await;
    assert_eq!((seen.codec.as_str(), seen.width, seen.height), ("JPEG", 320, 240));
    assert!(seen.picture_follows && seen.snapshot.is_empty(), "{seen:?}");
    let sent = || -> Vec<CameraTestPicture> { block_in_place(|| pods.bus.messages(Topic::CameraTestPictures)) };
    eventually(WAIT, "the picture on its way to inference", async || {
        if sent().len() == 1 { Ok(()) } else { Err(format!("{} pictures", sent().len())) }
    })
    .await;
    let CameraTestPicture { id, snapshot, answer_before_us } = sent().remove(0);
    assert!(id == "street" && answer_before_us > now_us());
    let size = vru_media::jpeg::header(&snapshot).unwrap();
    assert_eq!((size.width, size.height), (320, 240));
    // Other topics are read by others. The start of a JPEG is nowhere on them.
    for topic in Topic::ALL.into_iter().filter(|topic| *topic != Topic::CameraTestPictures) {
        for record in block_in_place(|| pods.bus.records(topic)) {
            let payload = record.payload.unwrap_or_default();
            assert!(!payload.windows(3).any(|bytes| bytes == [0xff, 0xd8, 0xff]), "a picture is on {topic:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_in_words_why_a_camera_is_not_seen() {
    let pods = Pods::start("tests-failed", 1, |config| config.camera_tests.concurrent = 4);
    let folder = tempfile::tempdir().unwrap();
    let files = CertificateFiles::create(folder.path(), "camera");
    let pem = std::fs::read_to_string(files.certificate).unwrap() + &std::fs::read_to_string(files.key).unwrap();
    let open = Camera::start(H264, Access::Open);
    let closed = Camera::start(H264, Access::Login("viewer", "geheim-7"));
    let tls = Camera::start(H264, Access::Tls("viewer", "geheim-7", pem));
    let (sound, vp8) = (Camera::start(&SOUND.replace("pay1", "pay0"), Access::Open), Camera::start(VP8, Access::Open));
    // Bound and not listening: it refuses connections, and nobody else gets the port.
    let reserved = TcpSocket::new_v4().unwrap();
    reserved.bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    // It accepts, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let path = |camera: &Camera| camera.source().url.replace("/live", "/other");
    let unknown_key = PullSource {
        credentials: Some(Credentials { username: "sealed:00".to_owned(), password: "sealed:00".to_owned() }),
        ..open.source()
    };
    let cases = [
        ("missing", closed.source(), TIMEOUT, "password_missing", "request", "has none configured"),
        ("wrong", login(closed.source(), "viewer", "falsch-9"), TIMEOUT, "password_refused", "request", "401"),
        ("path", at(path(&open)), TIMEOUT, "unknown_path", "request", "404 Not Found to DESCRIBE"),
        ("host", at("rtsp://camera.invalid/live"), TIMEOUT, "unknown_host", "lookup", "cannot be resolved"),
        (
            "port",
            at(format!("rtsp://{}/", reserved.local_addr().unwrap())),
            TIMEOUT,
            "port_closed",
            "connect",
            "check the port",
        ),
        (
            "tls",
            login(at(tls.source().url.replace("rtsp:", "rtsps:")), "viewer", "geheim-7"),
            TIMEOUT,
            "tls",
            "tls",
            "cannot trust",
        ),
        (
            "silent",
            at(format!("rtsp://{}/", silent.local_addr().unwrap())),
            SHORT,
            "timeout",
            "request",
            "did not answer the request OPTIONS",
        ),
        ("sound", sound.source(), SHORT, "no_video", "", "offers no video, only audio"),
        ("vp8", vp8.source(), SHORT, "unsupported_codec", "", "VP8"),
        ("unspecified", at("rtsp://0.0.0.0/live"), TIMEOUT, "network_not_allowed", "lookup", "unspecified"),
        ("public", at("rtsp://192.0.2.7/live"), TIMEOUT, "network_not_allowed", "lookup", "pull.allowed_networks"),
        ("sealed", unknown_key, TIMEOUT, "credentials", "", "they must be the keys of the API"),
    ];
    for (id, source, timeout, ..) in &cases {
        pods.ask(id, source.clone(), *timeout);
    }
    for (id, _, _, reason, phase, words) in &cases {
        let FailedTest { reason: given, phase: reached, text } = pods.failed(id).await;
        assert_eq!(&given, reason, "{id}: {text}");
        assert!(phase.is_empty() || &reached == phase, "{id}: {reached}: {text}");
        assert!(text.contains(words), "{id}: {text}");
        assert!(!text.contains("geheim") && !text.contains("falsch"), "{id}: {text}");
    }
    pods.ask("right", login(closed.source(), "viewer", "geheim-7"), TIMEOUT);
    assert_eq!(pods.seen("right").await.codec, "H264");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_connects_to_allowed_networks_only_also_by_name_and_after_a_redirect() {
    let pods = Pods::start("tests-networks", 1, |config| config.pull.allow_this_host = false);
    // Whoever connects to it is told to look elsewhere.
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = trap.local_addr().unwrap().port();
    for (id, host, kind) in [
        ("loopback", "127.0.0.1", "loopback"),
        ("short", "127.1", "loopback"),
        ("mapped", "[::ffff:127.0.0.1]", "loopback"),
        ("six", "[::1]", "loopback"),
        ("name", "localhost", "loopback"),
        ("metadata", "169.254.169.254", "link-local"),
        ("any", "0.0.0.0", "unspecified"),
    ] {
        pods.ask(id, at(format!("rtsp://{host}:{port}/live")), TIMEOUT);
        let failed = pods.failed(id).await;
        assert_eq!(failed.reason, "network_not_allowed", "{id}: {failed:?}");
        assert!(failed.text.contains(kind) && failed.text.contains("pull.allowed_networks"), "{id}: {failed:?}");
    }
    let connected = tokio::time::timeout(Duration::from_millis(100), trap.accept()).await;
    assert!(connected.is_err(), "a refused address was connected to");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_to_no_other_network() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let pods = Pods::start("tests-redirect", 1, |_| {});
    let camera = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = camera.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = camera.accept().await.unwrap();
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let answer = "RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: rtsp://0.0.0.0:554/x\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Until the other side has gone.
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    pods.ask("redirect", at(format!("rtsp://{address}/live")), TIMEOUT);
    let failed = pods.failed("redirect").await;
    assert_eq!((failed.reason.as_str(), failed.phase.as_str()), ("network_not_allowed", "lookup"), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_test_is_made_by_one_pod_a_few_at_a_time_and_late_ones_are_not_made() {
    let pods = Pods::start("tests-pods", 2, |config| config.camera_tests.concurrent = 1);
    // Each connection is a try.
    let camera = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtsp://{}/", camera.local_addr().unwrap());
    let (tries_tx, mut tries) = tokio::sync::mpsc::channel(64);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = camera.accept().await {
            kept.push(stream);
            tries_tx.try_send(()).ok();
        }
    });
    let ids: Vec<String> = (0..8).map(|number| format!("shared-{number}")).collect();
    for id in &ids {
        pods.ask(id, at(&url), Duration::from_secs(1));
    }
    let mut reasons = BTreeSet::new();
    for id in &ids {
        reasons.insert(pods.failed(id).await.reason);
    }
    assert_eq!(reasons, BTreeSet::from(["timeout".to_owned()]));
    let mut count = 0;
    while tries.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, ids.len(), "each is tried once");
    pods.ask_until("late", at(&url), Duration::from_secs(1), now_us() - 1_000_000);
    let failed = pods.failed("late").await;
    assert!(failed.reason == "late" && failed.text.contains("too late"), "{failed:?}");
    assert!(tries.try_recv().is_err(), "a late test is tried");
    // A record that is none stops nothing.
    block_in_place(|| pods.bus.produce(Topic::CameraTests, "garbage", Some(b"garbage")));
    pods.ask("after", at(&url), Duration::from_secs(1));
    assert_eq!(pods.failed("after").await.reason, "timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_tests_than_can_wait_are_refused_and_a_stop_ends_those_that_run() {
    let pods = Pods::start("tests-busy", 1, |config| config.camera_tests.concurrent = 1);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let source = || at(format!("rtsp://{}/", silent.local_addr().unwrap()));
    pods.ask("first", source(), Duration::from_secs(100));
    eventually(WAIT, "the first test to run", async || {
        let reports = pods.reports("first");
        if reports.is_empty() { Err("no report".to_owned()) } else { Ok(()) }
    })
    .await;
    let ids: Vec<String> = (0..20).map(|number| format!("crowd-{number}")).collect();
    for id in &ids {
        pods.ask(id, source(), Duration::from_secs(100));
    }
    eventually(WAIT, "four refusals", async || {
        let refused = ids
            .iter()
            .flat_map(|id| pods.reports(id))
            .filter(|outcome| matches!(outcome, Outcome::Failed(failed) if failed.reason == "busy"));
        let count = refused.count();
        if count == 4 { Ok(()) } else { Err(format!("{count}")) }
    })
    .await;
    for pod in &pods.pods {
        pod.shutdown.soft.cancel();
    }
    let failed = pods.failed("first").await;
    assert_eq!(failed.reason, "stopped", "{failed:?}");
    let tried = ids.iter().flat_map(|id| pods.reports(id)).count();
    assert_eq!(tried, 4, "what waited was tried");
}
