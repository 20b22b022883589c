//! Splits a connection's bytes into requests and interleaved data.

use bytes::{Buf as _, Bytes, BytesMut};
use rtsp_types::{Message, ParseError, Request};

/// Largest request, head and body together. A session description has one or two kilobytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) enum Item {
    Request(Request<Vec<u8>>),
    /// RTP or RTCP on an interleaved channel.
    Data {
        channel: u8,
        payload: Bytes,
    },
}

/// The peer violated the protocol, so the connection must close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FramingError {
    #[error("the peer does not speak RTSP")]
    NotRtsp,
    #[error("the peer sent a request larger than 64 KiB")]
    TooLarge,
}

/// The unread bytes of a connection. The buffer needs no more memory than the largest item, and the time to parse a request does not
/// depend on the pieces in which it comes.
#[derive(Debug)]
pub(super) struct Framer {
    pub(super) buffer: BytesMut,
    /// A request is not parsed again before the buffer has so many bytes, unless its head is complete.
    parse_at: usize,
    /// Bytes that have been searched for the end of a request's head.
    searched: usize,
    head_complete: bool,
    /// The head was parsed, and its length of the body is in `parse_at`.
    body_awaited: bool,
}

impl Framer {
    pub(super) fn new() -> Self {
        Self {
            buffer: BytesMut::with_capacity(16 * 1024),
            parse_at: 0,
            searched: 0,
            head_complete: false,
            body_awaited: false,
        }
    }

    /// Takes the next item; `None` until more bytes are read.
    pub(super) fn next(&mut self) -> Result<Option<Item>, FramingError> {
        loop {
            match self.buffer.first() {
                None => return Ok(None),
                // Some clients send line ends between requests to keep the connection alive.
                Some(b'\r' | b'\n') => self.buffer.advance(1),
                Some(b'$') => return Ok(data(&mut self.buffer)),
                Some(_) => match self.request()? {
                    Some(Message::Request(request)) => return Ok(Some(Item::Request(request))),
                    // The server sends no requests, so it ignores responses.
                    Some(_) => {}
                    None => return Ok(None),
                },
            }
        }
    }

    fn request(&mut self) -> Result<Option<Message<Vec<u8>>>, FramingError> {
        if !self.is_worth_parsing() {
            return Ok(None);
        }
        let length = self.buffer.len();
        match Message::parse(&self.buffer[..]) {
            Ok((message, consumed)) => {
                self.buffer.advance(consumed.min(length));
                (self.parse_at, self.searched) = (0, 0);
                (self.head_complete, self.body_awaited) = (false, false);
                Ok(Some(message))
            }
            Err(ParseError::Incomplete(missing)) => {
                let missing = missing.map_or(0, std::num::NonZero::get);
                if length.saturating_add(missing) > MAX_REQUEST_BYTES {
                    return Err(FramingError::TooLarge);
                }
                // Behind a complete head exactly the body is missing. The growth bounds the repetitions in every other case.
                let more = if self.head_complete && !std::mem::replace(&mut self.body_awaited, true) {
                    missing.max(1)
                } else {
                    missing.max(length)
                };
                self.parse_at = length + more;
                Ok(None)
            }
            Err(ParseError::Error) => Err(FramingError::NotRtsp),
        }
    }

    fn is_worth_parsing(&mut self) -> bool {
        let length = self.buffer.len();
        if !self.head_complete {
            let from = self.searched.saturating_sub(3);
            self.head_complete = self.buffer[from..].windows(4).any(|end| end == b"\r\n\r\n");
            self.searched = length;
            if self.head_complete {
                return true;
            }
        }
        // A request that is too large is found out at once.
        length >= self.parse_at || length > MAX_REQUEST_BYTES
    }
}

fn data(buffer: &mut BytesMut) -> Option<Item> {
    let header = buffer.first_chunk::<4>()?;
    let (channel, length) = (header[1], usize::from(u16::from_be_bytes([header[2], header[3]])));
    if buffer.len() < 4 + length {
        return None;
    }
    buffer.advance(4);
    Some(Item::Data { channel, payload: buffer.split_to(length).freeze() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS rtsp://h/x RTSP/1.0\r\nCSeq: 1\r\n\r\n";

    #[test]
    fn requests_and_data_are_parsed_however_the_bytes_are_split() {
        let mut bytes = OPTIONS.to_vec();
        bytes.extend(b"$\x02\x00\x03abc\r\n");
        bytes.extend(b"ANNOUNCE rtsp://h/x RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nv=0\n$\x00\x00\x00");
        for step in [1, 3, 7, 1_000] {
            let (mut framer, mut seen) = (Framer::new(), Vec::new());
            for chunk in bytes.chunks(step) {
                framer.buffer.extend_from_slice(chunk);
                while let Some(item) = framer.next().unwrap() {
                    seen.push(match item {
                        Item::Request(request) => format!("{:?} {}", request.method(), request.body().len()),
                        Item::Data { channel, payload } => format!("{channel} {}", payload.len()),
                    });
                }
            }
            assert_eq!(seen, ["Options 0", "2 3", "Announce 4", "0 0"], "step {step}");
            assert!(framer.buffer.is_empty());
        }
    }

    fn framer(bytes: &[u8]) -> Framer {
        let mut framer = Framer::new();
        framer.buffer.extend_from_slice(bytes);
        framer
    }

    #[test]
    fn a_request_that_comes_byte_by_byte_is_parsed_few_times() {
        let filler = "X: y\r\n".repeat(5_000);
        let body = "v".repeat(20_000);
        let request = format!("ANNOUNCE rtsp://h/x RTSP/1.0\r\n{filler}Content-Length: {}\r\n\r\n{body}", body.len());
        let (mut framer, mut parses, mut last) = (Framer::new(), 0, 0);
        for byte in request.as_bytes() {
            framer.buffer.extend_from_slice(&[*byte]);
            let item = framer.next().unwrap();
            parses += u32::from(framer.parse_at != last);
            last = framer.parse_at;
            assert_eq!(item.is_some(), framer.buffer.is_empty());
        }
        assert!(framer.buffer.is_empty(), "the request was not found");
        assert!(parses < 40, "{parses}");
    }

    #[test]
    fn oversized_requests_are_refused() {
        let mut huge = framer(b"ANNOUNCE rtsp://h/x RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n");
        assert_eq!(huge.next().unwrap_err(), FramingError::TooLarge);
        let mut endless = framer(b"OPTIONS rtsp://h/x RTSP/1.0\r\nX: ");
        endless.buffer.extend_from_slice(&vec![b'a'; MAX_REQUEST_BYTES]);
        assert_eq!(endless.next().unwrap_err(), FramingError::TooLarge);
        let mut slow = framer(b"OPTIONS rtsp://h/x RTSP/1.0\r\nX: ");
        let refused_at = (0..2 * MAX_REQUEST_BYTES).find(|_| {
            slow.buffer.extend_from_slice(b"a");
            slow.next().is_err()
        });
        assert!(refused_at.is_some_and(|bytes| bytes <= MAX_REQUEST_BYTES), "{refused_at:?}");
    }

    #[test]
    fn hostile_bytes_never_panic() {
        let mut seed = 99_u64;
        let mut refused = 0;
        for round in 0..5_000 {
            let mut bytes = if round % 2 == 0 { OPTIONS.to_vec() } else { vec![b'$'; 8] };
            for _ in 0..4 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = (seed >> 33) as usize % bytes.len();
                bytes[at] = (seed >> 24) as u8;
            }
            let mut framer = framer(&bytes);
            loop {
                match framer.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => {
                        refused += 1;
                        break;
                    }
                }
            }
        }
        assert!(refused > 0);
    }
}
