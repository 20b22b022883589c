//! The SEI messages of an access unit: what an encoder says about its pictures beside the parameter sets.

use std::borrow::Cow;

use gstreamer as gst;
use vru_vision::orientation::Orientation;

use crate::Codec;
use crate::codec::start_codes;

/// The payload type of a display orientation, in both codecs.
const DISPLAY_ORIENTATION: u32 = 47;
/// Bytes of a start code.
const START_CODE: usize = 3;
/// SEI units that are read are shorter; others hold data of the camera's maker.
const MAX_BYTES: usize = 4_096;
/// A quarter turn, of 2^16 for a full one.
const QUARTER: u16 = 1 << 14;

/// How the NAL units of an access unit are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Each follows a start code (byte-stream).
    StartCodes,
    /// Each follows its length in this number of bytes, 1 to 4 (AVC, HVC1).
    Lengths(usize),
}

impl Framing {
    /// Of a stream with these caps.
    pub fn of(caps: &gst::CapsRef) -> Option<Self> {
        let fields = caps.structure(0)?;
        if fields.get::<&str>("stream-format").ok()? == "byte-stream" {
            return Some(Self::StartCodes);
        }
        let header = fields.get::<gst::Buffer>("codec_data").ok()?;
        // `lengthSizeMinusOne` in the configuration records of AVC and HEVC.
        let at = if fields.name() == Codec::H264.media_type() { 4 } else { 21 };
        let mut byte = [0];
        header.copy_to_slice(at, &mut byte).ok()?;
        Some(Self::Lengths(usize::from(byte[0] & 3) + 1))
    }

    /// The first NAL unit and what follows it.
    fn split(self, unit: &[u8]) -> Option<(&[u8], &[u8])> {
        match self {
            Self::StartCodes => {
                let start = start_codes(unit).next()? + START_CODE;
                let rest = unit.get(start..)?;
                let end = start_codes(rest).next().unwrap_or(rest.len());
                Some(rest.split_at(end))
            }
            Self::Lengths(bytes) => {
                let (length, rest) = unit.split_at_checked(bytes).filter(|(length, _)| !length.is_empty())?;
                let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
                Some(rest.split_at_checked(length).unwrap_or((rest, &[])))
            }
        }
    }
}

/// A NAL unit of an access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NalUnit<'a> {
    Slice {
        key_frame: bool,
    },
    /// Its messages, for [`messages`].
    Sei(&'a [u8]),
    Other,
}

/// The NAL units of an access unit.
pub fn nal_units(codec: Codec, framing: Framing, mut unit: &[u8]) -> impl Iterator<Item = NalUnit<'_>> + '_ {
    std::iter::from_fn(move || {
        let (nal_unit, others) = framing.split(unit)?;
        unit = others;
        let header = nal_unit.first().copied().unwrap_or_default();
        let (is_sei, is_slice, header_bytes) = match codec {
            Codec::H264 => (header & 0x1f == 6, (1..=5).contains(&(header & 0x1f)), 1),
            Codec::H265 => ((header >> 1) & 0x3f == 39, (header >> 1) & 0x3f < 32, 2),
        };
        Some(match nal_unit.get(header_bytes..) {
            Some(_) if is_slice => NalUnit::Slice { key_frame: codec.is_key_header(header) },
            Some(messages) if is_sei && messages.len() <= MAX_BYTES => NalUnit::Sei(messages),
            _ => NalUnit::Other,
        })
    })
}

/// The length of an access unit in byte-stream format without the SEI units behind its last slice. Some encoders write them there, and parsers
/// take them for the beginning of the next access unit.
pub(crate) fn length_without_trailing(codec: Codec, unit: &[u8]) -> usize {
    let (mut rest, mut length) = (unit, None);
    let mut sliced = false;
    while let Some((nal_unit, others)) = Framing::StartCodes.split(rest) {
        let start = unit.len() - others.len() - nal_unit.len() - START_CODE;
        match nal_units(codec, Framing::StartCodes, rest).next() {
            Some(NalUnit::Slice { .. }) => (sliced, length) = (true, None),
            Some(NalUnit::Sei(_)) if sliced && length.is_none() => length = Some(start),
            _ => {}
        }
        rest = others;
    }
    length.unwrap_or(unit.len())
}

/// Passes the messages of an SEI unit, each with its type, to `take`.
pub fn messages(bytes: &[u8], mut take: impl FnMut(u32, &[u8])) {
    let plain = without_emulation_prevention(bytes);
    let mut rest = plain.as_ref();
    // The last byte is the stop bit.
    while rest.len() > 2
        && let Some((kind, payload, others)) = message(rest)
    {
        take(kind, payload);
        rest = others;
    }
}

/// The type of the first message, its content, and what follows.
fn message(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (kind, rest) = number(bytes)?;
    let (length, rest) = number(rest)?;
    let (payload, others) = rest.split_at_checked(length as usize)?;
    Some((kind, payload, others))
}

/// A number as a sum of bytes, of which all but the last are 255.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let last = *bytes.get(full)?;
    Some((u32::try_from(full).ok()?.checked_mul(255)? + u32::from(last), &bytes[full + 1..]))
}

/// Without the 3 that encoders put behind two zeros, lest the bytes look like a start code.
pub fn without_emulation_prevention(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.windows(3).any(|three| three == [0, 0, 3]) {
        return bytes.into();
    }
    let (mut plain, mut zeros) = (Vec::with_capacity(bytes.len()), 0);
    for byte in bytes {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        plain.push(*byte);
    }
    plain.into()
}

/// How the pictures of a stream must be turned by what the stream says itself. An orientation lasts until the next key frame, which repeats
/// it or ends it: players do not follow its stated duration either. Some encoders write it behind the slices.
#[derive(Debug, Clone, Default)]
pub struct StreamOrientation(Orientation);

impl StreamOrientation {
    /// The orientation of the next access unit, in stream order; upright if none is stated.
    pub fn next(&mut self, codec: Codec, framing: Framing, unit: &[u8]) -> Orientation {
        let (mut stated, mut key_frame) = (None, false);
        for nal_unit in nal_units(codec, framing, unit) {
            match nal_unit {
                NalUnit::Slice { key_frame: key } => key_frame |= key,
                NalUnit::Sei(bytes) => messages(bytes, |kind, payload| {
                    if kind == DISPLAY_ORIENTATION {
                        stated = display_orientation(payload).or(stated);
                    }
                }),
                NalUnit::Other => {}
            }
        }
        let before = if key_frame { Orientation::UPRIGHT } else { self.0 };
        self.0 = stated.unwrap_or(before);
        self.0
    }
}

/// `None` if it is damaged, or no turn by quarters.
fn display_orientation(payload: &[u8]) -> Option<Orientation> {
    let [flags, high, low, ..] = *payload else { return None };
    if flags & 0x80 != 0 {
        return Some(Orientation::UPRIGHT);
    }
    let [across, upside_down] = [0x40, 0x20].map(|bit| flags & bit != 0);
    // 16 bits from the fourth on: counter-clockwise, after it is mirrored.
    let rotation = u16::try_from((u32::from_be_bytes([0, flags & 0x1f, high, low]) >> 5) & 0xffff).ok()?;
    if rotation % QUARTER != 0 {
        return None;
    }
    let counter_clockwise = u8::try_from(rotation / QUARTER).ok()?;
    // Top and bottom changed is left and right changed, and half a turn.
    let quarters = (4 - counter_clockwise + if upside_down { 2 } else { 0 }) % 4;
    Some(Orientation { mirrored: across != upside_down, quarters })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload of a display orientation.
    fn payload(across: bool, upside_down: bool, quarters: u32) -> Vec<u8> {
        let bits =
            u32::from(across) << 22 | u32::from(upside_down) << 21 | (quarters * u32::from(QUARTER)) << 5 | 0b11000;
        bits.to_be_bytes()[1..].to_vec()
    }

    fn escaped(plain: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for byte in plain {
            if *byte <= 3 && bytes.ends_with(&[0, 0]) {
                bytes.push(3);
            }
            bytes.push(*byte);
        }
        bytes
    }

    fn sei(codec: Codec, payload: &[u8]) -> Vec<u8> {
        let header: &[u8] = if codec == Codec::H264 { &[6] } else { &[39 << 1, 1] };
        let other = [5, 3, 1, 2, 3];
        let message = [&other[..], &[47, payload.len() as u8], payload, &[0x80]].concat();
        [header, &escaped(&message)].concat()
    }

    fn unit(framing: Framing, nal_units: &[&[u8]]) -> Vec<u8> {
        let framed = |nal: &&[u8]| {
            let start = match framing {
                Framing::StartCodes => vec![0, 0, 0, 1],
                Framing::Lengths(bytes) => (nal.len() as u32).to_be_bytes()[4 - bytes..].to_vec(),
            };
            [&start, *nal].concat()
        };
        nal_units.iter().flat_map(framed).collect()
    }

    const FRAMINGS: [Framing; 4] = [Framing::StartCodes, Framing::Lengths(1), Framing::Lengths(2), Framing::Lengths(4)];

    fn slice(codec: Codec, key: bool) -> &'static [u8] {
        match (codec, key) {
            (Codec::H264, true) => &[0x65, 0x88],
            (Codec::H264, false) => &[0x41, 0x9a],
            (Codec::H265, true) => &[19 << 1, 1, 0xa0],
            (Codec::H265, false) => &[1 << 1, 1, 0xa0],
        }
    }

    #[test]
    fn each_orientation_is_read_in_each_framing() {
        for (codec, framing) in
            [Codec::H264, Codec::H265].into_iter().flat_map(|codec| FRAMINGS.map(|one| (codec, one)))
        {
            for (across, upside_down, counter_clockwise) in [false, true]
                .into_iter()
                .flat_map(|a| [false, true].into_iter().flat_map(move |u| (0..4).map(move |q| (a, u, q))))
            {
                let sei = sei(codec, &payload(across, upside_down, counter_clockwise));
                let stated =
                    StreamOrientation::default().next(codec, framing, &unit(framing, &[&sei, slice(codec, true)]));
                let back = (4 - counter_clockwise as u8) % 4;
                let expected = match (across, upside_down) {
                    (false, false) => Orientation { mirrored: false, quarters: back },
                    (true, false) => Orientation { mirrored: true, quarters: back },
                    (false, true) => Orientation { mirrored: true, quarters: (back + 2) % 4 },
                    (true, true) => Orientation { mirrored: false, quarters: (back + 2) % 4 },
                };
                assert_eq!(stated, expected, "{codec:?} {framing:?} {across} {upside_down} {counter_clockwise}");
            }
        }
    }

    #[test]
    fn an_orientation_lasts_until_it_changes_is_cancelled_or_a_key_frame_does_not_repeat_it() {
        let (codec, framing) = (Codec::H264, Framing::StartCodes);
        let turned = sei(codec, &payload(false, false, 1));
        let clockwise = Orientation { mirrored: false, quarters: 3 };
        let mut stated = StreamOrientation::default();
        let mut next = |nal_units: &[&[u8]]| stated.next(codec, framing, &unit(framing, nal_units));
        assert_eq!(next(&[slice(codec, true)]), Orientation::UPRIGHT);
        assert_eq!(next(&[&turned, slice(codec, false)]), clockwise);
        assert_eq!(next(&[slice(codec, false)]), clockwise);
        assert_eq!(next(&[&sei(codec, &[0xc0, 0, 0]), slice(codec, false)]), Orientation::UPRIGHT, "cancelled");
        assert_eq!(next(&[slice(codec, true), &turned]), clockwise, "behind the slice");
        assert_eq!(next(&[slice(codec, true)]), Orientation::UPRIGHT, "not repeated");
        let by_45_degrees = [0x04, 0, 0x18];
        assert_eq!(next(&[&sei(codec, &by_45_degrees), slice(codec, true)]), Orientation::UPRIGHT);
    }

    #[test]
    fn sei_units_behind_the_last_slice_are_found() {
        for codec in [Codec::H264, Codec::H265] {
            let turned = sei(codec, &payload(false, false, 1));
            let length = |nal_units: &[&[u8]]| length_without_trailing(codec, &unit(Framing::StartCodes, nal_units));
            let whole = |nal_units: &[&[u8]]| unit(Framing::StartCodes, nal_units).len();
            let slice = slice(codec, true);
            assert_eq!(length(&[&turned, slice]), whole(&[&turned, slice]));
            assert_eq!(length(&[slice, &turned, slice]), whole(&[slice, &turned, slice]));
            // The first zero of a start code of four bytes stays.
            assert_eq!(length(&[&turned, slice, slice, &turned, &turned]), whole(&[&turned, slice, slice]) + 1);
        }
        assert_eq!(length_without_trailing(Codec::H264, &[]), 0);
    }

    #[test]
    fn broken_units_state_nothing() {
        for codec in [Codec::H264, Codec::H265] {
            for framing in FRAMINGS {
                let whole = unit(framing, &[&sei(codec, &payload(true, false, 1)), slice(codec, true)]);
                for cut in 0..whole.len() {
                    StreamOrientation::default().next(codec, framing, &whole[..cut]);
                }
                let endless = unit(framing, &[&[vec![6_u8, 47], vec![0xff; 200]].concat()]);
                assert_eq!(StreamOrientation::default().next(codec, framing, &endless), Orientation::UPRIGHT);
            }
        }
    }
}
