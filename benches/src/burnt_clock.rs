//! A wall clock that is drawn into a picture as black and white cells. Latency is then measured from the picture itself, and does
//! not depend on our timestamps.
//!
//! The clock is one row of 48 cells along the upper edge: a fixed pattern of 8 bits, the time in steps of 100 µs (32 bits, which
//! wrap around after five days), and a checksum of 8 bits. In a picture that is 768 wide, a cell is a macroblock of H.264. Only the
//! middle of a cell is read, which encoding and scaling leave unchanged.

use vru_vision::image::Image;

const CELLS: u32 = 48;
const PATTERN: u8 = 0b1011_0010;
const STEP_US: i64 = 100;
const BLACK: u8 = 16;
const WHITE: u8 = 235;
const GREY: u8 = 128;

/// Draws the time into an I420 picture whose width is a multiple of 96.
pub fn burn(pixels: &mut [u8], width: usize, height: usize, at_us: i64) {
    let bits = code((at_us / STEP_US) as u32);
    let cell = width / CELLS as usize;
    for row in pixels.chunks_exact_mut(width).take(cell) {
        for (number, pixels) in row.chunks_exact_mut(cell).enumerate() {
            pixels.fill(if is_set(bits, number as u32) { WHITE } else { BLACK });
        }
    }
    let (luma, chroma) = (width * height, width * height / 4);
    for plane in [luma, luma + chroma] {
        pixels[plane..plane + cell / 2 * (width / 2)].fill(GREY);
    }
}

/// The time that a picture shows; none where it shows no valid clock. `about_us` is a time near it, which resolves the wrap-around.
pub fn read(picture: &Image, about_us: i64) -> Option<i64> {
    let cell = f64::from(picture.width) / f64::from(CELLS);
    let mut bits = 0;
    for number in 0..CELLS {
        bits = bits << 1 | u64::from(brightness(picture, f64::from(number) * cell, cell)? > u32::from(GREY));
    }
    let steps = (bits >> 8) as u32;
    if bits != code(steps) {
        return None;
    }
    let behind = ((about_us / STEP_US) as u32).wrapping_sub(steps) as i32;
    Some((about_us / STEP_US - i64::from(behind)) * STEP_US)
}

fn code(steps: u32) -> u64 {
    let sum = steps.to_be_bytes().iter().fold(0_u8, |sum, byte| sum.rotate_left(3) ^ byte);
    u64::from(PATTERN) << 40 | u64::from(steps) << 8 | u64::from(!sum)
}

fn is_set(bits: u64, number: u32) -> bool {
    bits >> (CELLS - 1 - number) & 1 == 1
}

/// Mean of the green values in the middle of a cell.
fn brightness(picture: &Image, left: f64, cell: f64) -> Option<u32> {
    let inner = |from: f64| (from + cell * 0.25) as u32..(from + cell * 0.75).ceil() as u32;
    let (mut sum, mut count) = (0, 0);
    for y in inner(0.0) {
        for x in inner(left) {
            sum += u32::from(*picture.data.get(((y * picture.width + x) * 3 + 1) as usize)?);
            count += 1;
        }
    }
    sum.checked_div(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vru_vision::image::ImageRef;

    const NOW: i64 = 1_764_000_000_123_400;
    const SIZE: (usize, usize) = (768, 576);

    /// The luma as grey RGB, of every `every`-th pixel.
    fn seen(pixels: &[u8], every: usize) -> Image {
        let (width, height) = (SIZE.0 / every, SIZE.1 / every);
        let grey = |at: usize| pixels[at / width * every * SIZE.0 + at % width * every];
        let data = (0..width * height).flat_map(|at| [grey(at); 3]).collect();
        Image { width: width as u32, height: height as u32, data }
    }

    fn burnt(at_us: i64) -> Vec<u8> {
        let mut pixels = vec![90; SIZE.0 * SIZE.1 * 3 / 2];
        burn(&mut pixels, SIZE.0, SIZE.1, at_us);
        pixels
    }

    #[test]
    fn the_time_is_read_at_full_and_at_half_size() {
        for late_us in [0, 40_000, 3_000_000, -2_000] {
            assert_eq!(read(&seen(&burnt(NOW), 1), NOW + late_us), Some(NOW));
            assert_eq!(read(&seen(&burnt(NOW), 2), NOW + late_us), Some(NOW));
        }
    }

    #[test]
    fn the_time_survives_jpeg() {
        let picture = seen(&burnt(NOW), 1);
        let view = ImageRef { width: picture.width, height: picture.height, data: &picture.data };
        let jpeg = vru_media::jpeg::encode(view, 40).expect("a picture can be encoded");
        let decoded = vru_media::jpeg::JpegDecoder::new().and_then(|mut decoder| decoder.decode(&jpeg));
        assert_eq!(read(&decoded.expect("it can be decoded"), NOW), Some(NOW));
    }

    #[test]
    fn a_missing_or_damaged_clock_is_not_read() {
        assert_eq!(read(&Image::filled(768, 576, [200; 3]), NOW), None);
        let mut pixels = burnt(NOW);
        for row in pixels.chunks_exact_mut(SIZE.0).take(16) {
            for pixel in &mut row[30 * 16..31 * 16] {
                *pixel = 255 - *pixel;
            }
        }
        assert_eq!(read(&seen(&pixels, 1), NOW), None);
    }

    #[test]
    fn a_time_before_the_wrap_around_is_read() {
        let round = (1_i64 << 32) * STEP_US;
        let just_before = NOW / round * round + round - 5_000;
        assert_eq!(read(&seen(&burnt(just_before), 1), just_before + 20_000), Some(just_before));
    }
}
