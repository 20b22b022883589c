use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec};

pub(super) static OPEN: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("api_live_feeds", "Feeds that are open. By kind: socket (pictures and boxes), events.", &["kind"])
});

pub(super) static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Feeds that were refused. By reason: caller (`live.max_feeds_per_caller`), replica (`live.max_feeds`).";
    counter_vec("api_live_refused_feeds_total", help, &["reason"])
});

/// Why a feed ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The client closed it, or the connection was lost.
    Client,
    /// The service stops.
    Stop,
    /// The client answered no ping.
    Silent,
    /// The client did not take a message in time, or too many waited for it.
    Slow,
    /// Its session, key or membership is not good any more.
    Revoked,
    /// Whether it is still good could not be found out for too long.
    Unverified,
    /// The client sent too many messages.
    Flood,
    /// The client sent what is no WebSocket message, or too long a one.
    Protocol,
}

impl Ended {
    const ALL: [Self; 8] = [
        Self::Client,
        Self::Stop,
        Self::Silent,
        Self::Slow,
        Self::Revoked,
        Self::Unverified,
        Self::Flood,
        Self::Protocol,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Stop => "stop",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Revoked => "revoked",
            Self::Unverified => "unverified",
            Self::Flood => "flood",
            Self::Protocol => "protocol",
        }
    }
}

static ENDED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Feeds that ended. By kind (socket, events) and reason: client, stop, silent, slow, revoked, unverified, flood, protocol.";
    counter_vec("api_live_ended_feeds_total", help, &["kind", "reason"])
});

/// Counts a feed while it is open, and how it ended.
#[derive(Debug)]
pub(super) struct Counted(&'static str);

impl Counted {
    pub(super) fn begin(kind: &'static str) -> Self {
        OPEN.with_label_values(&[kind]).inc();
        Self(kind)
    }

    pub(super) fn end(&self, how: Ended) {
        ENDED.with_label_values(&[self.0, how.word()]).inc();
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        OPEN.with_label_values(&[self.0]).dec();
    }
}

pub(super) fn init() {
    for kind in ["socket", "events"] {
        OPEN.with_label_values(&[kind]);
        for how in Ended::ALL {
            ENDED.with_label_values(&[kind, how.word()]);
        }
    }
    for reason in ["caller", "replica"] {
        REFUSED.with_label_values(&[reason]);
    }
}
