//! Bilinear resampling of one picture size to another, with pixel centres aligned as OpenCV's `INTER_LINEAR` does.

/// Weights are in 1/256: with 8 bits of pixel they fill 16 bits, so that two channels are mixed in one word of 32.
const ONE: u32 = 256;
const SHIFT: u32 = 8;
const HALF: u32 = ONE / 2;
/// Red and blue of a pixel that was read as a little-endian word; green lies between them.
const OUTER: u32 = 0x00FF_00FF;
const OUTER_HALF: u32 = HALF << 16 | HALF;

/// Where one output coordinate reads: between `first` and `second`, the latter weighing `weight` of 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tap {
    pub first: u32,
    pub second: u32,
    pub weight: u32,
}

/// The taps of one picture size, with buffers for the row at work.
#[derive(Debug)]
pub(super) struct Plan {
    pub picture: (u32, u32),
    columns: Columns,
    rows: Vec<Tap>,
    // Two rows of the picture blended into one. Behind it lies a copy of the last pixel, so that a pixel always has a
    // neighbour, and a byte more, so that a pixel can be read as a word.
    blended: Vec<u8>,
    pixels: Vec<[u8; 3]>,
}

/// Where the pixels of a row are read, as positions of their first byte.
#[derive(Debug)]
enum Columns {
    /// Each from a single pixel, which a whole-number ratio such as 1920 to 640 gives.
    Direct(Vec<u32>),
    /// Each from a pixel and its neighbour to the right, which weighs so many of 256.
    Blended(Vec<(u32, u32)>),
}

impl Plan {
    pub fn new(picture: (u32, u32), target: (u32, u32)) -> Self {
        let taps_of_row = taps(picture.0, target.0);
        let columns = if taps_of_row.iter().all(|tap| tap.weight == 0) {
            Columns::Direct(taps_of_row.iter().map(|tap| tap.first * 3).collect())
        } else {
            Columns::Blended(taps_of_row.iter().map(|tap| (tap.first * 3, tap.weight)).collect())
        };
        Self {
            picture,
            columns,
            rows: taps(picture.1, target.1),
            blended: vec![0; (picture.0 as usize + 1) * 3 + 1],
            pixels: vec![[0; 3]; target.0 as usize],
        }
    }

    /// Row `y` of the target, from the picture's pixels.
    pub fn row(&mut self, data: &[u8], y: usize) -> &[[u8; 3]] {
        let stride = self.picture.0 as usize * 3;
        let tap = self.rows[y];
        let upper = &data[tap.first as usize * stride..][..stride];
        let lower = &data[tap.second as usize * stride..][..stride];
        match &self.columns {
            Columns::Direct(columns) if tap.weight == 0 => {
                for (pixel, &at) in self.pixels.iter_mut().zip(columns) {
                    pixel.copy_from_slice(&upper[at as usize..at as usize + 3]);
                }
            }
            Columns::Direct(columns) => {
                for (pixel, &at) in self.pixels.iter_mut().zip(columns) {
                    let (a, b) = (&upper[at as usize..at as usize + 3], &lower[at as usize..at as usize + 3]);
                    let mix = |c: usize| {
                        let sum = u32::from(a[c]) * (ONE - tap.weight) + u32::from(b[c]) * tap.weight;
                        ((sum + HALF) >> SHIFT) as u8
                    };
                    *pixel = [mix(0), mix(1), mix(2)];
                }
            }
            Columns::Blended(columns) => {
                blend(&mut self.blended, upper, lower, tap.weight as u16);
                for (pixel, &(at, weight)) in self.pixels.iter_mut().zip(columns) {
                    let pair = &self.blended[at as usize..at as usize + 7];
                    let left = u32::from_le_bytes([pair[0], pair[1], pair[2], pair[3]]);
                    let right = u32::from_le_bytes([pair[3], pair[4], pair[5], pair[6]]);
                    *pixel = mix(left, right, weight);
                }
            }
        }
        &self.pixels
    }
}

/// Two pixels, each in the lower three bytes of a word, as one.
fn mix(left: u32, right: u32, weight: u32) -> [u8; 3] {
    let rest = ONE - weight;
    let outer = ((left & OUTER) * rest + (right & OUTER) * weight + OUTER_HALF) >> SHIFT & OUTER;
    let green = ((left >> 8 & 0xFF) * rest + (right >> 8 & 0xFF) * weight + HALF) >> SHIFT;
    [outer as u8, green as u8, (outer >> 16) as u8]
}

fn blend(blended: &mut [u8], upper: &[u8], lower: &[u8], weight: u16) {
    let (row, behind) = blended.split_at_mut(upper.len());
    let sources = upper.iter().zip(lower);
    if weight == 0 {
        row.copy_from_slice(upper);
    } else if u32::from(weight) == HALF {
        // What halving a size gives: one instruction for sixteen bytes.
        for (blended, (&a, &b)) in row.iter_mut().zip(sources) {
            *blended = ((u16::from(a) + u16::from(b) + 1) >> 1) as u8;
        }
    } else {
        let rest = ONE as u16 - weight;
        for (blended, (&a, &b)) in row.iter_mut().zip(sources) {
            *blended = ((u16::from(a) * rest + u16::from(b) * weight + HALF as u16) >> SHIFT) as u8;
        }
    }
    behind[..3].copy_from_slice(&row[row.len() - 3..]);
}

/// Where each of `to` output coordinates reads in `from` pixels.
fn taps(from: u32, to: u32) -> Vec<Tap> {
    let ratio = f64::from(from) / f64::from(to);
    let last = from - 1;
    (0..to)
        .map(|at| {
            let place = ((f64::from(at) + 0.5) * ratio - 0.5).clamp(0.0, f64::from(last));
            let mut first = place.floor() as u32;
            let mut weight = ((place - f64::from(first)) * f64::from(ONE)).round() as u32;
            if weight == ONE {
                first = (first + 1).min(last);
                weight = 0;
            }
            Tap { first, second: (first + 1).min(last), weight }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_ratio_reads_single_pixels() {
        let taps = taps(9, 3);
        assert!(taps.iter().all(|tap| tap.weight == 0));
        assert_eq!(taps.iter().map(|tap| tap.first).collect::<Vec<_>>(), [1, 4, 7]);
    }

    #[test]
    fn halving_averages_two_neighbours() {
        assert_eq!(taps(4, 2), [Tap { first: 0, second: 1, weight: 128 }, Tap { first: 2, second: 3, weight: 128 }]);
    }

    #[test]
    fn enlarging_holds_the_edge() {
        let taps = taps(2, 4);
        assert_eq!(taps[0], Tap { first: 0, second: 1, weight: 0 });
        assert_eq!(taps[1], Tap { first: 0, second: 1, weight: 64 });
        assert_eq!(taps[3], Tap { first: 1, second: 1, weight: 0 });
    }
}
