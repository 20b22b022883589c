//! A caller of `vru-api`: one connection that is kept.

use std::io::Write as _;
use std::process::{Command, Stdio};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use vru_runtime::test_util::binary;

/// One connection.
#[derive(Debug)]
pub struct Caller {
    sender: SendRequest<Full<Bytes>>,
    address: String,
    cookie: String,
}

impl Caller {
    /// Connects. The cookie goes with each request.
    pub async fn connect(address: &str, cookie: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("a TCP option");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        Self { sender, address: address.to_owned(), cookie: cookie.to_owned() }
    }

    /// The answer, which must be a success.
    pub async fn get(&mut self, path: &str) -> Value {
        let request = Request::get(path).header("host", &self.address).header("cookie", &self.cookie);
        let answer = self.send(request.body(Full::default()).expect("a request")).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Any request; the body must be read before the next one.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.sender.ready().await.expect("the connection is open");
        self.sender.send_request(request).await.expect("an answer")
    }
}

/// Adds a system admin. The program reads the password from its standard input.
pub fn create_admin(database: &str, name: &str, password: &str) {
    let mut command = Command::new(binary("vru-api"));
    command.args(["create-admin", name]).env("VRU__DATABASE__URL", database).stdin(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("an input");
    input.write_all(password.as_bytes()).expect("the password is read");
    drop(input);
    assert!(child.wait().expect("the program ends").success(), "the account could not be made");
}

/// The cookie of a new session.
pub async fn log_in(address: &str, name: &str, password: &str) -> String {
    let mut caller = Caller::connect(address, "").await;
    let body = serde_json::json!({ "name": name, "password": password }).to_string();
    let request = Request::post("/api/v1/session").header("host", address).header("content-type", "application/json");
    let answer = caller.send(request.body(Full::from(body)).expect("a request")).await;
    assert!(answer.status().is_success(), "log-in: {}", answer.status());
    let cookie = answer.headers()["set-cookie"].to_str().expect("a text");
    cookie.split(';').next().unwrap_or_default().to_owned()
}
