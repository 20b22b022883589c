/// Video codecs that cameras send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// H.264, AVC.
    H264,
    /// H.265, HEVC.
    H265,
}

impl Codec {
    /// Caps of its elementary stream in GStreamer.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::H264 => "video/x-h264",
            Self::H265 => "video/x-h265",
        }
    }

    /// `encoding-name` in RTP caps and SDP.
    pub fn rtp_name(self) -> &'static str {
        match self {
            Self::H264 => "H264",
            Self::H265 => "H265",
        }
    }

    /// By `encoding-name`, in any case.
    pub fn from_rtp_name(name: &str) -> Option<Self> {
        [Self::H264, Self::H265].into_iter().find(|codec| codec.rtp_name().eq_ignore_ascii_case(name))
    }

    /// Whether an access unit in byte-stream format holds the start of a key frame: a decoder can begin here.
    ///
    /// Looks at NAL unit types only; parameter sets are not checked.
    pub fn is_key_unit(self, unit: &[u8]) -> bool {
        nal_headers(unit).any(|header| self.is_key_header(header))
    }

    /// As [`Codec::is_key_unit`], of a unit in packetised format (AVC, HVC1), each of whose parts stands behind the four bytes
    /// of its length.
    pub fn is_key_packet(self, mut unit: &[u8]) -> bool {
        while let Some((length, rest)) = unit.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if rest.first().is_some_and(|header| self.is_key_header(*header)) {
                return true;
            }
            unit = rest.get(length..).unwrap_or_default();
        }
        false
    }

    fn is_key_header(self, header: u8) -> bool {
        match self {
            Self::H264 => header & 0x1f == 5,
            // IRAP pictures: BLA, IDR and CRA.
            Self::H265 => (16..=23).contains(&((header >> 1) & 0x3f)),
        }
    }
}

/// First byte of each NAL unit behind a start code.
fn nal_headers(unit: &[u8]) -> impl Iterator<Item = u8> + '_ {
    unit.windows(4).filter(|window| window[..3] == [0, 0, 1]).map(|window| window[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn find_key_units() {
        assert!(Codec::H264.is_key_unit(&[0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 9]));
        assert!(!Codec::H264.is_key_unit(&[0, 0, 0, 1, 0x41, 9]));
        assert!(Codec::H265.is_key_unit(&[0, 0, 1, 19 << 1, 1]));
        assert!(!Codec::H265.is_key_unit(&[0, 0, 1, 1 << 1, 1]));
        assert!(!Codec::H264.is_key_unit(&[0, 0, 1]));
    }

    #[test]
    fn find_key_units_behind_lengths() {
        assert!(Codec::H264.is_key_packet(&[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 1, 0x65]));
        assert!(!Codec::H264.is_key_packet(&[0, 0, 0, 2, 0x41, 5]));
        assert!(Codec::H265.is_key_packet(&[0, 0, 0, 2, 19 << 1, 1]));
        assert!(!Codec::H264.is_key_packet(&[0xff, 0xff, 0xff, 0xff, 0x41, 5]));
        assert!(!Codec::H264.is_key_packet(&[0, 0, 0]));
    }
}
