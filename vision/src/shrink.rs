//! Makes pictures smaller, by the mean of the pixels that become one.

use crate::image::{CHANNELS, Image};

/// The picture with at most so many columns, in its proportions; a narrower one is returned as it is.
pub fn to_width(image: Image, width: u32) -> Image {
    if image.width <= width || width == 0 || image.height == 0 {
        return image;
    }
    let scaled = u64::from(image.height) * u64::from(width) / u64::from(image.width);
    let height = u32::try_from(scaled).unwrap_or(u32::MAX).max(1);
    let (columns, rows) = (edges(image.width, width), edges(image.height, height));
    let stride = image.width as usize * CHANNELS;
    let mut sums = vec![0_u32; width as usize * CHANNELS];
    let mut data = Vec::with_capacity(sums.len() * height as usize);
    for row in rows.windows(2) {
        sums.fill(0);
        let lines = image.data[row[0] * stride..row[1] * stride].chunks_exact(stride);
        for line in lines {
            for (sum, column) in sums.chunks_exact_mut(CHANNELS).zip(columns.windows(2)) {
                for pixel in line[column[0] * CHANNELS..column[1] * CHANNELS].chunks_exact(CHANNELS) {
                    sum[0] += u32::from(pixel[0]);
                    sum[1] += u32::from(pixel[1]);
                    sum[2] += u32::from(pixel[2]);
                }
            }
        }
        for (sum, column) in sums.chunks_exact(CHANNELS).zip(columns.windows(2)) {
            let count = ((column[1] - column[0]) * (row[1] - row[0])) as u32;
            data.extend(sum.iter().map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    Image { width, height, data }
}

/// Where each of `parts` begins, and the end: each has one pixel at least, because there are at most as many as pixels.
fn edges(pixels: u32, parts: u32) -> Vec<usize> {
    (0..=u64::from(parts)).map(|part| (part * u64::from(pixels) / u64::from(parts)) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_those_that_it_replaces() {
        let grey = [0, 2, 10, 20, 4, 6, 30, 40];
        let image = Image::new(4, 2, grey.iter().flat_map(|grey| [*grey, 0, 255]).collect()).unwrap();
        let small = to_width(image, 2);
        assert_eq!((small.width, small.height), (2, 1));
        assert_eq!(small.data, [3, 0, 255, 25, 0, 255]);
    }

    #[test]
    fn every_size_is_possible() {
        for (width, height) in [(1, 1), (7, 3), (640, 1), (1921, 1081), (3, 700)] {
            for wanted in [0, 1, 2, 5, 639, 640] {
                let small = to_width(Image::filled(width, height, [7, 8, 9]), wanted);
                assert!(small.view().check().is_ok());
                assert!(wanted == 0 || small.width == width.min(wanted), "{width}×{height} to {wanted}");
                assert_eq!(small.pixel(small.width - 1, small.height - 1), [7, 8, 9]);
            }
        }
    }
}
