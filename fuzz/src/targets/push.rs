//! What a camera sends to the RTSP server.

use std::cell::OnceCell;

use bytes::Bytes;
use vru_ingest::fuzzing::{announcement, packet_times, serve};

use super::SECRET;
use crate::input::Input;

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
