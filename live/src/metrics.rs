//! The metrics of live feeds.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec};
use vru_runtime::metrics::{counter_vec, gauge_vec};

use crate::rendition::Rendition;

pub(crate) static VIEWERS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    let help = "Who watches a camera, by rendition: tile, full, h264, none (boxes without pictures). Somebody who watches several cameras counts for each.";
    gauge_vec("live_viewers", help, &["rendition"])
});

pub(crate) static READER_PARTITIONS: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    gauge_vec("live_reader_partitions", "Partitions that are read for live feeds, by topic.", &["topic"])
});

pub(crate) static READER_RECORDS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Records that were read for live feeds. By topic and result: used, other_camera (passed over because nobody watches the \
                camera), invalid.";
    counter_vec("live_reader_records_total", help, &["topic", "result"])
});

pub(crate) static READER_STARTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help =
        "How often reading for live feeds began. By reason: viewer (the first one came), failure (it was interrupted).";
    counter_vec("live_reader_starts_total", help, &["reason"])
});

pub(crate) static RENDERED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Messages that were made for live feeds, each once for all viewers, by camera and rendition.";
    counter_vec("live_messages_total", help, &["camera", "rendition"])
});

pub(crate) static DELIVERED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counter_vec("live_delivered_messages_total", "Messages that viewers took, by camera.", &["camera"])
});

/// Why a picture was not shown, or a message not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skip {
    /// One viewer is slow; counted for each viewer and message.
    SlowViewer,
    /// The threads that make renditions are busy.
    Busy,
    /// It waits for the next key frame: the viewers came in between, or frames are missing.
    NoKeyFrame,
    /// It cannot be decoded or encoded.
    Undecodable,
    /// Inference left it out.
    NotAnalysed,
    /// A later one was shown before it came.
    Late,
    /// The camera's pictures are blurred, and it is not known what is to be hidden in this one.
    Private,
}

impl Skip {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::SlowViewer => "slow_viewer",
            Self::Busy => "busy",
            Self::NoKeyFrame => "no_key_frame",
            Self::Undecodable => "undecodable",
            Self::NotAnalysed => "not_analysed",
            Self::Late => "late",
            Self::Private => "private",
        }
    }

    pub(crate) fn count(self, camera: &str, how_many: u64) {
        if how_many > 0 {
            SKIPPED.with_label_values(&[camera, self.word()]).inc_by(how_many);
        }
    }
}

static SKIPPED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let help = "Pictures and boxes of watched cameras that were not shown. By camera and reason: slow_viewer (for each viewer), busy, \
                no_key_frame, undecodable, not_analysed, late, private (it is not known what must be blurred).";
    counter_vec("live_skipped_total", help, &["camera", "reason"])
});

/// Creates the series without a camera, so that `/metrics` shows 0 before somebody comes.
pub(crate) fn init(topics: &[&str]) {
    for rendition in Rendition::ALL {
        VIEWERS.with_label_values(&[rendition.word()]);
    }
    for topic in topics {
        READER_PARTITIONS.with_label_values(&[topic]);
        for result in ["used", "other_camera", "invalid"] {
            READER_RECORDS.with_label_values(&[topic, result]);
        }
    }
    for reason in ["viewer", "failure"] {
        READER_STARTS.with_label_values(&[reason]);
    }
}
