//! A minimal HTTP client for probes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct HttpResponse {
    pub status: u16,
    pub body: String,
}

/// Sends a `GET` request. Each read and write may take 5 s.
pub fn http_get(address: SocketAddr, path: &str) -> Result<HttpResponse, String> {
    request(address, "GET", path, &[])
}

/// Sends a request with a body. Each read and write may take 5 s.
pub fn http_send(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Result<HttpResponse, String> {
    request(address, method, path, body)
}

fn request(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Result<HttpResponse, String> {
    let bytes = exchange(address, method, path, body).map_err(|error| format!("{method} {address}{path}: {error}"))?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) =
        text.split_once("\r\n\r\n").ok_or_else(|| format!("{address}{path}: not an HTTP response: {text}"))?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| format!("{address}{path}: no status in {head}"))?;
    Ok(HttpResponse { status, body: body.to_owned() })
}

fn exchange(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // With HTTP/1.0 the body ends with the connection and is never chunked.
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
