//! Errors of inference: of the model, and of a frame.

use std::path::PathBuf;

use vru_media::InitError;
use vru_media::decoder::VideoDecodeError;
use vru_media::jpeg::{JpegError, Size};
use vru_proto::FrameKey;
use vru_vision::layout::{LayoutDecodeError, LayoutError};
use vru_vision::letterbox::LetterboxError;
use vru_vision::model_card::CardError;

use crate::backend::{BackendError, TensorPort, describe};
use crate::config::NoModel;

/// The model cannot be used, or a run of it failed. Only [`BackendError::Run`] may be temporary.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    NoModel(#[from] NoModel),
    #[error("cannot read the model {}", path.display())]
    ReadModel {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot read the model card {}", path.display())]
    ReadCard {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the model card {} cannot be used", path.display())]
    Card {
        path: PathBuf,
        /// Lists every problem of the card.
        #[source]
        source: CardError,
    },
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The outputs match no known layout.
    #[error("the model's outputs match no known layout (input {input})")]
    Layout {
        input: Box<TensorPort>,
        /// The shapes, and the layouts that were tried.
        #[source]
        source: LayoutError,
    },
    #[error("none of the model's {count} labels is a road user: name the labels in a model card")]
    Labels { count: usize },
    /// Neither card nor metadata name the classes, and their number is not that of a known data set.
    #[error(
        "nothing names the model's classes ({}): a model card has to list them in labels, in the order of the outputs {}",
        classes.map_or_else(|| "their number is unknown".to_owned(), |classes| format!("there are {classes}")), describe(outputs)
    )]
    NoLabels { classes: Option<usize>, outputs: Vec<TensorPort> },
    #[error("cannot decode the picture of the start-up check")]
    StreetPicture(#[source] JpegError),
    /// A picture could not be converted to the model's input.
    #[error("cannot prepare a picture for the model")]
    Prepare(#[source] LetterboxError),
    /// The outputs of a run do not have the shapes that the model declares.
    #[error("cannot decode the outputs of a run")]
    Outputs(#[source] LayoutDecodeError),
}

/// A frame could not be decoded. A retry with the same frame cannot succeed on this host.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// GStreamer does not start, so this host can decode no video.
    #[error("cannot start a decoder")]
    Start(#[source] InitError),
    #[error("frame {frame}: cannot decode the JPEG")]
    Jpeg {
        frame: Box<FrameKey>,
        #[source]
        source: JpegError,
    },
    /// The JPEG has another size than its record states.
    #[error("frame {frame}: the record says {}×{} pixels, the JPEG {}×{}", stated.width, stated.height, found.width, found.height)]
    Size { frame: Box<FrameKey>, stated: Size, found: Size },
    /// The H.264 or H.265 access unit is invalid, or cannot be decoded before the next key frame.
    #[error("frame {frame}: cannot decode the access unit")]
    Video {
        frame: Box<FrameKey>,
        #[source]
        source: VideoDecodeError,
    },
}

impl DecodeError {
    /// Whether the cause is this host, which cannot decode any frame of this kind.
    pub fn is_host_fault(&self) -> bool {
        matches!(
            self,
            Self::Start(_)
                | Self::Jpeg { source: JpegError::Start(_), .. }
                | Self::Video { source: VideoDecodeError::Build { .. } | VideoDecodeError::Start { .. }, .. }
        )
    }

    /// The value of the label `reason` of `infer_dropped_frames_total`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Video { source: VideoDecodeError::AwaitingKeyFrame, .. } => crate::metrics::AWAITING_KEY_FRAME,
            _ => crate::metrics::UNDECODABLE,
        }
    }
}
