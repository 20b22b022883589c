//! Decompression bombs: small, valid payloads that decode to huge pictures. Hostile or broken cameras send them.

/// A bit string under construction.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn fixed(mut self, value: u32, bits: u32) -> Self {
        self.0.extend((0..bits).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    /// Appends an Exponential-Golomb code, the encoding of numbers in parameter sets.
    fn golomb(self, value: u32) -> Self {
        let bits = (value + 1).ilog2();
        self.fixed(0, bits).fixed(value + 1, bits + 1)
    }

    /// Makes a NAL unit: appends the stop bit, pads to whole bytes, and escapes byte sequences that look like a start code.
    fn nal(self, header: u8) -> Vec<u8> {
        let mut bits = self.fixed(1, 1).0;
        bits.resize(bits.len().next_multiple_of(8), false);
        let bytes = bits.chunks(8).map(|byte| byte.iter().fold(0_u8, |value, bit| value << 1 | u8::from(*bit)));
        let mut unit = vec![header];
        for byte in bytes {
            if byte <= 3 && unit.ends_with(&[0, 0]) {
                unit.push(3);
            }
            unit.push(byte);
        }
        unit
    }
}

/// A valid H.264 sequence parameter set, without a start code. The size is in pixels, multiples of 16.
pub fn h264_sps(width: u32, height: u32) -> Vec<u8> {
    let bits = Bits::default().fixed(66, 8).fixed(0, 8).fixed(51, 8);
    let bits = bits.golomb(0).golomb(0).golomb(2).golomb(1).fixed(0, 1);
    let bits = bits.golomb(width / 16 - 1).golomb(height / 16 - 1);
    // Frames only, direct 8×8 inference, no cropping, no VUI.
    bits.fixed(0b1100, 4).nal(0x67)
}

/// The picture parameter set that belongs to [`h264_sps`].
pub fn h264_pps() -> Vec<u8> {
    let bits = Bits::default().golomb(0).golomb(0).fixed(0, 2).golomb(0).golomb(0).golomb(0);
    bits.fixed(0, 3).golomb(0).golomb(0).golomb(0).fixed(0, 3).nal(0x68)
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("segments are short").to_be_bytes();
    [&[0xff, marker], length.as_slice(), content].concat()
}

/// A Huffman table with one code of one bit.
fn table(class_and_number: u8, symbol: u8) -> Vec<u8> {
    let mut content = vec![class_and_number, 1];
    content.extend([0; 15]);
    content.push(symbol);
    segment(0xc4, &content)
}

/// A scan of one component, coefficients `first` to `last`, with entropy-coded data of so many 0 bits.
fn scan(first: u8, last: u8, bits: usize) -> Vec<u8> {
    let mut scan = segment(0xda, &[1, 1, 0, first, last, 0]);
    scan.extend(vec![0; bits.div_ceil(8)]);
    scan
}

/// A valid progressive JPEG of one grey: one bit for each block of 8×8 pixels. `more_scans` scans follow the first one; they change
/// nothing but must be decoded.
pub fn grey_jpeg(width: u16, height: u16, more_scans: usize) -> Vec<u8> {
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let mut quantisation = vec![0];
    quantisation.extend([1; 64]);
    let [w, h] = [width, height].map(u16::to_be_bytes);
    let mut jpeg = vec![0xff, 0xd8];
    jpeg.extend(segment(0xdb, &quantisation));
    jpeg.extend(segment(0xc2, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0]));
    // Symbol of the first table: the DC value does not change. Symbol of the second: an end-of-band run, of 16384 blocks plus the
    // number in the 14 bits that follow.
    jpeg.extend(table(0x00, 0x00));
    jpeg.extend(table(0x10, 0xe0));
    jpeg.extend(scan(0, 0, blocks));
    let one = scan(1, 63, blocks.div_ceil(16_384) * 15);
    for _ in 0..more_scans {
        jpeg.extend(&one);
    }
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_follow_the_standard() {
        // 1920×1088: the bytes that x264 writes at the start of each such stream.
        let sps = h264_sps(1_920, 1_088);
        assert_eq!(sps[..4], [0x67, 66, 0, 51]);
        assert_eq!(Bits::default().golomb(0).golomb(1).golomb(4).0.len(), 1 + 3 + 5);
        assert_eq!(Bits::default().fixed(0, 24).nal(0x67), [0x67, 0, 0, 3, 0, 0x80]);
    }

    #[test]
    fn a_large_picture_is_a_small_file() {
        assert!(grey_jpeg(30_000, 30_000, 0).len() < 2_000_000);
    }
}
