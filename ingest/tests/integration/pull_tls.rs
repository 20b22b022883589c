//! Certificates of pulled cameras: what is not trusted gets no request, and no log-in.

use std::fs;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use vru_ingest::metrics;
use vru_proto::v1::camera_tls::Verify;
use vru_proto::v1::{CameraTls, Credentials, Encoding, Output, PullSource, RtspTransport, camera_config::Source};
use vru_runtime::test_util::{Authority, IssuedCertificate, eventually};

use super::scripted::login::{LoginScript, Offer};
use super::scripted::stream::RecordedStream;
use super::scripted::{Script, ScriptedCamera};
use super::support::{DEADLINE, Rig, frames_of, quick};

static STREET: LazyLock<Arc<RecordedStream>> = LazyLock::new(|| RecordedStream::street(20));

pub(super) fn acceptor(issued: &IssuedCertificate) -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(&issued.certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&issued.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn fingerprint(issued: &IssuedCertificate) -> String {
    let certificate = CertificateDer::from_pem_file(&issued.certificate).unwrap();
    // As `openssl x509 -fingerprint -sha256` prints it.
    let bytes = Sha256::digest(&certificate);
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_is_trusted_by_authority_or_fingerprint_and_else_gets_nothing() {
    let (ours, other) = (Authority::new("cameras"), Authority::new("others"));
    let good = ours.issue("good", "IP:127.0.0.1");
    let elsewhere = ours.issue("elsewhere", "DNS:cam.example,IP:10.0.0.5");
    let expired = ours.issue_expired("expired", "IP:127.0.0.1");
    let file = |authority: &Authority| Some(Verify::CaFile(authority.certificate().display().to_string()));
    let pin = |issued: &IssuedCertificate| Some(Verify::CertificateSha256(fingerprint(issued)));
    for (name, certificate, verify, trusted) in [
        ("tls-ca", &good, file(&ours), true),
        ("tls-wrong-ca", &good, file(&other), false),
        ("tls-system", &good, None, false),
        ("tls-pin", &good, pin(&good), true),
        ("tls-wrong-pin", &good, pin(&elsewhere), false),
        ("tls-other-name", &elsewhere, file(&ours), false),
        ("tls-other-name-pin", &elsewhere, pin(&elsewhere), true),
        ("tls-expired", &expired, file(&ours), false),
        ("tls-expired-pin", &expired, pin(&expired), true),
        ("tls-insecure", &expired, Some(Verify::Insecure(true)), true),
        ("tls-no-file", &good, Some(Verify::CaFile("/nonexistent/ca.pem".to_owned())), false),
        ("tls-key-as-file", &good, Some(Verify::CaFile(good.key.display().to_string())), false),
    ] {
        let login = LoginScript::new("viewer", "geheim", &[Offer::Digest("SHA-256")]);
        let script = Script { login: Some(login), ..Script::default() };
        let camera = ScriptedCamera::start_tls(STREET.clone(), script, 1, acceptor(certificate)).await;
        let mut config = quick();
        // As for a cameras file, which may name any file.
        config.cameras.file = "cameras.toml".into();
        // A camera that is not trusted is not asked again during the test.
        config.live.backoff.max = Duration::from_hours(1);
        let rig = Rig::new(config);
        let credentials = Credentials { username: "viewer".to_owned(), password: "geheim".to_owned() };
        let source = PullSource {
            url: format!("rtsps://{}/live", camera.address()),
            credentials: Some(credentials),
            transport: RtspTransport::Tcp as i32,
            tls: verify.map(|verify| CameraTls { verify: Some(verify) }),
        };
        let output = Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() };
        let task = rig.run(name, Source::Pull(source), output);
        eventually(DEADLINE, name, async || {
            let frames = frames_of(&rig.publisher, name).len();
            let refused = metrics::ERRORS.with_label_values(&[name, "tls"]).get();
            let done = if trusted { frames >= 3 } else { refused == 1 };
            let all = || vru_ingest::counts().get(name).map(|counts| counts.errors.clone());
            if done { Ok(()) } else { Err(format!("{frames} frames, errors {:?}", all())) }
        })
        .await;
        let (granted, refused) = camera.logins();
        assert_eq!((granted > 0, refused, camera.requests().is_empty()), (trusted, 0, !trusted), "{name}");
        rig.stop.cancel();
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_topic_names_ca_files_in_the_folder_only() {
    let authority = Authority::new("cameras");
    let issued = authority.issue("good", "IP:127.0.0.1");
    let camera = ScriptedCamera::start_tls(STREET.clone(), Script::default(), 1, acceptor(&issued)).await;
    let folder = tempfile::tempdir().unwrap();
    fs::copy(authority.certificate(), folder.path().join("ca.pem")).unwrap();
    let mut config = quick();
    config.cameras.secrets_dir = folder.path().to_owned();
    let rig = Rig::new(config);
    let run = |name: &str, path: String| {
        let source = PullSource {
            url: format!("rtsps://{}/live", camera.address()),
            tls: Some(CameraTls { verify: Some(Verify::CaFile(path)) }),
            ..PullSource::default()
        };
        let output = Output { encoding: Encoding::H264 as i32, max_fps: 240.0, ..Output::default() };
        rig.run(name, Source::Pull(source), output)
    };
    let tasks =
        [run("tls-inside", "ca.pem".to_owned()), run("tls-outside", authority.certificate().display().to_string())];
    eventually(DEADLINE, "one camera to be trusted, and one refused", async || {
        let frames = frames_of(&rig.publisher, "tls-inside").len();
        let refused = metrics::ERRORS.with_label_values(&["tls-outside", "tls"]).get();
        if frames >= 3 && refused >= 1 { Ok(()) } else { Err(format!("{frames} frames, {refused} refused")) }
    })
    .await;
    assert!(frames_of(&rig.publisher, "tls-outside").is_empty());
    rig.stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}
