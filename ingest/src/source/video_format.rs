//! How cameras send video in RTP.

use vru_media::{Codec, FirstSlice};
use vru_proto::v1::Encoding;

use super::recovery_point;
use super::samples::encoding_of;

/// A video format that we receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VideoFormat {
    Coded(Codec),
    /// Each picture is a JPEG (RFC 2435).
    Jpeg,
}

/// The name and the static payload type of JPEG in RTP.
const JPEG: &str = "JPEG";
pub(super) const JPEG_PAYLOAD_TYPE: u8 = 26;

impl VideoFormat {
    /// Looks up an `encoding-name`, ignoring case.
    pub(super) fn from_rtp_name(name: &str) -> Option<Self> {
        let jpeg = || name.eq_ignore_ascii_case(JPEG).then_some(Self::Jpeg);
        Codec::from_rtp_name(name).map(Self::Coded).or_else(jpeg)
    }

    /// The `encoding-name` in RTP caps and SDP.
    pub(super) fn rtp_name(self) -> &'static str {
        match self {
            Self::Coded(codec) => codec.rtp_name(),
            Self::Jpeg => JPEG,
        }
    }

    /// The launch line from RTP packets to whole pictures. It uses the packetised formats: from byte-stream, GStreamer 1.22's parsers
    /// split off parameter sets as access units of their own, without a time.
    pub(super) fn depayload_launch(self) -> &'static str {
        match self {
            Self::Coded(Codec::H264) => {
                "rtph264depay ! capsfilter caps=\"video/x-h264,stream-format=avc,alignment=au\""
            }
            Self::Coded(Codec::H265) => {
                "rtph265depay ! capsfilter caps=\"video/x-h265,stream-format=hvc1,alignment=au\""
            }
            // It accepts packets as it accepts anything. `jpeg_depayloader` replaces them by pictures in front of it.
            Self::Jpeg => "capssetter name=jpeg replace=true join=false caps=image/jpeg",
        }
    }

    /// The first slice of a picture behind the depayloader.
    pub(super) fn first_slice(self, unit: &[u8]) -> Option<FirstSlice> {
        match self {
            Self::Coded(codec) => codec.first_slice(unit),
            // Our depayloader gives whole pictures only.
            Self::Jpeg => Some(FirstSlice { key_frame: true, starts_picture: true }),
        }
    }

    /// See [`recovery_point::recovery_frames`].
    pub(super) fn recovery_frames(self, unit: &[u8]) -> Option<u32> {
        match self {
            Self::Coded(codec) => recovery_point::recovery_frames(codec, unit),
            Self::Jpeg => None,
        }
    }

    /// Whether a decoder can start with this picture, in byte-stream format.
    pub(super) fn is_key_unit(self, unit: &[u8]) -> bool {
        match self {
            Self::Coded(codec) => codec.is_key_unit(unit),
            Self::Jpeg => true,
        }
    }

    pub(super) fn encoding(self) -> Encoding {
        match self {
            Self::Coded(codec) => encoding_of(codec),
            Self::Jpeg => Encoding::Jpeg,
        }
    }
}
