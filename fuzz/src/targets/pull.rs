//! What a pulled camera sends to ingest.

use vru_ingest::fuzzing::{Linked, link};
use vru_runtime::cameras::Login;
use vru_runtime::secret::Secret;

use super::SECRET;

/// All bytes of a camera. Requests have only our own headers, and at most one log-in is sent before one was accepted.
pub(crate) fn camera(case: &[u8]) {
    let linked = check(case);
    let accepted = linked.to_client.windows(4).any(|window| window == b"RTSP");
    assert!(accepted || linked.logins <= 2, "{} log-ins at a camera that accepts none", linked.logins);
}

/// `WWW-Authenticate` headers, one a line: the camera refuses the first request with them, and the log-in too. A wrong log-in is sent
/// once.
pub(crate) fn challenge(case: &[u8]) {
    let mut response = b"RTSP/1.0 401 Unauthorized\r\n".to_vec();
    for line in case.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()) {
        response.extend_from_slice(b"WWW-Authenticate: ");
        response.extend_from_slice(line);
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(b"\r\n");
    let linked = check(&response.repeat(3));
    assert!(linked.logins <= 1, "{} log-ins with the same challenge", linked.logins);
    assert!(linked.ended.is_some(), "a refused log-in is no error");
}

fn check(camera: &[u8]) -> Linked {
    let login = Login { username: "cam\"\\".to_owned(), password: Secret::new(SECRET) };
    let linked = link(camera, login);
    let sent = String::from_utf8_lossy(&linked.to_camera);
    assert!(!sent.contains(SECRET), "a request has the password: {sent}");
    for line in sent.split("\r\n").filter(|line| !line.is_empty()) {
        let header = ["CSeq: ", "Session: ", "Authorization: "].iter().any(|start| line.starts_with(start));
        let ours = header || line.ends_with(" rtsp://cam/live RTSP/1.0");
        assert!(ours && !line.contains(['\r', '\n']), "{line:?}");
    }
    let ended = linked.ended.as_deref().unwrap_or_default();
    assert!(!ended.contains(SECRET) && ended.len() < 1_024, "{ended}");
    linked
}
