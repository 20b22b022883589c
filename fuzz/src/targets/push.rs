//! What a camera sends that connects to us.

use std::cell::OnceCell;

use bytes::Bytes;
use vru_ingest::fuzzing::{announcement, packet_times, serve};

use super::SECRET;
use crate::input::Input;

thread_local! {
    static RUNTIME: OnceCell<tokio::runtime::Runtime> = const { OnceCell::new() };
}

/// A whole connection. Every answer is RTSP with our own headers only, nobody gets through the door without its password, and
/// it is never told.
pub(crate) fn connection(case: &[u8]) {
    let served = RUNTIME.with(|runtime| {
        let make =
            || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime can be made");
        runtime.get_or_init(make).block_on(serve(case, SECRET))
    });
    let answers = String::from_utf8(served.responses).expect("answers are text");
    assert!(!answers.contains(SECRET) && !served.ended.contains(SECRET), "the password is told: {answers}");
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
    for line in answers.split("\r\n").filter(|line| line.contains(": ")) {
        assert!(known.iter().any(|name| line.contains(name)), "a header that is not ours: {line:?}");
    }
    served.times_ns.into_iter().for_each(assert_is_a_time);
}

/// The video is one of the tracks.
pub(crate) fn sdp(case: &[u8]) {
    match announcement(case) {
        Ok((tracks, video)) => assert!(video < tracks && tracks <= 16, "track {video} of {tracks}"),
        Err(problem) => assert!(problem.len() > 8),
    }
}

/// Packets, each behind a byte for its kind and one for its length.
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
        assert_is_a_time(pts_ns);
    }
}

/// GStreamer panics on the largest number of nanoseconds, and adds to others.
fn assert_is_a_time(pts_ns: u64) {
    assert!(i64::try_from(pts_ns).is_ok(), "{pts_ns} ns is no time of a stream");
}
