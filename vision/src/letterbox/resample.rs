//! Bilinear resampling, with pixel centres aligned as in OpenCV's `INTER_LINEAR`.

/// Weights are multiples of 1/256. A weight times an 8-bit channel fits 16 bits, so that one 32-bit word blends two channels.
const ONE: u32 = 256;
const SHIFT: u32 = 8;
const HALF: u32 = ONE / 2;
/// Mask for red and blue of a pixel read as a little-endian word; green is between them.
const OUTER: u32 = 0x00FF_00FF;
const OUTER_HALF: u32 = HALF << 16 | HALF;

/// The source of one output coordinate: a blend of `first` and `second`, in which `second` has a weight of `weight`/256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tap {
    pub first: u32,
    pub second: u32,
    pub weight: u32,
}

/// The taps for one picture size and one target size, and the buffers for one row.
#[derive(Debug)]
pub(super) struct Plan {
    pub picture: (u32, u32),
    columns: Columns,
    rows: Vec<Tap>,
    // Two rows of the picture blended into one. A copy of the last pixel follows, so that every pixel has a right neighbour,
    // and one more byte, so that every pixel can be read as a 4-byte word.
    blended: Vec<u8>,
    pixels: Vec<[u8; 3]>,
}

/// The sources of a row's pixels, as byte offsets in the source row.
#[derive(Debug)]
enum Columns {
    /// Each pixel has one source pixel. This is the case for odd integer ratios such as 1920 to 640.
    Direct(Vec<u32>),
    /// Each pixel blends a source pixel with its right neighbour. The second number is the neighbour's weight in 1/256.
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

    /// Row `y` of the target. `data` holds the picture's pixels.
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

/// Blends two pixels, each in the lower three bytes of a word.
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
        // The weight when a size is halved. This form compiles to one instruction per sixteen bytes.
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

/// The taps that resample `from` pixels to `to` pixels.
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
    fn an_odd_integer_ratio_reads_single_pixels() {
        let taps = taps(9, 3);
        assert!(taps.iter().all(|tap| tap.weight == 0));
        assert_eq!(taps.iter().map(|tap| tap.first).collect::<Vec<_>>(), [1, 4, 7]);
    }

    #[test]
    fn halving_averages_two_neighbours() {
        assert_eq!(taps(4, 2), [Tap { first: 0, second: 1, weight: 128 }, Tap { first: 2, second: 3, weight: 128 }]);
    }

    #[test]
    fn enlarging_repeats_the_edge_pixels() {
        let taps = taps(2, 4);
        assert_eq!(taps[0], Tap { first: 0, second: 1, weight: 0 });
        assert_eq!(taps[1], Tap { first: 0, second: 1, weight: 64 });
        assert_eq!(taps[3], Tap { first: 1, second: 1, weight: 0 });
    }
}
