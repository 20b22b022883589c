//! Counts and logs what the server refuses. A peer decides how often it is refused, so the log lines of each reason are limited.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vru_proto::CameraId;

use crate::metrics;

/// Why a connection or a request was refused. The names are values of the metric label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// `push.max_connections` are open.
    TooManyConnections,
    /// `push.max_pending_per_address` connections of this address are not yet sending.
    TooManyOfAddress,
    /// A newer connection got the place of this one, which was not sending yet.
    Displaced,
    TlsHandshake,
    /// Not sending within `push.setup_timeout`.
    SetupTimeout,
    /// It sent no bytes for `push.read_timeout`.
    Silent,
    /// It does not read the responses.
    NotReading,
    NotRtsp,
    TooLarge,
    TooManyRequests,
    BadPath,
    /// It disconnected after the challenge, without an attempt to log in.
    NoCredentials,
    WrongCredentials,
    /// No camera has this path. The peer sees the same as with wrong credentials.
    UnknownPath,
    /// The camera's password cannot be read. The peer sees the same as with wrong credentials.
    PasswordUnreadable,
    /// Too many failed attempts to log in.
    Throttled,
    /// Another publisher sends to the path.
    InUse,
    UnsupportedMedia,
    UnsupportedTransport,
    UnknownTrack,
    InvalidState,
    UnsupportedMethod,
    /// The camera was removed, or its last publisher has not been cleaned up.
    NotReady,
}

impl Reason {
    pub(super) const ALL: [Self; 23] = [
        Self::TooManyConnections,
        Self::TooManyOfAddress,
        Self::Displaced,
        Self::TlsHandshake,
        Self::SetupTimeout,
        Self::Silent,
        Self::NotReading,
        Self::NotRtsp,
        Self::TooLarge,
        Self::TooManyRequests,
        Self::BadPath,
        Self::NoCredentials,
        Self::WrongCredentials,
        Self::UnknownPath,
        Self::PasswordUnreadable,
        Self::Throttled,
        Self::InUse,
        Self::UnsupportedMedia,
        Self::UnsupportedTransport,
        Self::UnknownTrack,
        Self::InvalidState,
        Self::UnsupportedMethod,
        Self::NotReady,
    ];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TooManyConnections => "too_many_connections",
            Self::TooManyOfAddress => "too_many_of_address",
            Self::Displaced => "displaced",
            Self::TlsHandshake => "tls_handshake",
            Self::SetupTimeout => "setup_timeout",
            Self::Silent => "silent",
            Self::NotReading => "not_reading",
            Self::NotRtsp => "not_rtsp",
            Self::TooLarge => "too_large",
            Self::TooManyRequests => "too_many_requests",
            Self::BadPath => "bad_path",
            Self::NoCredentials => "no_credentials",
            Self::WrongCredentials => "wrong_credentials",
            Self::UnknownPath => "unknown_path",
            Self::PasswordUnreadable => "password_unreadable",
            Self::Throttled => "throttled",
            Self::InUse => "in_use",
            Self::UnsupportedMedia => "unsupported_media",
            Self::UnsupportedTransport => "unsupported_transport",
            Self::UnknownTrack => "unknown_track",
            Self::InvalidState => "invalid_state",
            Self::UnsupportedMethod => "unsupported_method",
            Self::NotReady => "not_ready",
        }
    }
}

/// Each reason gets this many lines in each window.
const LINES: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, Default)]
struct Window {
    since: Option<Instant>,
    lines: u32,
    suppressed: u64,
}

impl Window {
    /// Whether a line may be written now, and how many were left out since the last one.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.duration_since(since) >= WINDOW) {
            (self.since, self.lines) = (Some(now), 0);
        }
        if self.lines == LINES {
            self.suppressed += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

/// The refusals of one server.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    windows: Mutex<[Window; Reason::ALL.len()]>,
}

impl Refusals {
    /// Counts a refusal and logs it, unless the log has enough lines of this reason. `camera` is known only where the path is a
    /// camera's, so that the label has few values.
    pub(super) fn count(&self, reason: Reason, peer: SocketAddr, camera: Option<&CameraId>) {
        let camera = camera.map_or("", CameraId::as_str);
        metrics::PUSH_REFUSED.with_label_values(&[camera, reason.as_str()]).inc();
        let line = self.windows.lock()[reason as usize].admit(Instant::now());
        if let Some(suppressed) = line {
            tracing::warn!(reason = reason.as_str(), %peer, camera, suppressed, "publisher refused");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_window() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{reason:?}");
        }
    }

    #[test]
    fn a_flood_writes_few_lines_and_says_how_many_are_missing() {
        let mut window = Window::default();
        let start = Instant::now();
        let written = (0..1_000).filter(|_| window.admit(start).is_some()).count();
        assert_eq!(written, LINES as usize);
        assert_eq!(window.admit(start + WINDOW), Some(1_000 - u64::from(LINES)));
        assert_eq!(window.admit(start + WINDOW), Some(0));
    }
}
