//! SEI units behind the last slice of an access unit. Some encoders write them there, and parsers take them for the beginning of the next
//! access unit.

use crate::Codec;

const START_CODE: [u8; 3] = [0, 0, 1];

/// The length of an access unit in byte-stream format without the SEI units behind its last slice.
pub(crate) fn length_without(codec: Codec, unit: &[u8]) -> usize {
    let starts = unit.windows(START_CODE.len()).enumerate().filter(|(_, three)| *three == START_CODE);
    let (mut sliced, mut length) = (false, None);
    for (start, _) in starts {
        let Some(header) = unit.get(start + START_CODE.len()) else { break };
        let (is_sei, is_slice) = match codec {
            Codec::H264 => (header & 0x1f == 6, (1..=5).contains(&(header & 0x1f))),
            Codec::H265 => ((header >> 1) & 0x3f == 39, (header >> 1) & 0x3f < 32),
        };
        if is_slice {
            (sliced, length) = (true, None);
        } else if is_sei && sliced {
            length.get_or_insert(start);
        }
    }
    length.unwrap_or(unit.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sei_units_behind_the_last_slice_are_found() {
        for (codec, slice, sei) in [
            (Codec::H264, &[0x65, 0x88][..], &[6, 5, 1, 9, 0x80][..]),
            (Codec::H265, &[19 << 1, 1], &[39 << 1, 1, 0x80]),
        ] {
            let unit = |nal_units: &[&[u8]]| nal_units.iter().flat_map(|nal| [&[0, 0, 0, 1], *nal].concat()).collect();
            let length = |nal_units: &[&[u8]]| -> usize {
                let unit: Vec<u8> = unit(nal_units);
                length_without(codec, &unit)
            };
            let whole = |nal_units: &[&[u8]]| -> usize { nal_units.iter().map(|nal| nal.len() + 4).sum() };
            assert_eq!(length(&[sei, slice]), whole(&[sei, slice]));
            assert_eq!(length(&[slice, sei, slice]), whole(&[slice, sei, slice]));
            // The first zero of a start code of four bytes stays.
            assert_eq!(length(&[sei, slice, slice, sei, sei]), whole(&[sei, slice, slice]) + 1);
            assert_eq!(length_without(codec, &[]), 0);
            assert_eq!(length_without(codec, &START_CODE), START_CODE.len());
        }
    }
}
