//! A frame on its way through the stage: a [`FrameJob`] waits for a decoder, a [`RawFrame`] for its conversion to the model's
//! input, a [`ReadyFrame`] for the model, and an [`InferredFrame`] for its analysis.

use std::time::{Duration, Instant};

use tracing::Span;
use vru_media::Codec;
use vru_proto::FrameKey;
use vru_proto::v1::{Encoding, Frame};
use vru_runtime::clock;
use vru_runtime::kafka::Record;

use crate::backend::TensorData;
use crate::decode::RawPicture;
use crate::feed::{Feed, FeedKind};
use crate::model::{ModelOutput, PreparedPicture};
use crate::offsets::Ticket;
use crate::picture::Picture;

/// A frame that was read from Kafka, with everything needed to process it and to commit its offset. Its bytes are shared,
/// never copied.
#[derive(Debug)]
pub struct FrameJob {
    pub frame: Frame,
    pub key: FrameKey,
    /// Completed when the frame's results are acknowledged or the frame is dropped.
    pub ticket: Ticket,
    /// The record as received, for the dead letters.
    pub record: Record,
    pub received_at: Instant,
    /// The frame's trace span through this stage.
    pub span: Span,
}

impl FrameJob {
    /// Whether old frames may be dropped for new ones. Frames of files may not be dropped.
    pub fn is_live(&self) -> bool {
        self.kind() == FeedKind::Live
    }

    pub fn kind(&self) -> FeedKind {
        FeedKind::of(self.frame.delivery())
    }

    pub fn feed(&self) -> Feed {
        Feed { camera: self.key.camera.clone(), kind: self.kind() }
    }

    /// Session and sequence.
    pub fn position(&self) -> (u64, u64) {
        (self.key.session, self.key.sequence)
    }

    /// The video codec. `None` for a JPEG, which does not depend on other frames.
    pub fn codec(&self) -> Option<Codec> {
        match self.frame.encoding() {
            Encoding::H264 => Some(Codec::H264),
            Encoding::H265 => Some(Codec::H265),
            Encoding::Jpeg | Encoding::Unspecified => None,
        }
    }

    /// Whether a decoder can start at this frame.
    pub fn is_key_frame(&self) -> bool {
        self.codec().is_none() || self.frame.key_frame
    }

    /// Whether no later picture depends on this one, so that it need not be decoded.
    pub fn is_unreferenced(&self) -> bool {
        self.codec().is_none_or(|codec| codec.is_unreferenced(&self.frame.payload))
    }

    /// Whether the frame has no picture and only marks the end of a file.
    pub fn is_end_marker(&self) -> bool {
        self.frame.end_of_stream && self.frame.payload.is_empty()
    }

    /// Whether ingest received the frame longer than `age` ago. If the clock of the ingest machine is ahead of ours, the frame
    /// counts as new.
    pub fn is_older_than(&self, age: Duration) -> bool {
        let micros = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        clock::now_us().saturating_sub(self.frame.ingested_at_us) > micros
    }
}

/// A decoded frame whose picture is not converted to the model's input yet: most pictures of a live H.264 or H.265 stream never
/// are.
#[derive(Debug)]
pub struct RawFrame {
    pub job: FrameJob,
    pub picture: RawPicture,
    /// Time between the frame's arrival and the start of decoding.
    pub queued: Duration,
    /// Time spent decoding.
    pub decode: Duration,
    pub decoded_at: Instant,
}

/// A frame that waits for the model.
#[derive(Debug)]
pub struct ReadyFrame {
    pub job: FrameJob,
    /// `None` for an end marker.
    pub picture: Option<ReadyPicture>,
}

/// A decoded picture and the model input made from it.
#[derive(Debug)]
pub struct ReadyPicture {
    /// Kept for the snapshot of an alert.
    pub decoded: Picture,
    /// Its tensor is freed when the model has run.
    pub prepared: PreparedPicture,
    /// Time that the frame waited until here.
    pub queued: Duration,
    /// Time spent decoding.
    pub decode: Duration,
    /// Time spent scaling and normalising.
    pub preprocess: Duration,
    pub ready_at: Instant,
}

impl ReadyFrame {
    /// Frees the model's input, which is as large as the picture, when the model has run.
    pub fn free_input(&mut self) {
        if let Some(picture) = &mut self.picture {
            picture.prepared.tensor = TensorData::U8(Vec::new());
        }
    }
}

/// A frame that the model took.
#[derive(Debug)]
pub struct TakenFrame {
    pub ready: ReadyFrame,
    /// The lane that the frame came from. It gives no more frames than can be analysed:
    /// [`FrameScheduler::analysed`](crate::scheduler::FrameScheduler::analysed).
    pub lane_id: u64,
}

/// A frame that went through the model.
#[derive(Debug)]
pub struct InferredFrame {
    pub ready: ReadyFrame,
    /// See [`TakenFrame`].
    pub lane_id: u64,
    /// `None` for an end marker.
    pub output: Option<ModelOutput>,
    /// How long the frame waited for the model after it was decoded.
    pub waited: Duration,
    /// How long the model ran on the frame's batch.
    pub inference: Duration,
}
