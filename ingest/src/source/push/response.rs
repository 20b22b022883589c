use std::fmt::Write as _;

/// An answer to a request. Written by hand: the same header may come twice (`WWW-Authenticate`), and reasons are our own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) reason: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Says in words what the status means here.
    pub(super) body: &'static str,
    /// The connection ends with it.
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

    /// On the wire. `cseq` repeats the request's number.
    pub(super) fn write(&self, cseq: Option<&str>) -> Vec<u8> {
        let mut text = format!("RTSP/1.0 {} {}\r\n", self.status, self.reason);
        let mut line = |name: &str, value: &str| {
            write!(text, "{name}: {value}\r\n").expect("writing to a string cannot fail");
        };
        // What a peer sent is repeated only as far as it is a number.
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
    fn numbers_are_repeated_and_nothing_else_is() {
        let text = |cseq| String::from_utf8(Response::new(404, "Not Found", "no").write(cseq)).unwrap();
        let expected = "RTSP/1.0 404 Not Found\r\nCSeq: 3\r\nServer: vru-ingest\r\n\
                        Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nno";
        assert_eq!(text(Some("3")), expected);
        assert!(!text(Some("3\r\nEvil: 1")).contains("Evil"));
    }
}
