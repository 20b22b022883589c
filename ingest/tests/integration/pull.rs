use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;
use parking_lot::Mutex;
use vru_media::Codec;
use vru_media::decoder::{Reordering, VideoDecoder};
use vru_proto::v1::{
    CameraTls, ClockSource, Credentials, Encoding, Frame, Output, PullSource, RtspTransport, camera_config::Source,
    camera_tls,
};
use vru_runtime::test_util::{CertificateFiles, eventually};

use super::support::{DEADLINE, Rig, quick, rate, sessions};

/// An RTSP camera in this process.
pub(super) struct Camera {
    pub(super) port: u16,
    main: gst::glib::MainLoop,
    media: Arc<Mutex<Option<gst::Element>>>,
}

pub(super) const H264: &str = "videotestsrc is-live=true pattern=ball \
    ! capsfilter name=size caps=video/x-raw,width=640,height=360,framerate=30/1 \
    ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! valve name=valve \
    ! rtph264pay name=pay0 pt=96 config-interval=-1";
pub(super) const H265: &str = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1 \
    ! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph265pay name=pay0 pt=96 config-interval=-1";
pub(super) const SOUND: &str = "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1 pt=8";

/// Who may connect.
pub(super) enum Access {
    Open,
    Login(&'static str, &'static str),
    /// User name, password, and PEM of certificate and key; over TLS.
    Tls(&'static str, &'static str, String),
}

fn require_login(
    server: &rtsp::RTSPServer,
    factory: &rtsp::RTSPMediaFactory,
    user: &str,
    password: &str,
) -> rtsp::RTSPAuth {
    let auth = rtsp::RTSPAuth::new();
    let token = rtsp::RTSPToken::builder().field("media.factory.role", "viewer").build();
    auth.set_supported_methods(gstreamer_rtsp_server::gst_rtsp::RTSPAuthMethod::Digest);
    auth.add_digest(user, password, &token);
    server.set_auth(Some(&auth));
    let role = gst::Structure::builder("viewer")
        .field("media.factory.access", true)
        .field("media.factory.construct", true)
        .build();
    factory.add_role_from_structure(&role);
    auth
}

impl Camera {
    pub(super) fn start(launch: &str, access: Access) -> Self {
        vru_media::init().unwrap();
        let (port_tx, port) = mpsc::sync_channel(1);
        let media = Arc::new(Mutex::new(None));
        let (launch, configured) = (format!("( {launch} )"), media.clone());
        std::thread::spawn(move || {
            let context = gst::glib::MainContext::new();
            context
                .with_thread_default(|| {
                    let main = gst::glib::MainLoop::new(Some(&context), false);
                    let server = rtsp::RTSPServer::new();
                    server.set_address("127.0.0.1");
                    server.set_service("0");
                    let factory = rtsp::RTSPMediaFactory::new();
                    factory.set_launch(&launch);
                    factory.set_shared(true);
                    factory.connect_media_configure(move |_, media| *configured.lock() = Some(media.element()));
                    match access {
                        Access::Open => {}
                        Access::Login(user, password) => drop(require_login(&server, &factory, user, password)),
                        Access::Tls(user, password, pem) => {
                            let certificate = rtsp::gio::TlsCertificate::from_pem(&pem).unwrap();
                            require_login(&server, &factory, user, password).set_tls_certificate(Some(&certificate));
                        }
                    }
                    server.mount_points().unwrap().add_factory("/live", factory);
                    let _source = server.attach(Some(&context)).unwrap();
                    port_tx.send((server.bound_port() as u16, main.clone())).unwrap();
                    main.run();
                })
                .unwrap();
        });
        let (port, main) = port.recv().unwrap();
        Self { port, main, media }
    }

    pub(super) fn element(&self, name: &str) -> gst::Element {
        let media = self.media.lock().clone().expect("a client has connected");
        media.downcast::<gst::Bin>().unwrap().by_name(name).unwrap()
    }

    pub(super) fn source(&self) -> PullSource {
        PullSource { url: format!("rtsp://127.0.0.1:{}/live", self.port), ..PullSource::default() }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.main.quit();
    }
}

pub(super) fn output(encoding: Encoding, max_fps: f64) -> Output {
    Output { encoding: encoding as i32, max_fps, ..Output::default() }
}

pub(super) fn assert_jpegs(frames: &[Frame], size: (u32, u32), source_size: (u32, u32)) {
    for frame in frames {
        assert_eq!(frame.encoding(), Encoding::Jpeg);
        assert_eq!((frame.width, frame.height), size);
        assert_eq!((frame.source_width, frame.source_height), source_size);
        let header = vru_media::jpeg::header(&frame.payload).unwrap();
        assert_eq!((header.width, header.height), size);
        assert!(frame.analyse && frame.key_frame);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h264_is_sampled_and_scaled_to_jpegs_and_audio_is_ignored() {
    let camera = Camera::start(&format!("{H264} {SOUND}"), Access::Open);
    let rig = Rig::new(quick());
    let output = Output { max_width: 320, ..output(Encoding::Jpeg, 10.0) };
    let task = rig.run("pull-h264", Source::Pull(camera.source()), output);
    // Capture times are slewed to make up for delays on this machine, so the rate is exact only once the machine keeps up.
    eventually(DEADLINE, "40 frames at 10 a second", async || {
        let frames = rig.publisher.all();
        let newest = &frames[frames.len().saturating_sub(40)..];
        if newest.len() < 40 {
            return Err(format!("{} frames", frames.len()));
        }
        let rate = rate(newest);
        if (9.0..=11.0).contains(&rate) { Ok(()) } else { Err(format!("{rate} frames a second")) }
    })
    .await;
    let frames = rig.finish(task).await;
    assert_jpegs(&frames, (320, 180), (640, 360));
    assert_eq!(sessions(&frames).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn capture_times_come_from_sender_reports() {
    let camera = Camera::start(H264, Access::Open);
    let rig = Rig::new(quick());
    let task = rig.run("pull-clock", Source::Pull(camera.source()), output(Encoding::Jpeg, 10.0));
    let by_report = |frame: &Frame| frame.clock_source() == ClockSource::SenderReport;
    eventually(DEADLINE, "20 frames with the camera's time", async || {
        let count = rig.publisher.all().iter().filter(|frame| by_report(frame)).count();
        if count >= 20 { Ok(()) } else { Err(format!("{count} of {}", rig.publisher.count())) }
    })
    .await;
    let frames = rig.finish(task).await;
    for pair in frames.windows(2).filter(|pair| by_report(&pair[0])) {
        assert!(by_report(&pair[1]), "the camera's clock was no longer used");
        // The camera's clock is ours, and how long encoder, network and decoder take depends on the machine.
        // `capture_times_become_those_of_the_cameras_clock_to_a_millisecond` compares with the true times.
        let late_us = pair[1].ingested_at_us - pair[1].captured_at_us;
        assert!(late_us >= 0, "captured {} µs after it was ingested", -late_us);
        let step_us = pair[1].captured_at_us - pair[0].captured_at_us;
        assert!((60_000..=140_000).contains(&step_us), "{step_us} µs between pictures");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passthrough_starts_at_a_key_frame_and_marks_frames_to_analyse() {
    for (name, launch, codec, encoding, size, every) in [
        ("pass-h264", H264, Codec::H264, Encoding::H264, (640, 360), 6_u32),
        ("pass-h265", H265, Codec::H265, Encoding::H265, (320, 240), 3),
    ] {
        let camera = Camera::start(launch, Access::Open);
        let rig = Rig::new(quick());
        let task = rig.run(name, Source::Pull(camera.source()), output(Encoding::H264, 5.0));
        rig.publisher.wait(60).await;
        let frames = rig.finish(task).await;
        sessions(&frames);
        assert!(frames[0].key_frame);
        let mut decoder = VideoDecoder::new(codec, Reordering::AsSeen).unwrap();
        for frame in &frames {
            assert_eq!(frame.encoding(), encoding);
            assert_eq!((frame.width, frame.height), size);
            let sequence = frame.id.as_ref().unwrap().sequence;
            let pictures = decoder.push(frame.payload.clone(), sequence, frame.key_frame).unwrap();
            assert_eq!(pictures[0].id, sequence);
        }
        let analysed: Vec<_> =
            frames.iter().filter(|frame| frame.analyse).map(|frame| frame.id.as_ref().unwrap().sequence).collect();
        // 5 of 30 or 15 a second. On a busy machine the camera's own rate varies, so single steps prove little.
        let expected = frames.len() as f64 / f64::from(every);
        let ratio = analysed.len() as f64 / expected;
        assert!((0.7..=1.3).contains(&ratio), "{name}: {analysed:?}");
        assert!(frames.iter().filter(|frame| frame.key_frame).count() >= 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h265_over_udp_is_converted_to_jpegs() {
    let camera = Camera::start(H265, Access::Open);
    let rig = Rig::new(quick());
    let source = PullSource { transport: RtspTransport::Udp as i32, ..camera.source() };
    let task = rig.run("pull-udp", Source::Pull(source), output(Encoding::Jpeg, 10.0));
    rig.publisher.wait(15).await;
    assert_jpegs(&rig.finish(task).await, (320, 240), (320, 240));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_used_and_wrong_ones_are_an_error_that_is_retried() {
    let camera = Camera::start(H264, Access::Login("viewer", "geheim"));
    let credentials =
        |password: &str| Some(Credentials { username: "viewer".to_owned(), password: password.to_owned() });
    let rig = Rig::new(quick());
    let source = PullSource { credentials: credentials("geheim"), ..camera.source() };
    let task = rig.run("pull-login", Source::Pull(source), output(Encoding::Jpeg, 10.0));
    rig.publisher.wait(5).await;
    rig.finish(task).await;

    let rig = Rig::new(quick());
    let source = PullSource { credentials: credentials("falsch"), ..camera.source() };
    let task = rig.run("pull-denied", Source::Pull(source), output(Encoding::Jpeg, 10.0));
    eventually(DEADLINE, "two refusals", async || {
        let refused = vru_ingest::metrics::ERRORS.with_label_values(&["pull-denied", "unauthorized"]).get();
        if refused >= 2 { Ok(()) } else { Err(format!("{refused}")) }
    })
    .await;
    assert!(rig.finish(task).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_certificates_are_verified_unless_disabled() {
    let folder = tempfile::tempdir().unwrap();
    let files = CertificateFiles::create(folder.path(), "camera");
    let pem = std::fs::read_to_string(files.certificate).unwrap() + &std::fs::read_to_string(files.key).unwrap();
    let camera = Camera::start(H264, Access::Tls("viewer", "geheim", pem));
    let credentials = Credentials { username: "viewer".to_owned(), password: "geheim".to_owned() };
    let source = || PullSource {
        url: camera.source().url.replace("rtsp:", "rtsps:"),
        credentials: Some(credentials.clone()),
        ..PullSource::default()
    };

    let rig = Rig::new(quick());
    let task = rig.run("pull-tls-strict", Source::Pull(source()), output(Encoding::Jpeg, 10.0));
    eventually(DEADLINE, "the certificate to be refused", async || {
        let refused = vru_ingest::metrics::ERRORS.with_label_values(&["pull-tls-strict", "tls"]).get();
        if refused > 0 { Ok(()) } else { Err("not refused".to_owned()) }
    })
    .await;
    assert!(rig.finish(task).await.is_empty());

    let rig = Rig::new(quick());
    let insecure = CameraTls { verify: Some(camera_tls::Verify::Insecure(true)) };
    let source = PullSource { tls: Some(insecure), ..source() };
    let task = rig.run("pull-tls-lax", Source::Pull(source), output(Encoding::Jpeg, 10.0));
    rig.publisher.wait(5).await;
    rig.finish(task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_without_video_is_reported_as_no_video() {
    let camera = Camera::start(&SOUND.replace("pay1", "pay0"), Access::Open);
    let rig = Rig::new(quick());
    let task = rig.run("pull-sound", Source::Pull(camera.source()), output(Encoding::Jpeg, 10.0));
    eventually(DEADLINE, "the error", async || {
        let seen = vru_ingest::metrics::ERRORS.with_label_values(&["pull-sound", "no_video"]).get();
        if seen > 0 { Ok(()) } else { Err("not seen".to_owned()) }
    })
    .await;
    assert!(rig.finish(task).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_refuses_connections_is_retried_until_stopped() {
    let rig = Rig::new(quick());
    // A port that is bound and not listening refuses connections, and no other test can get it.
    let reserved = tokio::net::TcpSocket::new_v4().unwrap();
    reserved.bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = reserved.local_addr().unwrap().port();
    let source = PullSource { url: format!("rtsp://127.0.0.1:{port}/live"), ..PullSource::default() };
    let task = rig.run("pull-refused", Source::Pull(source), output(Encoding::Jpeg, 10.0));
    eventually(DEADLINE, "three attempts", async || {
        let refused = vru_ingest::metrics::ERRORS.with_label_values(&["pull-refused", "stream"]).get();
        if refused >= 3 { Ok(()) } else { Err(format!("{refused}")) }
    })
    .await;
    assert!(rig.finish(task).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_kafka_is_down_frames_are_dropped_by_reason_and_the_camera_goes_on() {
    let camera = Camera::start(H264, Access::Open);
    let mut config = quick();
    (config.live.queue_frames, config.live.in_flight) = (4, 2);
    // Long enough for frames to be dropped from the full queue before, also on a busy machine.
    config.live.message_timeout = Duration::from_secs(3);
    let rig = Rig::new(config);
    let task = rig.run("pull-down", Source::Pull(camera.source()), output(Encoding::Jpeg, 30.0));
    rig.publisher.wait(10).await;
    rig.publisher.down.send_replace(true);
    let dropped = |reason| vru_ingest::metrics::DROPPED.with_label_values(&["pull-down", reason]).get();
    eventually(DEADLINE, "drops by both reasons", async || {
        let (full, down) = (dropped("queue_full"), dropped("kafka_down"));
        if full >= 5 && down >= 5 { Ok(()) } else { Err(format!("{full} {down}")) }
    })
    .await;
    assert!(
        rig.publisher.overdue.load(std::sync::atomic::Ordering::Relaxed),
        "the overdue acknowledgement was not reported"
    );
    rig.publisher.down.send_replace(false);
    let before = rig.publisher.count();
    rig.publisher.wait(before + 20).await;
    let late = dropped("kafka_down");
    rig.publisher.wait(before + 30).await;
    assert_eq!(dropped("kafka_down"), late, "frames are still dropped");
    let frames = rig.finish(task).await;
    // Every frame is accounted for: sent, or reported as dropped.
    let reported: u64 = frames.iter().map(|frame| u64::from(frame.dropped_before)).sum();
    let last = frames.iter().map(|frame| frame.id.as_ref().unwrap().sequence).max().unwrap();
    assert_eq!(frames.len() as u64 + reported, last + 1);
    assert_eq!(reported, dropped("queue_full") + dropped("kafka_down"));
    let one_session =
        frames.iter().all(|frame| frame.id.as_ref().unwrap().session == frames[0].id.as_ref().unwrap().session);
    assert!(one_session, "the camera was blocked");
}
