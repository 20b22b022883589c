use md5::{Digest as _, Md5};
use parking_lot::RwLock;
use rtsp_types::Message;

use super::super::path_registry::{OpenPath, PathRegistry};
use super::*;
use crate::config::PushConfig;

const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n\
    m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000\r\na=control:streamid=1\r\n";

struct TestServer {
    door: Arc<Door>,
    _path: OpenPath,
}

fn login(password: &str) -> Access {
    let login = Login { username: "u".to_owned(), password: Secret::new(password) };
    Access::Login(Arc::new(RwLock::new(Some(login))))
}

fn server(access: Access) -> TestServer {
    let paths = Arc::new(PathRegistry::default());
    let path = paths.register("door", &"cam".parse().unwrap(), access).unwrap();
    TestServer { door: Door::new(PushConfig::default(), paths), _path: path }
}

impl TestServer {
    fn connect(&self) -> RequestHandler {
        self.connect_from([10, 0, 0, 1])
    }

    fn connect_from(&self, address: [u8; 4]) -> RequestHandler {
        RequestHandler::new(self.door.clone(), SocketAddr::from((address, 5_000)))
    }

    fn is_in_use(&self) -> bool {
        self.door.paths.find("door").unwrap().is_in_use()
    }
}

fn send(handler: &mut RequestHandler, line: &str, extra: &str, body: &str) -> Response {
    let text = format!("{line} RTSP/1.0\r\nCSeq: 1\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len());
    let (message, _) = Message::<Vec<u8>>::parse(text.as_bytes()).unwrap();
    let Message::Request(request) = message else { panic!("not a request") };
    handler.handle(&request)
}

const TCP: &str = "Transport: RTP/AVP/TCP;unicast;interleaved=2-3;mode=record\r\n";

/// Announces and logs in as the challenge says.
fn announce(handler: &mut RequestHandler, path: &str, password: &str) -> Response {
    let uri = format!("rtsp://h/{path}");
    let challenge = send(handler, &format!("ANNOUNCE {uri}"), "", SDP);
    assert_eq!(challenge.status, 401);
    send(handler, &format!("ANNOUNCE {uri}"), &authorization(&challenge, &uri, password), SDP)
}

fn authorization(challenge: &Response, uri: &str, password: &str) -> String {
    let (_, header) = challenge.headers.iter().rfind(|(name, _)| *name == "WWW-Authenticate").unwrap();
    let nonce = header.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    let md5 = |text: String| hex::encode(Md5::digest(text));
    let (secret, request) = (md5(format!("u:vru:{password}")), md5(format!("ANNOUNCE:{uri}")));
    let response = md5(format!("{secret}:{nonce}:00000001:c:auth:{request}"));
    format!(
        "Authorization: Digest username=\"u\", realm=\"vru\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
         qop=auth, nc=00000001, cnonce=\"c\"\r\n"
    )
}

#[test]
fn a_publisher_gets_from_announce_to_recording() {
    let server = server(Access::Anonymous);
    let mut handler = server.connect();
    assert_eq!(send(&mut handler, "OPTIONS rtsp://h/door", "", "").status, 200);
    assert_eq!(send(&mut handler, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
    let setup = send(&mut handler, "SETUP rtsp://h/door/streamid=0", TCP, "");
    assert_eq!(setup.status, 200);
    let header = |name: &str, part: &str| setup.headers.iter().any(|(n, value)| *n == name && value.contains(part));
    assert!(header("Transport", "interleaved=2-3"));
    // The timeout that the server keeps (push.read_timeout).
    assert!(header("Session", ";timeout=15"));
    assert!(!server.is_in_use(), "the path is reserved before RECORD");
    assert_eq!(send(&mut handler, "RECORD rtsp://h/door", "", "").status, 200);
    assert!(server.is_in_use());
    let (recording, claim) = handler.recording().unwrap();
    assert_eq!(recording.video_channel(), Some(2));
    assert_eq!(claim.camera().as_str(), "cam");
    assert!(send(&mut handler, "TEARDOWN rtsp://h/door", "", "").close);
    assert!(handler.recording().is_none());
    assert!(!server.is_in_use(), "the path is free again");
}

#[test]
fn udp_is_refused_with_461_and_tcp_is_chosen_when_both_are_offered() {
    let server = server(Access::Anonymous);
    let mut handler = server.connect();
    send(&mut handler, "ANNOUNCE rtsp://h/door", "", SDP);
    let udp = "Transport: RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record\r\n";
    assert_eq!(send(&mut handler, "SETUP rtsp://h/door/streamid=0", udp, "").status, 461);
    let both = "Transport: RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
    assert_eq!(send(&mut handler, "SETUP rtsp://h/door/streamid=0", both, "").status, 200);
    assert_eq!(send(&mut handler, "SETUP rtsp://h/door/streamid=9", TCP, "").status, 404);
    assert_eq!(send(&mut handler, "SETUP rtsp://h/other/streamid=0", TCP, "").status, 404);
}

#[test]
fn a_second_publisher_on_a_path_is_refused_with_409() {
    let server = server(Access::Anonymous);
    let [mut first, mut second, mut third] = [(); 3].map(|()| server.connect());
    for handler in [&mut first, &mut second] {
        assert_eq!(send(handler, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
        assert_eq!(send(handler, "SETUP rtsp://h/door/streamid=0", TCP, "").status, 200);
    }
    assert_eq!(send(&mut first, "RECORD rtsp://h/door", "", "").status, 200);
    let refused = send(&mut second, "RECORD rtsp://h/door", "", "");
    assert_eq!((refused.status, refused.close), (409, true));
    let refused = send(&mut third, "ANNOUNCE rtsp://h/door", "", SDP);
    assert_eq!((refused.status, refused.close), (409, true));
    assert!(refused.body.contains("another publisher"));
    drop(first);
    assert_eq!(send(&mut third, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
}

/// What a peer that cannot log in sees: the responses without the nonce.
fn seen(server: &TestServer, path: &str) -> Vec<String> {
    let mut handler = server.connect_from([10, 0, 0, 66]);
    let mut texts = Vec::new();
    let mut keep = |response: &Response| {
        let text = String::from_utf8(response.to_bytes(Some("1"))).unwrap();
        let mut parts: Vec<_> = text.split("nonce=\"").collect();
        for part in parts.iter_mut().skip(1) {
            *part = &part[32..];
        }
        texts.push(parts.concat());
    };
    let uri = format!("rtsp://h/{path}");
    let mut last = send(&mut handler, &format!("ANNOUNCE {uri}"), "", SDP);
    keep(&last);
    while !last.close {
        let header = authorization(&last, &uri, "wrong");
        last = send(&mut handler, &format!("ANNOUNCE {uri}"), &header, SDP);
        keep(&last);
    }
    texts
}

#[test]
fn who_cannot_log_in_does_not_learn_which_paths_exist_or_are_in_use() {
    let exists = seen(&server(login("p")), "door");
    assert_eq!(exists.iter().filter(|text| text.starts_with("RTSP/1.0 401")).count(), exists.len() - 1);
    assert!(exists.last().unwrap().starts_with("RTSP/1.0 503"), "{exists:?}");
    let mask = |texts: Vec<String>| -> Vec<String> {
        texts.iter().map(|text| text.lines().filter(|line| !line.starts_with("Retry-After")).collect()).collect()
    };
    let exists = mask(exists);
    assert_eq!(mask(seen(&server(login("p")), "nowhere")), exists, "no camera");
    assert_eq!(mask(seen(&server(Access::Login(Arc::new(RwLock::new(None)))), "door")), exists, "unreadable password");
    let used = server(login("p"));
    let claim = used.door.paths.find("door").unwrap().claim();
    assert_eq!(mask(seen(&used, "door")), exists, "in use");
    drop(claim);
}

#[test]
fn failed_log_ins_are_slowed_across_connections_of_their_address_only() {
    let server = server(login("p"));
    let refused = (0..20).map(|_| announce(&mut server.connect(), "door", "wrong").status).collect::<Vec<_>>();
    assert_eq!(refused[..4], [401; 4]);
    assert!(refused[4..].iter().all(|status| *status == 503), "{refused:?}");
    let late = announce(&mut server.connect(), "door", "p");
    assert!(late.status == 503 && late.close && late.headers.iter().any(|(name, _)| *name == "Retry-After"));
    let mut camera = server.connect_from([10, 0, 0, 2]);
    assert_eq!(announce(&mut camera, "door", "p").status, 200, "the camera at another address is locked out");
}

#[test]
fn a_path_that_opens_forgets_the_failures_before() {
    let server = server(login("p"));
    for _ in 0..10 {
        announce(&mut server.connect(), "late", "p");
    }
    assert_eq!(announce(&mut server.connect(), "late", "p").status, 503);
    let _open = server.door.paths.register("late", &"late".parse().unwrap(), login("p")).unwrap();
    assert_eq!(announce(&mut server.connect(), "late", "p").status, 200);
}

#[test]
fn a_changed_login_counts_at_once_and_a_missing_one_lets_nobody_in() {
    let shared = Arc::new(RwLock::new(Some(Login { username: "u".to_owned(), password: Secret::new("old") })));
    let server = server(Access::Login(shared.clone()));
    assert_eq!(announce(&mut server.connect(), "door", "old").status, 200);
    *shared.write() = Some(Login { username: "u".to_owned(), password: Secret::new("new") });
    assert_eq!(announce(&mut server.connect(), "door", "old").status, 401);
    assert_eq!(announce(&mut server.connect(), "door", "new").status, 200);
    *shared.write() = None;
    assert_eq!(announce(&mut server.connect(), "door", "new").status, 401);
}

#[test]
fn an_answer_from_another_connection_is_challenged_again_as_stale() {
    let server = server(login("p"));
    let mut first = server.connect();
    let challenge = send(&mut first, "ANNOUNCE rtsp://h/door", "", SDP);
    let header = authorization(&challenge, "rtsp://h/door", "p");
    let mut second = server.connect();
    send(&mut second, "ANNOUNCE rtsp://h/door", "", SDP);
    let replayed = send(&mut second, "ANNOUNCE rtsp://h/door", &header, SDP);
    assert_eq!(replayed.status, 401);
    assert!(replayed.headers.iter().any(|(_, value)| value.contains("stale=true")));
    assert_eq!(send(&mut first, "ANNOUNCE rtsp://h/door", &header, SDP).status, 200);
}

#[test]
fn encoded_paths_name_the_same_camera_and_ambiguous_ones_none() {
    let server = server(Access::Anonymous);
    for uri in ["rtsp://h/door", "rtsp://h/door/", "rtsp://h/d%6for", "rtsp://h/door?token=1", "rtsp://h/x/../door"] {
        assert_eq!(send(&mut server.connect(), &format!("ANNOUNCE {uri}"), "", SDP).status, 200, "{uri}");
    }
    for uri in ["rtsp://h/door%00", "rtsp://h/door%", "rtsp://h/door%2f", "rtsp://h/%ff", "rtsp://h/", "*"] {
        assert_eq!(send(&mut server.connect(), &format!("ANNOUNCE {uri}"), "", SDP).status, 400, "{uri}");
    }
}

#[test]
fn requests_out_of_order_are_refused() {
    let server = server(Access::Anonymous);
    let mut handler = server.connect();
    assert_eq!(send(&mut handler, "SETUP rtsp://h/door/streamid=0", TCP, "").status, 455);
    assert_eq!(send(&mut handler, "RECORD rtsp://h/door", "", "").status, 455);
    assert_eq!(send(&mut handler, "DESCRIBE rtsp://h/door", "", "").status, 405);
    assert_eq!(send(&mut handler, "FLY rtsp://h/door", "", "").status, 501);
    assert_eq!(send(&mut handler, "ANNOUNCE rtsp://h/door", "", "rubbish").status, 415);
    assert_eq!(send(&mut handler, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
    assert_eq!(send(&mut handler, "RECORD rtsp://h/door", "", "").status, 455, "the video was not set up");
    assert_eq!(send(&mut handler, "SETUP rtsp://h/door/streamid=1", TCP, "").status, 200);
    assert_eq!(send(&mut handler, "RECORD rtsp://h/door", "", "").status, 455, "only the audio was set up");
}
