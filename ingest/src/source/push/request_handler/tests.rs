use rtsp_types::Message;
use vru_runtime::secret::Secret;

use super::super::path_registry::OpenPath;
use super::*;
use crate::source::credentials::Login;

const SDP: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n\
    m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n\
    m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000\r\na=control:streamid=1\r\n";

fn server(login: Option<Login>) -> (Arc<PathRegistry>, OpenPath) {
    let paths = Arc::new(PathRegistry::default());
    let open_path = paths.register("door", &"cam".parse().unwrap(), login).unwrap();
    (paths, open_path)
}

fn connect(paths: &Arc<PathRegistry>) -> RequestHandler {
    RequestHandler::new(paths.clone(), Duration::from_mins(1))
}

fn send(handler: &mut RequestHandler, line: &str, extra: &str, body: &str) -> Response {
    let text = format!("{line} RTSP/1.0\r\nCSeq: 1\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len());
    let (message, _) = Message::<Vec<u8>>::parse(text.as_bytes()).unwrap();
    let Message::Request(request) = message else { panic!("not a request") };
    handler.handle(&request)
}

const TCP: &str = "Transport: RTP/AVP/TCP;unicast;interleaved=2-3;mode=record\r\n";

#[test]
fn a_publisher_gets_from_announce_to_recording() {
    let (paths, _open_path) = server(None);
    let mut handler = connect(&paths);
    assert_eq!(send(&mut handler, "OPTIONS rtsp://h/door", "", "").status, 200);
    assert_eq!(send(&mut handler, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
    let setup = send(&mut handler, "SETUP rtsp://h/door/streamid=0", TCP, "");
    assert_eq!(setup.status, 200);
    assert!(setup.headers.iter().any(|(name, value)| *name == "Transport" && value.contains("interleaved=2-3")));
    assert_eq!(send(&mut handler, "RECORD rtsp://h/door", "", "").status, 200);
    let recording = handler.recording().unwrap();
    assert_eq!(recording.video_channel(), Some(2));
    assert_eq!(recording.claim.camera().as_str(), "cam");
    assert!(send(&mut handler, "TEARDOWN rtsp://h/door", "", "").close);
    assert!(handler.recording().is_none());
    assert!(paths.claim("door").is_ok(), "the path is free again");
}

#[test]
fn udp_is_refused_with_461_and_tcp_is_chosen_when_both_are_offered() {
    let (paths, _open_path) = server(None);
    let mut handler = connect(&paths);
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
    let (paths, _open_path) = server(None);
    let (mut first, mut second) = (connect(&paths), connect(&paths));
    assert_eq!(send(&mut first, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
    let refused = send(&mut second, "ANNOUNCE rtsp://h/door", "", SDP);
    assert_eq!((refused.status, refused.close), (409, true));
    assert!(refused.body.contains("another publisher"));
    drop(first);
    assert_eq!(send(&mut second, "ANNOUNCE rtsp://h/door", "", SDP).status, 200);
}

#[test]
fn unknown_paths_get_404_and_missing_credentials_get_401() {
    let (paths, _open_path) = server(Some(Login { username: "u".to_owned(), password: Secret::new("p") }));
    let mut handler = connect(&paths);
    assert_eq!(send(&mut handler, "ANNOUNCE rtsp://h/nowhere", "", SDP).status, 404);
    let challenged = send(&mut handler, "ANNOUNCE rtsp://h/door", "", SDP);
    assert_eq!(challenged.status, 401);
    let challenges: Vec<_> = challenged.headers.iter().filter(|(name, _)| *name == "WWW-Authenticate").collect();
    assert_eq!(challenges.len(), 2);
    for attempt in 1..=MAX_DENIALS {
        let denied = send(&mut handler, "ANNOUNCE rtsp://h/door", "Authorization: Digest username=\"u\"\r\n", SDP);
        assert_eq!((denied.status, denied.close), (401, attempt == MAX_DENIALS));
    }
}

#[test]
fn requests_out_of_order_are_refused() {
    let (paths, _open_path) = server(None);
    let mut handler = connect(&paths);
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
