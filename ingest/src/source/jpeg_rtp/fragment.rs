//! A packet of a JPEG in RTP: its headers, and the part of the picture that it carries.

use super::Refused;
use super::segments::segment;

/// Marker of the header extension in which ONVIF devices send the JPEG's own header, and of their other one, which may come before it.
const ONVIF_JPEG: u16 = 0xffd8;
const ONVIF_REPLAY: u16 = 0xabac;
/// Content of the other one.
const REPLAY_BYTES: usize = 12;

/// What is the same in all packets of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MainHeader {
    pub(super) specific: u8,
    pub(super) kind: u8,
    pub(super) quality: u8,
    pub(super) width: u8,
    pub(super) height: u8,
    pub(super) restart_interval: u16,
}

pub(super) struct Fragment<'a> {
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    /// Segments of the JPEG's own header.
    pub(super) segments: &'a [u8],
    pub(super) offset: usize,
    pub(super) main: MainHeader,
    pub(super) rest: &'a [u8],
}

impl MainHeader {
    /// The frame that the type of the packets stands for. `chroma` is the number of the chrominance's table.
    pub(super) fn frame_segment(self, width: u16, height: u16, chroma: u8) -> Result<Vec<u8>, Refused> {
        let sampling = match self.kind {
            0 | 64 => 0x21,
            1 | 65 => 0x22,
            _ => return Err(Refused::Malformed("its type is not known")),
        };
        let ([h1, h0], [w1, w0]) = (height.to_be_bytes(), width.to_be_bytes());
        Ok(segment(0xc0, &[8, h1, h0, w1, w0, 3, 1, sampling, 0, 2, 0x11, chroma, 3, 0x11, chroma]))
    }
}

impl<'a> Fragment<'a> {
    pub(super) fn parse(packet: &'a [u8]) -> Option<Self> {
        let (fixed, mut rest) = packet.split_first_chunk::<12>()?;
        rest = rest.get(usize::from(fixed[0] & 0x0f) * 4..)?;
        let mut segments: &[u8] = &[];
        if fixed[0] & 0x10 != 0 {
            let (profile, content, after) = extension(rest)?;
            segments = match profile {
                ONVIF_JPEG => content,
                ONVIF_REPLAY => match content.get(REPLAY_BYTES..).and_then(extension) {
                    Some((ONVIF_JPEG, content, _)) => content,
                    _ => &[],
                },
                _ => &[],
            };
            rest = after;
        }
        if fixed[0] & 0x20 != 0 {
            rest = rest.get(..rest.len().checked_sub(usize::from(*rest.last()?))?)?;
        }
        let ([specific, o2, o1, o0, kind, quality, width, height], mut rest) = rest.split_first_chunk::<8>()?;
        let mut restart_interval = 0;
        if (64..128).contains(kind) {
            let ([high, low, _, _], after) = rest.split_first_chunk::<4>()?;
            restart_interval = u16::from_be_bytes([*high, *low]);
            rest = after;
        }
        let main = MainHeader {
            specific: *specific,
            kind: *kind,
            quality: *quality,
            width: *width,
            height: *height,
            restart_interval,
        };
        let timestamp = u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let offset = usize::from(*o2) << 16 | usize::from(*o1) << 8 | usize::from(*o0);
        Some(Self { timestamp, marker: fixed[1] & 0x80 != 0, segments, offset, main, rest })
    }
}

/// Profile and content of a header extension, and what follows it.
fn extension(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let ([p1, p0, l1, l0], rest) = bytes.split_first_chunk::<4>()?;
    let (content, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l1, *l0])) * 4)?;
    Some((u16::from_be_bytes([*p1, *p0]), content, after))
}
