//! H.264 and H.265 access units to pictures, for one camera.
//!
//! The elements are driven by hand: a unit is pushed into the parser's pad and has passed the decoder when the call
//! returns. There is no thread and no queue for a camera, so nothing can be waited for and nothing can pile up; a worker
//! with a hundred cameras has a hundred decoders and only its own threads.

mod chain;

use bytes::Bytes;
use vru_vision::image::Image;

use crate::launch::LaunchError;
use crate::{Codec, InitError};
use chain::Chain;

/// One decoded picture.
#[derive(Debug)]
pub struct DecodedPicture {
    /// The id that came with its access unit.
    pub id: u64,
    /// RGB, at the size the camera sent.
    pub image: Image,
}

/// Why a unit gave no picture. After every error but the first two the decoder starts anew at the next key frame.
#[derive(Debug, thiserror::Error)]
pub enum VideoDecodeError {
    /// GStreamer does not start here.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The decoder's elements are not on this host.
    #[error("build a decoder for {codec:?}")]
    Build {
        /// Of which codec.
        codec: Codec,
        /// What is missing.
        #[source]
        source: LaunchError,
    },
    /// The elements did not start.
    #[error("start a decoder for {codec:?}")]
    Start {
        /// Of which codec.
        codec: Codec,
    },
    /// Nothing can be decoded before the first key frame; this unit was skipped.
    #[error("waiting for a key frame")]
    AwaitingKeyFrame,
    /// The decoder refused the unit.
    #[error("decode access unit {id} of {bytes} bytes: {problem}")]
    Unit {
        /// The id that came with it.
        id: u64,
        /// Its size.
        bytes: usize,
        /// What GStreamer says.
        problem: String,
    },
}

/// Decoder of one camera's stream. See the module for how it works.
#[derive(Debug)]
pub struct VideoDecoder {
    codec: Codec,
    threads: u32,
    /// None before the first key frame, and again after an error.
    chain: Option<Chain>,
}

impl VideoDecoder {
    /// A decoder that waits for its first key frame. `threads` above 1 decode faster and answer that many pictures later.
    pub fn new(codec: Codec, threads: u32) -> Result<Self, VideoDecodeError> {
        crate::init()?;
        Ok(Self { codec, threads: threads.max(1), chain: None })
    }

    /// Which codec it decodes.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Decodes one access unit in byte-stream format, in stream order. Returns the pictures that became ready, in display
    /// order: usually this unit's own, none or several where the camera reorders pictures.
    pub fn push(&mut self, unit: Bytes, id: u64, key_frame: bool) -> Result<Vec<DecodedPicture>, VideoDecodeError> {
        let bytes = unit.len();
        let chain = match &mut self.chain {
            Some(chain) => chain,
            None if key_frame => self.chain.insert(Chain::start(self.codec, self.threads)?),
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

    /// Returns the pictures still inside, and waits for a key frame again: a stream ended, or its sequence broke.
    pub fn flush(&mut self) -> Vec<DecodedPicture> {
        self.chain.take().map(|mut chain| chain.drain()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
