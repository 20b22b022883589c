//! Decodes the H.264 and H.265 access units of one camera.
//!
//! The GStreamer elements run synchronously: the caller pushes a unit into the parser's pad, and the decoder has processed it when
//! the call returns. A decoder has no thread and no queue, so nothing can block or accumulate: a worker with a hundred cameras
//! has a hundred decoders and only its own threads.

mod chain;
mod memory;
mod picture;

use bytes::Bytes;

use crate::launch::LaunchError;
use crate::shown::ContainerColours;
use crate::{Codec, InitError};
use chain::Chain;
pub use picture::{ConvertError, RgbConverter, VideoPicture};

#[derive(Debug)]
pub struct DecodedPicture {
    /// The id that was pushed with its access unit.
    pub id: u64,
    pub picture: VideoPicture,
}

/// How long a decoder waits for pictures that may have to be shown earlier, if the stream does not state how far it reorders its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reordering {
    /// As far as the stream's level allows: no picture is lost, but each comes up to 16 pictures later.
    AsAllowed,
    /// As far as the stream has reordered so far: each picture comes at once. Where reordering begins, a picture may be lost.
    AsSeen,
}

/// Why an access unit gave no picture. After [`VideoDecodeError::Unit`] the decoder restarts at the next key frame.
#[derive(Debug, thiserror::Error)]
pub enum VideoDecodeError {
    #[error(transparent)]
    Init(#[from] InitError),
    /// GStreamer elements are missing on this host.
    #[error("cannot build a decoder for {codec:?}")]
    Build {
        codec: Codec,
        #[source]
        source: LaunchError,
    },
    #[error("cannot start a decoder for {codec:?}")]
    Start { codec: Codec },
    /// The unit was skipped: decoding starts at a key frame.
    #[error("waiting for a key frame")]
    AwaitingKeyFrame,
    #[error("cannot decode access unit {id} of {bytes} bytes: {problem}")]
    Unit { id: u64, bytes: usize, problem: String },
    #[error(transparent)]
    Convert(#[from] ConvertError),
}

/// The decoder of one camera's stream; see the module documentation.
#[derive(Debug)]
pub struct VideoDecoder {
    codec: Codec,
    reordering: Reordering,
    colours: ContainerColours,
    /// `None` while waiting for a key frame: at the start, after a flush, and after an error.
    chain: Option<Chain>,
}

impl VideoDecoder {
    /// Creates a decoder that waits for a key frame.
    pub fn new(codec: Codec, reordering: Reordering) -> Result<Self, VideoDecodeError> {
        crate::init()?;
        Ok(Self { codec, reordering, colours: ContainerColours::default(), chain: None })
    }

    /// The container of the stream states these colours.
    #[must_use]
    pub fn with_colours(self, colours: ContainerColours) -> Self {
        Self { colours, ..self }
    }

    pub fn colours(&self) -> ContainerColours {
        self.colours
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes one access unit in byte-stream format. The units must be in stream order. Returns the pictures that are now
    /// available, in display order: usually the one of this unit, none or several if the camera reorders pictures.
    pub fn push(&mut self, unit: Bytes, id: u64, key_frame: bool) -> Result<Vec<DecodedPicture>, VideoDecodeError> {
        let bytes = unit.len();
        let chain = match &mut self.chain {
            Some(chain) => chain,
            None if key_frame => self.chain.insert(Chain::start(self.codec, self.reordering, self.colours)?),
            None => return Err(VideoDecodeError::AwaitingKeyFrame),
        };
        match chain.push(unit, id) {
            Ok(pictures) => Ok(pictures),
            Err(problem) => {
                self.chain = None;
                Err(VideoDecodeError::Unit { id, bytes, problem })
            }
        }
    }

    /// Returns the pictures that are still in the decoder, and then waits for a key frame. For the end of a stream, or a gap in it.
    pub fn flush(&mut self) -> Vec<DecodedPicture> {
        self.chain.take().map(|mut chain| chain.drain()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
