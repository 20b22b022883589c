//! The log-in of the page: nothing is served before it, and nothing after it has ended.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use vru::page::{self, LivePictures, Page, PageConfig};
use vru::status::RunStatus;
use vru::subscriber::Received;
use vru_proto::v1::CameraConfig;
use vru_runtime::cameras::CameraEvent;
use vru_runtime::secret::Secret;
use vru_runtime::shutdown::Shutdown;
use vru_runtime::test_util::{eventually, kafka, run_to_end, s3};
use vru_storage::s3::{Bucket, BucketConfig};

const TOKEN: &str = "a token of more than 16 bytes";
const DEADLINE: Duration = Duration::from_mins(1);
/// Everything that the page serves, with the methods that it has.
const DOORS: [(&str, &str); 9] = [
    ("GET", "/"),
    ("GET", "/state"),
    ("GET", "/live/gate.mjpeg"),
    ("GET", "/live/gate.jpg"),
    ("GET", "/alerts/any.jpg"),
    ("GET", "/alerts/any.mp4"),
    ("GET", "/metrics"),
    ("POST", "/logout"),
    ("GET", "/no/such/page"),
];

async fn start(name: &str, token: &str) -> SocketAddr {
    let bus = kafka().bus(name, 1);
    let (cameras, events) = mpsc::channel(1);
    let shutdown = Shutdown::default();
    let pictures = LivePictures::start(bus.config(), events, &shutdown);
    let gate = CameraConfig { id: "gate".to_owned(), enabled: true, ..CameraConfig::default() };
    cameras.send(CameraEvent::Upsert("gate".parse().unwrap(), Arc::new(gate))).await.unwrap();
    eventually(
        DEADLINE,
        "the camera",
        async || {
            if pictures.cameras().len() == 1 { Ok(()) } else { Err("none".to_owned()) }
        },
    )
    .await;
    let bucket = Bucket::new(&BucketConfig { endpoint: s3().endpoint(), ..BucketConfig::default() }).await;
    let page = Page { pictures, status: Arc::new(RunStatus::new(Received::default())), bucket };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = PageConfig { listen, token: Secret::new(token), ..PageConfig::default() };
    // The page runs to the end of the test.
    std::mem::forget(bus);
    page::serve(&config, page, &shutdown).await.unwrap()
}

/// Sends a request and returns the connection: the answer may be a stream.
fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let host = address.to_string();
    let named = headers.iter().any(|(name, _)| *name == "Host");
    let all = headers.iter().copied().chain((!named).then_some(("Host", host.as_str())));
    let lines: Vec<String> = all.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{}",
        body.len(),
        lines.concat()
    );
    write!(stream, "{head}\r\n{body}").unwrap();
    stream
}

/// The status and the whole answer.
fn answer(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let mut stream = send(address, method, path, headers, body);
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

/// The cookie of a log-in, as a browser would send it.
fn log_in(address: SocketAddr) -> String {
    let body = format!("token={}", TOKEN.replace(' ', "+"));
    let (status, text) = answer(address, "POST", "/login", &[("Origin", &format!("http://{address}"))], &body);
    assert_eq!(status, 303, "{text}");
    let cookie = text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_behind_the_log_in_and_a_log_out_ends_it() {
    let address = start("page-log-in", TOKEN).await;
    for (method, path) in DOORS {
        for headers in [&[][..], &[("Cookie", "vru_session=")], &[("Cookie", "vru_session=0")]] {
            let (status, text) = answer(address, method, path, headers, "");
            assert_eq!(status, 401, "{method} {path}: {text}");
            assert!(!text.contains("gate"), "{method} {path}: {text}");
        }
    }
    let (status, _) = answer(address, "POST", "/login", &[], "token=wrong");
    assert_eq!(status, 401);

    let cookie = log_in(address);
    let with_cookie = [("Cookie", cookie.as_str())];
    let (status, text) = answer(address, "GET", "/state", &with_cookie, "");
    assert!(status == 200 && text.contains("gate") && text.contains("no-store"), "{text}");
    assert!(answer(address, "GET", "/", &with_cookie, "").1.contains("Log out"));
    let mut stream = send(address, "GET", "/live/gate.mjpeg", &with_cookie, "");
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");

    let other = log_in(address);
    let (status, _) = answer(address, "POST", "/logout", &with_cookie, "");
    assert_eq!(status, 303);
    stream.read_to_end(&mut Vec::new()).expect("the open stream ends with the log-out");
    assert_eq!(answer(address, "GET", "/state", &with_cookie, "").0, 401);
    assert_eq!(answer(address, "GET", "/state", &[("Cookie", &other)], "").0, 200, "another log-in goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_names_and_sites_are_refused_with_and_without_a_log_in() {
    for (name, token) in [("page-foreign", TOKEN), ("page-open", "")] {
        let address = start(name, token).await;
        let cookie = if token.is_empty() { String::new() } else { log_in(address) };
        let ask = |method: &str, path: &str, header: (&str, &str)| {
            answer(address, method, path, &[header, ("Cookie", &cookie)], "").0
        };
        assert_eq!(ask("GET", "/state", ("Accept", "*/*")), 200);
        for (method, path) in DOORS {
            assert_eq!(ask(method, path, ("Host", "evil.example")), 421, "{method} {path}");
            assert_eq!(ask(method, path, ("Origin", "http://evil.example")), 403, "{method} {path}");
        }
        assert_eq!(ask("POST", "/login", ("Host", "evil.example")), 421);
        assert_eq!(ask("GET", "/live/gate.jpg", ("Sec-Fetch-Site", "cross-site")), 403);
    }
}

#[test]
fn vru_up_names_what_a_page_off_loopback_needs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("up.toml");
    let check = |page: &str| {
        let text = format!("cameras.file = '/dev/null'\n[page]\nlisten = '0.0.0.0:3000'\n{page}\n");
        std::fs::write(&file, text).unwrap();
        let output = run_to_end("vru", &["up", "--check-config", "--config", file.to_str().unwrap()], &[]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = check("");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("page.token") && text.contains("page.allow_plaintext"), "{text}");
    let (code, text) = check(&format!("allow_plaintext = true\ntoken = '{TOKEN}'"));
    assert!(!text.contains("page.") && !text.contains(TOKEN), "{code:?}: {text}");
}
