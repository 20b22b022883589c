//! What can go wrong in inference.

use std::path::PathBuf;

use vru_media::InitError;
use vru_media::decoder::VideoDecodeError;
use vru_media::jpeg::{JpegError, Size};
use vru_proto::FrameKey;
use vru_vision::layout::{LayoutDecodeError, LayoutError};
use vru_vision::letterbox::LetterboxError;
use vru_vision::model_card::CardError;

use crate::backend::{BackendError, TensorPort, describe};

/// A model that cannot be used, or a run of it that failed. Only [`EngineError::Backend`] with a failed run may pass by
/// itself.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody said which model.
    #[error("no model is named: set model.path or the environment variable MODEL_PATH")]
    NoModel,
    /// The model's file cannot be read.
    #[error("cannot read the model {}", path.display())]
    ReadModel {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The model card cannot be read.
    #[error("cannot read the model card {}", path.display())]
    ReadCard {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The model card is wrong.
    #[error("the model card {} cannot be used", path.display())]
    Card {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        #[source]
        source: CardError,
    },
    /// What computes the model failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The input is no picture.
    #[error("the model's input does not take pictures ({problem}): {input}; outputs: {}", describe(outputs))]
    Input {
        /// What is wrong with it.
        problem: String,
        /// The input.
        input: Box<TensorPort>,
        /// The outputs, so that the reader recognises the model.
        outputs: Vec<TensorPort>,
    },
    /// The outputs fit no layout.
    #[error("the model's outputs cannot be read (input {input})")]
    Layout {
        /// The model's input.
        input: Box<TensorPort>,
        /// Shapes, and what was tried.
        #[source]
        source: LayoutError,
    },
    /// None of the model's labels is a road user.
    #[error("none of the model's {count} labels is a road user; a model card can name them")]
    Labels {
        /// How many labels there are.
        count: usize,
    },
    /// A picture could not be brought into the model's input.
    #[error("cannot prepare a picture for the model")]
    Prepare(#[source] LetterboxError),
    /// The outputs of a run are not what the model promised.
    #[error("cannot read the outputs of a run")]
    Outputs(#[source] LayoutDecodeError),
}

/// A frame that gave no picture. Trying again with the same frame cannot help.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// GStreamer or libjpeg-turbo does not start: nothing can be decoded on this host.
    #[error("cannot start a decoder")]
    Start(#[source] InitError),
    /// The JPEG is broken.
    #[error("frame {frame}: cannot decode the JPEG")]
    Jpeg {
        /// Which frame.
        frame: Box<FrameKey>,
        /// Why.
        #[source]
        source: JpegError,
    },
    /// The JPEG is of another size than its record says.
    #[error("frame {frame}: the record says {}×{} pixels, the JPEG {}×{}", said.width, said.height, found.width, found.height)]
    Size {
        /// Which frame.
        frame: Box<FrameKey>,
        /// In the record.
        said: Size,
        /// In the JPEG.
        found: Size,
    },
    /// The H.264 or H.265 access unit is broken, or nothing can be decoded before the next key frame.
    #[error("frame {frame}: cannot decode the access unit")]
    Video {
        /// Which frame.
        frame: Box<FrameKey>,
        /// Why.
        #[source]
        source: VideoDecodeError,
    },
}

impl DecodeError {
    /// Whether nothing of that kind can be decoded on this host: the fault is not the frame's.
    pub fn is_hosts_fault(&self) -> bool {
        matches!(
            self,
            Self::Start(_)
                | Self::Video { source: VideoDecodeError::Build { .. } | VideoDecodeError::Start { .. }, .. }
        )
    }

    /// A short bounded word for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Video { source: VideoDecodeError::AwaitingKeyFrame, .. } => crate::metrics::AWAITING_KEY_FRAME,
            _ => crate::metrics::UNDECODABLE,
        }
    }
}
