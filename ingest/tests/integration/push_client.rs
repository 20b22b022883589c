//! An RTSP client that does what a test says, with or without a log-in.

use std::net::{IpAddr, SocketAddr};

use md5::{Digest as _, Md5};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use vru_runtime::test_util::eventually;

use super::support::DEADLINE;

/// The user of all cameras that need a log-in.
pub const USER: &str = "cam";

pub struct RtspClient {
    pub stream: TcpStream,
}

/// A response. The status is 0 when the server closed the connection.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl RtspClient {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    /// Connects from another address of this machine. The whole network 127.0.0.0/8 is here.
    pub async fn connect_from(local: IpAddr, address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(local, 0)).unwrap();
        Self { stream: socket.connect(address).await.unwrap() }
    }

    pub async fn request(&mut self, line: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let text = format!("{line} RTSP/1.0\r\nCSeq: 1\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        // A server that refuses the connection may have closed it already.
        drop(self.stream.write_all(text.as_bytes()).await);
        let mut buffer = vec![0; 4_096];
        let read = tokio::time::timeout(DEADLINE, self.stream.read(&mut buffer)).await.unwrap().unwrap_or(0);
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, text }
    }

    /// Announces, and answers a challenge with this password.
    pub async fn announce(&mut self, path: &str, password: &str, sdp: &str) -> Answer {
        let uri = format!("rtsp://server/{path}");
        let line = format!("ANNOUNCE {uri}");
        let answer = self.request(&line, "Content-Type: application/sdp\r\n", sdp).await;
        if answer.status != 401 {
            return answer;
        }
        let authorization = authorization(&answer.text, &uri, password);
        self.request(&line, &format!("Content-Type: application/sdp\r\n{authorization}"), sdp).await
    }
}

/// The header that answers the MD5 challenge of this response to an ANNOUNCE.
fn authorization(challenge: &str, uri: &str, password: &str) -> String {
    let nonce = challenge.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let md5 = |text: String| hex::encode(Md5::digest(text));
    let (secret, request) = (md5(format!("{USER}:vru:{password}")), md5(format!("ANNOUNCE:{uri}")));
    let response = md5(format!("{secret}:{nonce}:00000001:c:auth:{request}"));
    format!(
        "Authorization: Digest username=\"{USER}\", realm=\"vru\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm=MD5, \
         response=\"{response}\", qop=auth, nc=00000001, cnonce=\"c\"\r\n"
    )
}

/// Waits until the camera's task has opened its path. Then an announcement without a body gets 415 after the log-in; before, nobody can
/// log in.
pub async fn path_opens(address: SocketAddr, path: &str, password: &str) {
    eventually(DEADLINE, &format!("the path {path} to open"), async || {
        match RtspClient::connect(address).await.announce(path, password, "").await.status {
            415 => Ok(()),
            other => Err(format!("status {other}")),
        }
    })
    .await;
}
