//! What a camera sends to the RTSP server.

use std::cell::OnceCell;

use bytes::Bytes;
use vru_ingest::fuzzing::{announcement, authorization, decoded_path, packet_times, serve};

use super::SECRET;
use crate::input::{Input, text};

thread_local! {
    static RUNTIME: OnceCell<tokio::runtime::Runtime> = const { OnceCell::new() };
}

/// A whole connection. Every response is RTSP with only our own headers, and never contains the password.
pub(crate) fn connection(case: &[u8]) {
    let served = RUNTIME.with(|runtime| {
        let make =
            || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be created");
        runtime.get_or_init(make).block_on(serve(case, SECRET))
    });
    let responses = String::from_utf8(served.responses).expect("responses are text");
    assert!(
        !responses.contains(SECRET) && !served.ended.contains(SECRET),
        "a response or error contains the password: {responses}"
    );
    let known = [
        "RTSP/1.0",
        "CSeq",
        "Server",
        "Public",
        "Allow",
        "Session",
        "Transport",
        "WWW-Authenticate",
        "Connection",
        "Content-",
    ];
    for line in responses.split("\r\n").filter(|line| line.contains(": ")) {
        assert!(known.iter().any(|name| line.contains(name)), "an unexpected header: {line:?}");
    }
    served.times_ns.into_iter().for_each(check_time);
}

/// A decoded path has no slash that the URL did not have, no control character, and one meaning: encoded again, it decodes to itself.
pub(crate) fn path(case: &[u8]) {
    let path = text(case);
    match decoded_path(&path) {
        Ok(decoded) => {
            assert!(
                !decoded.chars().any(char::is_control) && decoded.len() <= path.len(),
                "{path:?} gives {decoded:?}"
            );
            assert_eq!(decoded.matches('/').count(), path.trim_matches('/').matches('/').count(), "{path:?}");
            let hexadecimal = |byte: u8| format!("%{byte:02X}");
            let encoded: Vec<_> =
                decoded.split('/').map(|part| part.bytes().map(hexadecimal).collect::<Vec<_>>().concat()).collect();
            if decoded.trim_matches('/').len() == decoded.len() && decoded.len() < 600 {
                assert_eq!(decoded_path(&encoded.join("/")), Ok(decoded), "{path:?}");
            }
        }
        Err(problem) => assert!(problem.len() > 8),
    }
}

/// A header is read in one way only: written again with quotes, it has the same fields.
pub(crate) fn authorization_header(case: &[u8]) {
    let header = text(case);
    let names = ["username", "realm", "nonce", "uri", "response", "algorithm", "qop", "nc", "cnonce"];
    let Some(values) = authorization(&header, names) else { return };
    let quote = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    let written: Vec<_> = names.iter().zip(&values).map(|(name, value)| format!("{name}={}", quote(value))).collect();
    assert_eq!(authorization(&format!("Digest {}", written.join(", ")), names), Some(values), "{header:?}");
}

/// The video is one of at most 16 tracks.
pub(crate) fn sdp(case: &[u8]) {
    match announcement(case) {
        Ok((tracks, video)) => assert!(video < tracks && tracks <= 16, "track {video} of {tracks}"),
        Err(problem) => assert!(problem.len() > 8),
    }
}

/// Packets, each after a byte for its kind and a byte for its length.
pub(crate) fn rtp(case: &[u8]) {
    let mut input = Input::new(case);
    let rate = input.word();
    let packets = std::iter::from_fn(|| {
        if input.is_empty() {
            return None;
        }
        let (rtcp, length) = (input.byte() & 1 == 1, usize::from(input.byte()));
        Some((rtcp, Bytes::copy_from_slice(input.take(length))))
    });
    for (pts_ns, _) in packet_times(rate, packets) {
        check_time(pts_ns);
    }
}

/// GStreamer's bindings panic on the largest number of nanoseconds, and GStreamer adds offsets to others.
fn check_time(pts_ns: u64) {
    assert!(i64::try_from(pts_ns).is_ok(), "{pts_ns} ns is out of range");
}
