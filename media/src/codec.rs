//! Video codecs, and what can be read from an access unit without decoding it.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// A video codec that cameras send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    H264,
    H265,
}

/// Properties of the first slice of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSlice {
    pub key_frame: bool,
    /// The slice contains the top left corner of the picture, so no slice is missing before it.
    pub starts_picture: bool,
}

impl Codec {
    /// GStreamer's media type for the elementary stream.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::H264 => "video/x-h264",
            Self::H265 => "video/x-h265",
        }
    }

    /// The `encoding-name` in RTP caps and SDP.
    pub fn rtp_name(self) -> &'static str {
        match self {
            Self::H264 => "H264",
            Self::H265 => "H265",
        }
    }

    /// Looks up an `encoding-name`, ignoring case.
    pub fn from_rtp_name(name: &str) -> Option<Self> {
        [Self::H264, Self::H265].into_iter().find(|codec| codec.rtp_name().eq_ignore_ascii_case(name))
    }

    /// Whether an access unit in byte-stream format contains a key frame, so that a decoder can start here.
    ///
    /// Only NAL unit types are read; parameter sets are not checked.
    pub fn is_key_unit(self, unit: &[u8]) -> bool {
        nal_headers(unit).any(|header| self.is_key_header(header))
    }

    /// Whether an access unit in byte-stream format begins a coded sequence, so that a decoder that has decoded other pictures before
    /// needs no restart. A key frame of H.265 does not always: pictures after a CRA picture may depend on pictures before it.
    pub fn resets_decoder(self, unit: &[u8]) -> bool {
        match self {
            Self::H264 => self.is_key_unit(unit),
            // BLA and IDR.
            Self::H265 => nal_headers(unit).any(|header| (16..=20).contains(&((header >> 1) & 0x3f))),
        }
    }

    /// Whether no other picture depends on the picture in this access unit in byte-stream format. Always false for H.265, where it
    /// depends on the number of temporal layers.
    pub fn is_unreferenced(self, unit: &[u8]) -> bool {
        let mut slices = nal_headers(unit).filter(|header| (1..=5).contains(&(header & 0x1f))).peekable();
        self == Self::H264 && slices.peek().is_some() && slices.all(|header| header & 0x60 == 0)
    }

    /// The first slice of an access unit in packetised format (AVC, HVC1: each NAL unit follows its length in four bytes). `None`
    /// if the unit contains no slice.
    pub fn first_slice(self, mut unit: &[u8]) -> Option<FirstSlice> {
        while let Some((length, rest)) = unit.split_first_chunk::<4>() {
            let (nal_unit, others) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).unwrap_or((rest, &[]));
            if let Some(slice) = self.slice(nal_unit) {
                return Some(slice);
            }
            unit = others;
        }
        None
    }

    fn slice(self, nal_unit: &[u8]) -> Option<FirstSlice> {
        let header = *nal_unit.first()?;
        let (is_slice, header_bytes) = match self {
            Self::H264 => ((1..=5).contains(&(header & 0x1f)), 1),
            Self::H265 => ((header >> 1) & 0x3f < 32, 2),
        };
        // The first bit in both: `first_mb_in_slice` is 0 in exp-Golomb code, or `first_slice_segment_in_pic_flag` is set.
        let starts_picture = nal_unit.get(header_bytes).is_some_and(|byte| byte & 0x80 != 0);
        is_slice.then(|| FirstSlice { key_frame: self.is_key_header(header), starts_picture })
    }

    pub(crate) fn is_key_header(self, header: u8) -> bool {
        match self {
            Self::H264 => header & 0x1f == 5,
            // IRAP pictures: BLA, IDR and CRA.
            Self::H265 => (16..=23).contains(&((header >> 1) & 0x3f)),
        }
    }
}

/// Where the start codes are: three bytes each.
pub(crate) fn start_codes(unit: &[u8]) -> impl Iterator<Item = usize> + '_ {
    static START_CODE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(&[0, 0, 1]));
    START_CODE.find_iter(unit)
}

/// The first byte after each start code.
fn nal_headers(unit: &[u8]) -> impl Iterator<Item = u8> + '_ {
    start_codes(unit).filter_map(|at| unit.get(at + 3).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_found_by_nal_unit_type() {
        assert!(Codec::H264.is_key_unit(&[0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x65, 9]));
        assert!(!Codec::H264.is_key_unit(&[0, 0, 0, 1, 0x41, 9]));
        assert!(Codec::H265.is_key_unit(&[0, 0, 1, 19 << 1, 1]));
        assert!(!Codec::H265.is_key_unit(&[0, 0, 1, 1 << 1, 1]));
        assert!(!Codec::H264.is_key_unit(&[0, 0, 1]));
    }

    #[test]
    fn pictures_that_reset_a_decoder_and_pictures_that_none_depends_on_are_found() {
        assert!(Codec::H264.resets_decoder(&[0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 9]));
        assert!(!Codec::H264.resets_decoder(&[0, 0, 1, 0x41, 9]));
        assert!(Codec::H265.resets_decoder(&[0, 0, 1, 19 << 1, 1]));
        assert!(!Codec::H265.resets_decoder(&[0, 0, 1, 21 << 1, 1]), "pictures after a CRA may depend on earlier ones");
        assert!(Codec::H264.is_unreferenced(&[0, 0, 1, 0x06, 1, 0, 0, 1, 0x01, 9, 0, 0, 1, 0x01, 9]));
        assert!(!Codec::H264.is_unreferenced(&[0, 0, 1, 0x01, 9, 0, 0, 1, 0x41, 9]), "its second field is referenced");
        assert!(!Codec::H264.is_unreferenced(&[0, 0, 1, 0x65, 9]));
        assert!(!Codec::H264.is_unreferenced(&[0, 0, 1, 0x09, 9]), "no slice");
        assert!(!Codec::H265.is_unreferenced(&[0, 0, 1, 0, 1]));
    }

    #[test]
    fn the_first_slice_after_other_nal_units_is_found() {
        let slice = |key_frame, starts_picture| Some(FirstSlice { key_frame, starts_picture });
        let h264 = |unit: &[u8]| Codec::H264.first_slice(unit);
        assert_eq!(h264(&[0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x65, 0x88]), slice(true, true));
        assert_eq!(h264(&[0, 0, 0, 2, 0x65, 0x08, 0, 0, 0, 2, 0x65, 0x88]), slice(true, false));
        assert_eq!(h264(&[0, 0, 0, 2, 0x41, 0x9a]), slice(false, true));
        assert_eq!(h264(&[0, 0, 0, 2, 0x67, 1]), None);
        assert_eq!(h264(&[0xff, 0xff, 0xff, 0xff, 0x41]), slice(false, false));
        assert_eq!(h264(&[0, 0, 0]), None);
        let h265 = |unit: &[u8]| Codec::H265.first_slice(unit);
        assert_eq!(h265(&[0, 0, 0, 2, 32 << 1, 1, 0, 0, 0, 3, 19 << 1, 1, 0xa0]), slice(true, true));
        assert_eq!(h265(&[0, 0, 0, 3, 1 << 1, 1, 0x20]), slice(false, false));
    }
}
