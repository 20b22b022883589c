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

/// Takes the next item from the buffer; `None` until more bytes are read. `buffer` never needs to be larger than the largest item.
pub(super) fn next(buffer: &mut BytesMut) -> Result<Option<Item>, FramingError> {
    loop {
        match buffer.first() {
            None => return Ok(None),
            // Some clients send line ends between requests to keep the connection alive.
            Some(b'\r' | b'\n') => buffer.advance(1),
            Some(b'$') => return Ok(data(buffer)),
            Some(_) => match request(buffer)? {
                Some(Message::Request(request)) => return Ok(Some(Item::Request(request))),
                // The server sends no requests, so it ignores responses.
                Some(_) => {}
                None => return Ok(None),
            },
        }
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

fn request(buffer: &mut BytesMut) -> Result<Option<Message<Vec<u8>>>, FramingError> {
    match Message::parse(&buffer[..]) {
        Ok((message, consumed)) => {
            buffer.advance(consumed.min(buffer.len()));
            Ok(Some(message))
        }
        Err(ParseError::Incomplete(_)) if buffer.len() > MAX_REQUEST_BYTES => Err(FramingError::TooLarge),
        Err(ParseError::Incomplete(missing)) if missing.is_some_and(|more| more.get() > MAX_REQUEST_BYTES) => {
            Err(FramingError::TooLarge)
        }
        Err(ParseError::Incomplete(_)) => Ok(None),
        Err(ParseError::Error) => Err(FramingError::NotRtsp),
    }
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
            let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
            for chunk in bytes.chunks(step) {
                buffer.extend_from_slice(chunk);
                while let Some(item) = next(&mut buffer).unwrap() {
                    seen.push(match item {
                        Item::Request(request) => format!("{:?} {}", request.method(), request.body().len()),
                        Item::Data { channel, payload } => format!("{channel} {}", payload.len()),
                    });
                }
            }
            assert_eq!(seen, ["Options 0", "2 3", "Announce 4", "0 0"], "step {step}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn oversized_requests_are_refused() {
        let mut huge = BytesMut::from(&b"ANNOUNCE rtsp://h/x RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n"[..]);
        assert_eq!(next(&mut huge).unwrap_err(), FramingError::TooLarge);
        let mut endless = BytesMut::from(&b"OPTIONS rtsp://h/x RTSP/1.0\r\nX: "[..]);
        endless.extend_from_slice(&vec![b'a'; MAX_REQUEST_BYTES]);
        assert_eq!(next(&mut endless).unwrap_err(), FramingError::TooLarge);
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
            let mut buffer = BytesMut::from(&bytes[..]);
            loop {
                match next(&mut buffer) {
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
