//! The orientation that phones and cameras write into a JPEG (EXIF).

use vru_vision::orientation::Orientation;

const START: [u8; 2] = [0xff, 0xd8];
const APP1: u8 = 0xe1;
/// The image data follow: no header comes after it.
const START_OF_SCAN: u8 = 0xda;
const ORIENTATION_TAG: u16 = 0x0112;
const SHORT: u16 = 3;
/// Entries of the first directory that are read; real ones have about ten.
const MAX_ENTRIES: usize = 256;

/// The orientation of a JPEG, of which only the beginning need be there; upright if it states none. `None` if these are not the first bytes
/// of a JPEG.
pub fn orientation(jpeg: &[u8]) -> Option<Orientation> {
    let mut rest = jpeg.strip_prefix(&START)?;
    while let Some(([0xff, marker, high, low], content)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).saturating_sub(2);
        let segment = content.get(..length).unwrap_or(content);
        if *marker == APP1
            && let Some(tiff) = segment.strip_prefix(b"Exif\0\0")
        {
            return Some(of_tiff(tiff).unwrap_or_default());
        }
        if *marker == START_OF_SCAN {
            break;
        }
        rest = content.get(length..).unwrap_or_default();
    }
    Some(Orientation::UPRIGHT)
}

fn of_tiff(tiff: &[u8]) -> Option<Orientation> {
    let big_endian = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let two: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    let long = |at: usize| {
        let (one, two) = (u32::from(short(at)?), u32::from(short(at + 2)?));
        Some(if big_endian { one << 16 | two } else { two << 16 | one })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let entries = usize::from(short(directory)?).min(MAX_ENTRIES);
    let mut all = (0..entries).map(|entry| directory + 2 + 12 * entry);
    let entry = all.find(|entry| short(*entry) == Some(ORIENTATION_TAG) && short(*entry + 2) == Some(SHORT))?;
    let (mirrored, quarters) = match short(entry + 8)? {
        2 => (true, 0),
        3 => (false, 2),
        4 => (true, 2),
        5 => (true, 3),
        6 => (false, 1),
        7 => (true, 1),
        8 => (false, 3),
        _ => return None,
    };
    Some(Orientation { mirrored, quarters })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(big_endian: bool, value: u16) -> Vec<u8> {
        let short = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let long = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let mut tiff = if big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        tiff.extend(long(8));
        tiff.extend(short(2));
        for (tag, value) in [(0x0110, 7), (ORIENTATION_TAG, value)] {
            tiff.extend([short(tag), short(SHORT)].concat());
            tiff.extend(long(1));
            tiff.extend([short(value), short(0)].concat());
        }
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, APP1];
        jpeg.extend((tiff.len() as u16 + 8).to_be_bytes());
        jpeg.extend(b"Exif\0\0");
        jpeg.extend(tiff);
        jpeg
    }

    #[test]
    fn each_value_means_what_cameras_mean() {
        let expected = [(1, 0), (2, 4), (3, 2), (4, 6), (5, 7), (6, 1), (7, 5), (8, 3), (9, 0), (0, 0)];
        for (value, number) in expected {
            for big_endian in [false, true] {
                assert_eq!(orientation(&jpeg(big_endian, value)).unwrap().number(), number, "{value}");
            }
        }
    }

    #[test]
    fn a_jpeg_that_states_nothing_is_upright_and_other_bytes_are_no_jpeg() {
        assert_eq!(orientation(&[0xff, 0xd8, 0xff, 0xdb, 0, 3, 1]), Some(Orientation::UPRIGHT));
        assert_eq!(orientation(&[0xff, 0xd8]), Some(Orientation::UPRIGHT));
        assert_eq!(orientation(b"no picture"), None);
    }

    #[test]
    fn damaged_headers_never_panic() {
        let whole = jpeg(true, 6);
        for cut in 2..whole.len() {
            assert!(orientation(&whole[..cut]).is_some());
        }
        for at in 2..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                assert!(orientation(&damaged).is_some());
            }
        }
    }
}
