//! Splits one direction of a connection to a camera into messages and interleaved data. It accepts all that GStreamer accepts: cameras are
//! not strict about RTSP.

use bytes::{Buf as _, Bytes, BytesMut};

/// In front of the packet of an interleaved frame.
pub(super) const FRAME_HEADER: usize = 4;
const MAX_HEAD: usize = 64 * 1024;
/// A session description has one or two kilobytes.
const MAX_BODY: usize = 1024 * 1024;
/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// The peer violated the protocol, so the connection must close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("it sent bytes that are not RTSP")]
    NotRtsp,
    #[error("it sent a message that is larger than 64 KiB, or a body that is larger than 1 MiB")]
    TooLarge,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Whole interleaved frames.
    Frames(Bytes),
    Message(Message),
}

/// A request or a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// The request line or the status line.
    pub(super) start: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Message {
    pub(super) fn is_response(&self) -> bool {
        self.start.starts_with("RTSP/")
    }

    /// The status code of a response, 0 if it has none.
    pub(super) fn status(&self) -> u16 {
        self.start.split_ascii_whitespace().nth(1).and_then(|code| code.parse().ok()).unwrap_or_default()
    }

    /// Method and URI of a request.
    pub(super) fn method_and_uri(&self) -> (&str, &str) {
        let mut words = self.start.split_ascii_whitespace();
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The first header with this name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers with this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Replaces the headers with this name.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Removes the headers with this name.
    pub(super) fn remove(&mut self, name: &str) {
        self.headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn parse(head: &[u8]) -> Result<Self, WireError> {
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let start = lines.next().unwrap_or_default().trim_end();
        let is_request = start.split_ascii_whitespace().next_back().is_some_and(|word| word.starts_with("RTSP/"));
        if !start.starts_with("RTSP/") && !is_request {
            return Err(WireError::NotRtsp);
        }
        let mut message = Self { start: start.to_owned(), ..Self::default() };
        for line in lines {
            // A carriage return inside a line must not become the end of a line elsewhere.
            let line = line.replace('\r', " ");
            match (line.split_once(':'), message.headers.last_mut()) {
                (_, Some((_, value))) if line.starts_with([' ', '\t']) && !line.trim().is_empty() => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                (Some((name, value)), _) => message.headers.push((name.trim().to_owned(), value.trim().to_owned())),
                (None, _) => {}
            }
        }
        Ok(message)
    }
}

/// The bytes that were read and not yet taken.
#[derive(Debug, Default)]
pub(super) struct Framer {
    buffer: BytesMut,
}

impl Framer {
    /// Where to read into.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        self.buffer.reserve(CHUNK / 4);
        &mut self.buffer
    }

    /// Takes the next piece; `None` until more bytes are read.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, WireError> {
        if let Some(frames) = self.frames() {
            return Ok(Some(Piece::Frames(frames)));
        }
        // Some cameras send line ends between messages.
        let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.buffer.advance(blank);
        if blank > 0 && self.buffer.first() == Some(&b'$') {
            return Ok(self.frames().map(Piece::Frames));
        }
        match self.buffer.first() {
            None | Some(b'$') => Ok(None),
            Some(_) => Ok(self.message()?.map(Piece::Message)),
        }
    }

    /// All whole interleaved frames at the start of the buffer, in one piece and without a copy.
    fn frames(&mut self) -> Option<Bytes> {
        let mut end = 0;
        while let Some(frame) = whole_frame(&self.buffer[end..]) {
            end += frame.len();
        }
        (end > 0).then(|| self.buffer.split_to(end).freeze())
    }

    fn message(&mut self) -> Result<Option<Message>, WireError> {
        let Some(length) = head_length(&self.buffer) else {
            let text = |byte: &u8| !byte.is_ascii_control() || matches!(byte, b'\r' | b'\n' | b'\t');
            return match self.buffer.iter().all(text) {
                false => Err(WireError::NotRtsp),
                true if self.buffer.len() > MAX_HEAD => Err(WireError::TooLarge),
                true => Ok(None),
            };
        };
        if length > MAX_HEAD {
            return Err(WireError::TooLarge);
        }
        let mut message = Message::parse(&self.buffer[..length])?;
        let body = message.header("Content-Length").and_then(|text| text.parse::<usize>().ok()).unwrap_or_default();
        if body > MAX_BODY {
            return Err(WireError::TooLarge);
        }
        if self.buffer.len() < length + body {
            return Ok(None);
        }
        self.buffer.advance(length);
        message.body = self.buffer.split_to(body).freeze();
        Ok(Some(message))
    }
}

/// The interleaved frame at the start: `$`, the channel, the length of the packet, and the packet. `None` until all of it is there.
pub(super) fn whole_frame(bytes: &[u8]) -> Option<&[u8]> {
    let [b'$', _, high, low, ..] = bytes else { return None };
    bytes.get(..FRAME_HEADER + usize::from(u16::from_be_bytes([*high, *low])))
}

/// Length of the head, up to and including its empty line.
fn head_length(buffer: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (at, byte) in buffer.iter().enumerate() {
        if *byte == b'\n' {
            if matches!(&buffer[line_start..at], b"" | b"\r") {
                return Some(at + 1);
            }
            line_start = at + 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pieces of `bytes`, read `step` bytes at a time; adjoining frames are joined.
    fn pieces(bytes: &[u8], step: usize) -> Result<Vec<Piece>, WireError> {
        let mut framer = Framer::default();
        let mut pieces: Vec<Piece> = Vec::new();
        for chunk in bytes.chunks(step) {
            framer.buffer().extend_from_slice(chunk);
            while let Some(piece) = framer.next()? {
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Frames(before)), Piece::Frames(more)) => {
                        *before = [&before[..], &more[..]].concat().into();
                    }
                    (_, piece) => pieces.push(piece),
                }
            }
        }
        Ok(pieces)
    }

    #[test]
    fn messages_and_frames_are_the_same_however_they_arrive() {
        let bytes = b"\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\nX: a\r\n b\r\n\r\n$$\r$\x00\x00\x02$\n$\x01\x00\x00\
                      GET_PARAMETER rtsp://h/ RTSP/1.0\nCSeq: 2\n\n";
        for step in 1..bytes.len() {
            let pieces = pieces(bytes, step).unwrap();
            let [Piece::Message(response), Piece::Frames(frames), Piece::Message(request)] = &pieces[..] else {
                panic!("{step}: {pieces:?}")
            };
            assert_eq!((response.status(), &response.body[..], response.header("x")), (200, &b"$$\r"[..], Some("a b")));
            assert_eq!(&frames[..], b"$\x00\x00\x02$\n$\x01\x00\x00");
            assert_eq!(request.method_and_uri(), ("GET_PARAMETER", "rtsp://h/"));
        }
    }

    #[test]
    fn what_is_not_rtsp_or_too_large_is_an_error() {
        assert_eq!(pieces(b"HTTP/1.1 200 OK\r\n\r\n", 5), Err(WireError::NotRtsp));
        assert_eq!(pieces(b"\x01\x02", 5), Err(WireError::NotRtsp));
        assert_eq!(pieces(&vec![b'x'; 70_000], 1_000), Err(WireError::TooLarge));
        assert_eq!(pieces(b"RTSP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n", 99), Err(WireError::TooLarge));
    }
}
