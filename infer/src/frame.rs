//! A frame on its way through the stage.

use std::time::{Duration, Instant};

use tracing::Span;
use vru_media::Codec;
use vru_proto::FrameKey;
use vru_proto::v1::{Delivery, Encoding, Frame};
use vru_runtime::clock;
use vru_runtime::kafka::Record;

use crate::model::Prepared;
use crate::offsets::Ticket;
use crate::picture::Picture;

/// A frame that was read, and what is owed for it. Its bytes are shared, never copied.
#[derive(Debug)]
pub struct Job {
    /// The message.
    pub frame: Frame,
    /// Its identity.
    pub key: FrameKey,
    /// To be completed when its results are acknowledged or it is dropped.
    pub ticket: Ticket,
    /// As it came, for the dead letters.
    pub record: Record,
    /// When it came.
    pub received: Instant,
    /// Follows it through the stage.
    pub span: Span,
}

impl Job {
    /// Whether old frames may be dropped for new ones. Files and uploads say that none may.
    pub fn is_live(&self) -> bool {
        self.frame.delivery() != Delivery::EveryFrame
    }

    /// The codec, where pictures build on earlier ones.
    pub fn codec(&self) -> Option<Codec> {
        match self.frame.encoding() {
            Encoding::H264 => Some(Codec::H264),
            Encoding::H265 => Some(Codec::H265),
            Encoding::Jpeg | Encoding::Unspecified => None,
        }
    }

    /// Whether a decoder can start here.
    pub fn is_key_frame(&self) -> bool {
        self.codec().is_none() || self.frame.key_frame
    }

    /// Whether it shows nothing, and only says that the file is at its end.
    pub fn is_end_marker(&self) -> bool {
        self.frame.end_of_stream && self.frame.payload.is_empty()
    }

    /// Whether ingest took it longer ago than that. The clock of another machine may be ahead of ours: then it is new.
    pub fn is_older_than(&self, age: Duration) -> bool {
        let micros = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        clock::now_us().saturating_sub(self.frame.ingested_at_us) > micros
    }
}

/// A frame that waits for the model.
#[derive(Debug)]
pub struct Ready {
    /// The frame.
    pub job: Job,
    /// What it shows; none for an end marker.
    pub seen: Option<Seen>,
}

/// A picture that waits for the model.
#[derive(Debug)]
pub struct Seen {
    /// The picture, for a snapshot.
    pub picture: Picture,
    /// As the model takes it.
    pub prepared: Prepared,
    /// Waited so far.
    pub queued: Duration,
    /// Took to decode.
    pub decode: Duration,
    /// Took to scale and normalise.
    pub preprocess: Duration,
    /// When it became ready.
    pub since: Instant,
}
