//! Interlaced H.264 may send the two fields of a picture as units of their own. Together they give one picture, so the second one must not
//! count as a unit.

/// Pairs the fields of one stream. Knows the last sequence parameter set: a stream with several of them differs in other things.
#[derive(Debug, Default)]
pub(super) struct Fields {
    sequence: Option<Sequence>,
    /// The unit before was the first field of a picture.
    first: Option<Field>,
}

/// What the header of a slice depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sequence {
    frame_num_bits: u32,
    separate_planes: bool,
    only_frames: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    frame_num: u32,
    bottom: bool,
}

/// The picture of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slice {
    Frame,
    Field { field: Field, idr: bool },
}

impl Fields {
    /// Reads the parameter sets of an `avcC`, which come with the caps in place of the stream.
    pub(super) fn configure(&mut self, avcc: &[u8]) {
        let Some(count) = avcc.get(5) else { return };
        let mut rest = &avcc[6..];
        for _ in 0..count & 0x1f {
            let Some((length, sets)) = rest.split_first_chunk::<2>() else { return };
            let Some((set, others)) = sets.split_at_checked(usize::from(u16::from_be_bytes(*length))) else { return };
            self.nal_unit(set);
            rest = others;
        }
    }

    /// Whether the unit completes the picture of the unit before. `length_bytes`: how many bytes of length precede each NAL unit; `None`
    /// if start codes do.
    pub(super) fn completes_picture(&mut self, unit: &[u8], length_bytes: Option<usize>) -> bool {
        let slices: Vec<Slice> = match length_bytes {
            Some(bytes) => with_lengths(unit, bytes).filter_map(|nal_unit| self.nal_unit(nal_unit)).collect(),
            None => with_start_codes(unit).filter_map(|nal_unit| self.nal_unit(nal_unit)).collect(),
        };
        let Some(&Slice::Field { field, idr }) = slices.first() else {
            self.first = None;
            return false;
        };
        let one_field = slices
            .iter()
            .all(|slice| matches!(slice, Slice::Field { field: other, .. } if other.bottom == field.bottom));
        if !one_field {
            self.first = None;
            return false;
        }
        let wanted = Field { bottom: !field.bottom, ..field };
        // The second field of an IDR picture is none itself.
        let completes = !idr && self.first == Some(wanted);
        self.first = (!completes).then_some(field);
        completes
    }

    fn nal_unit(&mut self, nal_unit: &[u8]) -> Option<Slice> {
        let (&header, payload) = nal_unit.split_first()?;
        match header & 0x1f {
            7 => {
                self.sequence = sequence(&mut Bits::new(payload)).or(self.sequence);
                None
            }
            kind @ (1 | 2 | 5) => slice(self.sequence?, kind == 5, &mut Bits::new(payload)),
            _ => None,
        }
    }
}

fn sequence(bits: &mut Bits) -> Option<Sequence> {
    const WITH_CHROMA_FORMAT: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
    let profile = bits.number(8)?;
    bits.number(16)?;
    bits.code()?;
    let mut separate_planes = false;
    if WITH_CHROMA_FORMAT.contains(&profile) {
        let chroma_format = bits.code()?;
        separate_planes = chroma_format == 3 && bits.number(1)? == 1;
        bits.code()?;
        bits.code()?;
        bits.number(1)?;
        if bits.number(1)? == 1 {
            for list in 0..if chroma_format == 3 { 12 } else { 8 } {
                if bits.number(1)? == 1 {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    let frame_num_bits = bits.code()?.checked_add(4).filter(|bits| *bits <= 16)?;
    match bits.code()? {
        0 => drop(bits.code()?),
        1 => {
            bits.number(1)?;
            bits.code()?;
            bits.code()?;
            for _ in 0..bits.code()?.min(255) {
                bits.code()?;
            }
        }
        _ => {}
    }
    bits.code()?;
    bits.number(1)?;
    bits.code()?;
    bits.code()?;
    let only_frames = bits.number(1)? == 1;
    Some(Sequence { frame_num_bits, separate_planes, only_frames })
}

fn skip_scaling_list(bits: &mut Bits, size: u32) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..size {
        if next != 0 {
            let code = i64::from(bits.code()?);
            let delta = if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) };
            next = (last + delta).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

fn slice(sequence: Sequence, idr: bool, bits: &mut Bits) -> Option<Slice> {
    for _ in 0..3 {
        bits.code()?;
    }
    if sequence.separate_planes {
        bits.number(2)?;
    }
    let frame_num = bits.number(sequence.frame_num_bits)?;
    if sequence.only_frames || bits.number(1)? == 0 {
        return Some(Slice::Frame);
    }
    let bottom = bits.number(1)? == 1;
    Some(Slice::Field { field: Field { frame_num, bottom }, idr })
}

fn with_lengths(mut unit: &[u8], bytes: usize) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = unit.split_at_checked(bytes).filter(|_| bytes > 0)?;
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let (nal_unit, others) = rest.split_at_checked(length)?;
        unit = others;
        Some(nal_unit)
    })
}

fn with_start_codes(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(unit);
    std::iter::from_fn(move || {
        let nal_unit = rest?;
        rest = after_start_code(nal_unit);
        // Its end may be too late by a start code. Only the headers are read.
        Some(nal_unit)
    })
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(3).position(|window| window == [0, 0, 1])?;
    bytes.get(at + 3..)
}

/// Reads bits, without the bytes that prevent start codes.
#[derive(Debug)]
struct Bits<'a> {
    bytes: &'a [u8],
    zeros: u32,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, zeros: 0, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.byte = self.next_byte()?;
            if self.zeros >= 2 && self.byte == 3 {
                self.zeros = 0;
                self.byte = self.next_byte()?;
            }
            self.zeros = if self.byte == 0 { self.zeros + 1 } else { 0 };
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn next_byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    fn number(&mut self, bits: u32) -> Option<u32> {
        (0..bits).try_fold(0, |number, _| Some(number << 1 | self.bit()?))
    }

    /// An unsigned exp-Golomb code.
    fn code(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
        }
        (zeros < 32).then(|| self.number(zeros))?.map(|rest| (1 << zeros) - 1 + rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = include_bytes!("testdata/fields.h264");

    /// The NAL units of the stream that hold slices, and its sequence parameter set.
    fn stream() -> (Vec<u8>, Vec<Vec<u8>>) {
        let starts: Vec<usize> = (0..STREAM.len() - 3).filter(|&at| STREAM[at..at + 4] == [0, 0, 0, 1]).collect();
        let ends = starts.iter().skip(1).copied().chain([STREAM.len()]);
        let nal_units: Vec<&[u8]> = starts.iter().zip(ends).map(|(start, end)| &STREAM[start + 4..end]).collect();
        let of = |kinds: &[u8]| -> Vec<Vec<u8>> {
            nal_units.iter().filter(|nal| kinds.contains(&(nal[0] & 0x1f))).map(|nal| nal.to_vec()).collect()
        };
        (of(&[7]).remove(0), of(&[1, 5]))
    }

    fn with_length(nal_units: &[&Vec<u8>]) -> Vec<u8> {
        nal_units.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes()[..], nal].concat()).collect()
    }

    #[test]
    fn the_second_field_completes_the_first_in_both_forms_of_the_stream() {
        let (set, slices) = stream();
        assert_eq!(slices.len(), 40);
        let avcc = [&[1, 77, 0, 12, 0xff, 0xe1][..], &(set.len() as u16).to_be_bytes(), &set].concat();
        let mut packed = Fields::default();
        packed.configure(&avcc);
        let mut plain = Fields::default();
        plain.completes_picture(&[&[0, 0, 0, 1][..], &set].concat(), None);
        for (index, slice) in slices.iter().enumerate() {
            let second = index % 2 == 1;
            assert_eq!(packed.completes_picture(&with_length(&[slice]), Some(4)), second, "{index}");
            let unit = [&[0, 0, 1, 9, 0x10, 0, 0, 0, 1][..], slice].concat();
            assert_eq!(plain.completes_picture(&unit, None), second, "{index}");
        }
    }

    #[test]
    fn fields_that_are_lost_or_together_in_a_unit_complete_nothing() {
        let (set, slices) = stream();
        let mut fields = Fields::default();
        fields.completes_picture(&with_length(&[&set]), Some(4));
        let mut completes = |nal_units: &[&Vec<u8>]| fields.completes_picture(&with_length(nal_units), Some(4));
        assert!(!completes(&[&slices[0], &slices[1]]), "a whole picture");
        assert!(!completes(&[&slices[3]]), "a second field alone");
        assert!(!completes(&[&slices[4]]));
        assert!(!completes(&[&slices[6]]), "the first field of the next picture");
        assert!(completes(&[&slices[7]]));
        assert!(!completes(&[&slices[7]]), "once");
    }

    #[test]
    fn nothing_is_read_into_noise() {
        let (set, slices) = stream();
        let unit = with_length(&[&set, &slices[0]]);
        for at in 0..unit.len().min(60) {
            let mut damaged = unit.clone();
            damaged[at] ^= 0x5a;
            let mut fields = Fields::default();
            fields.completes_picture(&damaged, Some(4));
            fields.completes_picture(&damaged[at..], None);
            fields.configure(&damaged[at..]);
        }
        assert!(!Fields::default().completes_picture(&[], Some(0)));
    }
}
