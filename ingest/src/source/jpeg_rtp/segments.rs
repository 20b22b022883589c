//! The segments of a JPEG's header, as some cameras send it in an extension of their packets.

use super::Refused;

/// The segments of a JPEG's own header.
#[derive(Debug, Default)]
pub(super) struct Segments<'a> {
    pub(super) bytes: &'a [u8],
    /// Width, height and the ids of the components.
    pub(super) frame: Option<(u16, u16, Vec<u8>)>,
    pub(super) has_tables: bool,
    pub(super) has_huffman: bool,
    pub(super) has_interval: bool,
}

impl<'a> Segments<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut segments = Self::default();
        let mut rest = bytes;
        let wrong = Refused::Malformed("its header extension is no JPEG header");
        loop {
            // Bytes that fill a word may be anywhere in front of a marker.
            while let [0xff, 0xff, ..] | [0xff] = rest {
                rest = &rest[1..];
            }
            let [0xff, marker, high, low, ..] = *rest else { break };
            let length = 2 + usize::from(u16::from_be_bytes([high, low]));
            let (content, after) = rest.split_at_checked(length).filter(|_| length >= 4).ok_or(wrong)?;
            let content = &content[4..];
            match marker {
                // Progressive and other frames have several scans, or none that we can decode.
                0xc0 | 0xc1 => segments.frame = Some(frame(content).ok_or(wrong)?),
                0xdb => segments.has_tables = true,
                0xc4 => segments.has_huffman = true,
                0xdd => segments.has_interval = true,
                0xe0..=0xef | 0xfe => {}
                _ => return Err(wrong),
            }
            rest = after;
        }
        if !rest.is_empty() {
            return Err(wrong);
        }
        segments.bytes = bytes.strip_suffix(rest).unwrap_or(bytes);
        Ok(segments)
    }
}

fn frame(content: &[u8]) -> Option<(u16, u16, Vec<u8>)> {
    let [8, height_high, height_low, width_high, width_low, count, components @ ..] = content else { return None };
    let (width, height) =
        (u16::from_be_bytes([*width_high, *width_low]), u16::from_be_bytes([*height_high, *height_low]));
    let ids: Vec<u8> = components.chunks_exact(3).map(|component| component[0]).collect();
    let fits = matches!(count, 1 | 3) && components.len() == usize::from(*count) * 3 && width > 0 && height > 0;
    fits.then_some((width, height, ids))
}

pub(super) fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() + 2) as u16;
    [&[0xff, marker][..], &length.to_be_bytes(), content].concat()
}
