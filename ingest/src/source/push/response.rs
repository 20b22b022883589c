use std::fmt::Write as _;

/// An RTSP response. It is written by hand because a header may occur twice (`WWW-Authenticate`), and because the body explains
/// the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Explains the status in plain text.
    pub(super) body: &'static str,
    /// The server closes the connection after the response.
    pub(super) close: bool,
}

impl Response {
    pub(super) fn ok() -> Self {
        Self::new(200, "OK", "")
    }

    pub(super) fn new(status: u16, reason: &'static str, body: &'static str) -> Self {
        Self { status, reason, headers: Vec::new(), body, close: false }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// The bytes to send. `cseq` is the request's `CSeq`, which the response repeats.
    pub(super) fn to_bytes(&self, cseq: Option<&str>) -> Vec<u8> {
        let mut text = format!("RTSP/1.0 {} {}\r\n", self.status, self.reason);
        let mut line = |name: &str, value: &str| {
            write!(text, "{name}: {value}\r\n").expect("writing to a string cannot fail");
        };
        // Repeat it only if it is a number, so that a peer cannot inject headers.
        if let Some(cseq) = cseq.filter(|cseq| cseq.len() <= 10 && cseq.bytes().all(|b| b.is_ascii_digit())) {
            line("CSeq", cseq);
        }
        line("Server", "vru-ingest");
        for (name, value) in &self.headers {
            line(name, value);
        }
        if self.close {
            line("Connection", "close");
        }
        if !self.body.is_empty() {
            line("Content-Type", "text/plain");
            line("Content-Length", &self.body.len().to_string());
        }
        text.push_str("\r\n");
        text.push_str(self.body);
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_numeric_cseq_is_repeated() {
        let text = |cseq| String::from_utf8(Response::new(404, "Not Found", "no").to_bytes(cseq)).unwrap();
        let expected = "RTSP/1.0 404 Not Found\r\nCSeq: 3\r\nServer: vru-ingest\r\n\
                        Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nno";
        assert_eq!(text(Some("3")), expected);
        assert!(!text(Some("3\r\nEvil: 1")).contains("Evil"));
    }
}
