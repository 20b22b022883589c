//! Small files that would become large: what hostile or broken cameras send.

/// Writes single bits.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn fixed(mut self, value: u32, bits: u32) -> Self {
        self.0.extend((0..bits).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    /// Exponential-Golomb, as parameter sets have it.
    fn golomb(self, value: u32) -> Self {
        let bits = (value + 1).ilog2();
        self.fixed(0, bits).fixed(value + 1, bits + 1)
    }

    /// A NAL unit: stop bit, whole bytes, and no three of them that look like a start code.
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

/// A valid H.264 sequence parameter set for pictures of this size, multiples of 16, without a start code.
pub fn h264_sps(width: u32, height: u32) -> Vec<u8> {
    let bits = Bits::default().fixed(66, 8).fixed(0, 8).fixed(51, 8);
    let bits = bits.golomb(0).golomb(0).golomb(2).golomb(1).fixed(0, 1);
    let bits = bits.golomb(width / 16 - 1).golomb(height / 16 - 1);
    // Frames only, direct 8×8, no cropping, no VUI.
    bits.fixed(0b1100, 4).nal(0x67)
}

/// The picture parameter set to go with [`h264_sps`].
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

/// A scan of one component over coefficients `first` to `last`, whose bits are all 0.
fn scan(first: u8, last: u8, bits: usize) -> Vec<u8> {
    let mut scan = segment(0xda, &[1, 1, 0, first, last, 0]);
    scan.extend(vec![0; bits.div_ceil(8)]);
    scan
}

/// A valid, even grey, progressive JPEG of this size: one bit for each block of 64 pixels, and after the first scan so many
/// more that change nothing.
pub fn grey_jpeg(width: u16, height: u16, more_scans: usize) -> Vec<u8> {
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let mut quantisation = vec![0];
    quantisation.extend([1; 64]);
    let [w, h] = [width, height].map(u16::to_be_bytes);
    let mut jpeg = vec![0xff, 0xd8];
    jpeg.extend(segment(0xdb, &quantisation));
    jpeg.extend(segment(0xc2, &[8, h[0], h[1], w[0], w[1], 1, 1, 0x11, 0]));
    // The first: "as before". The other: "the next 16384 blocks have nothing", with 14 bits for how many more.
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
    fn parameter_sets_are_written_as_the_standard_says() {
        // 1920×1088, as x264 writes the part that is the same in each stream.
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
