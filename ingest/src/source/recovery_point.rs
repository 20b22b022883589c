//! Finds recovery points: where a stream of periodic intra refresh, which has no key frames, can be decoded from.

use vru_media::Codec;
use vru_media::sei::{Framing, NalUnit, messages, nal_units};

/// The payload type of the message in both codecs.
const RECOVERY_POINT: u32 = 6;
/// Encoders refresh the whole picture within a few seconds.
const MAX_FRAMES: u32 = 1_024;

/// After how many further pictures a decoder that starts with this access unit shows right pictures. `None` if the unit, in packetised
/// format, has no recovery point.
pub(super) fn recovery_frames(codec: Codec, unit: &[u8]) -> Option<u32> {
    let in_front = nal_units(codec, Framing::Lengths(4), unit);
    let mut found = None;
    for nal_unit in in_front.take_while(|nal_unit| !matches!(nal_unit, NalUnit::Slice { .. })) {
        if let NalUnit::Sei(bytes) = nal_unit {
            messages(bytes, |kind, payload| {
                if kind == RECOVERY_POINT {
                    found = found.or_else(|| frames_of(codec, payload));
                }
            });
        }
    }
    found
}

fn frames_of(codec: Codec, payload: &[u8]) -> Option<u32> {
    let code = exp_golomb(payload)?;
    let frames = match codec {
        Codec::H264 => code,
        // A signed number of pictures; the negative ones are right at once.
        Codec::H265 if code % 2 == 1 => code.div_ceil(2),
        Codec::H265 => 0,
    };
    (frames <= MAX_FRAMES).then_some(frames)
}

/// The unsigned exp-Golomb code at the start.
fn exp_golomb(bytes: &[u8]) -> Option<u32> {
    let bit = |at: usize| Some(u32::from(bytes.get(at / 8)? >> (7 - at % 8) & 1));
    let mut zeros = 0;
    while bit(zeros)? == 0 {
        zeros += 1;
    }
    if zeros > 16 {
        return None;
    }
    let mut code = 0;
    for at in zeros..=2 * zeros {
        code = code << 1 | bit(at)?;
    }
    Some(code - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(nal_units: &[&[u8]]) -> Vec<u8> {
        let with_length = |nal: &&[u8]| [&(nal.len() as u32).to_be_bytes(), *nal].concat();
        nal_units.iter().flat_map(with_length).collect()
    }

    #[test]
    fn recovery_points_are_found_before_the_first_slice() {
        // 0b1: 0 frames; 0b011: 2; 0b000010000: 15.
        for (payload, frames) in [(&[0xc4][..], 0), (&[0x64], 2), (&[0x08, 0x40], 15)] {
            let sei = [&[0x06, 6, payload.len() as u8], payload, &[0x80]].concat();
            assert_eq!(recovery_frames(Codec::H264, &unit(&[&[9, 0xf0], &sei, &[0x41, 0x9a]])), Some(frames));
            let other = [&[0x06, 5, 3, 1, 2, 3, 6, payload.len() as u8], payload, &[0x80]].concat();
            assert_eq!(recovery_frames(Codec::H264, &unit(&[&other, &[0x41, 0x9a]])), Some(frames), "a second message");
            assert_eq!(recovery_frames(Codec::H264, &unit(&[&[0x41, 0x9a], &sei])), None, "behind the slice");
        }
        assert_eq!(recovery_frames(Codec::H265, &unit(&[&[78, 1, 6, 1, 0x20, 0x80], &[2, 1, 0x80]])), Some(2));
        assert_eq!(recovery_frames(Codec::H264, &unit(&[&[0x06, 5, 1, 0, 0x80], &[0x41]])), None);
    }

    #[test]
    fn broken_units_are_no_recovery_points() {
        for bytes in
            [&[][..], &[0, 0, 0, 1], &[0, 0, 0, 9, 6, 6], &[0, 0, 0, 4, 6, 6, 200, 1], &[0, 0, 0, 5, 6, 6, 1, 0, 0]]
        {
            assert_eq!(recovery_frames(Codec::H264, bytes), None, "{bytes:?}");
        }
        let long = [vec![6], vec![0xff; 300]].concat();
        assert_eq!(recovery_frames(Codec::H264, &unit(&[&long])), None);
    }
}
