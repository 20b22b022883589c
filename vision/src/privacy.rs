//! Regions of a picture by which somebody could be recognised, and making them unrecognisable.

use std::ops::Range;

use crate::geometry::Rect;
use crate::image::{CHANNELS, Image};
use crate::road_user::RoadUserClass;

/// How much of a person's height, from the top, is surely head and shoulders: of somebody who stands an eighth is head, of somebody who
/// sits on a bicycle or bends down, more.
const HEAD_SHARE: f32 = 0.3;
/// Where a vehicle carries its plates: in the lower part of its box, which they do not leave at its bottom.
const PLATE_SHARE: f32 = 0.4;
/// How far a region reaches beyond the box at its sides and its top, as a share of its size: boxes are not exact.
const MARGIN: f32 = 0.15;
/// A region keeps this many blocks along its shorter side: too few to recognise a face or to read a plate.
const BLOCKS: f32 = 5.0;
/// In pixels. Smaller blocks would keep what a small picture shows.
const SMALLEST_BLOCK: f32 = 8.0;

/// What is made unrecognisable of a road user in this box: the head, or where plates are; in the pixels of the box.
pub fn region(rect: Rect, class: RoadUserClass) -> Rect {
    let (from, to) = match class {
        RoadUserClass::Pedestrian | RoadUserClass::Cyclist => (0.0, HEAD_SHARE),
        // Head and plate; a helmet may be open.
        RoadUserClass::Motorcyclist => (0.0, 1.0),
        RoadUserClass::Car | RoadUserClass::Bus | RoadUserClass::Truck => (1.0 - PLATE_SHARE, 1.0),
    };
    let (wider, higher) = (rect.width * MARGIN, rect.height * (to - from) * MARGIN);
    Rect {
        left: rect.left - wider,
        top: rect.top + rect.height * from - higher,
        width: rect.width + 2.0 * wider,
        height: rect.height * (to - from) + 2.0 * higher,
    }
}

/// Like [`pixelate`], for regions in pixels of the camera's picture, whose size is `source`: this one may be smaller.
pub fn pixelate_scaled(image: &mut Image, regions: &[Rect], source: (u32, u32)) {
    let x = image.width as f32 / source.0.max(1) as f32;
    let y = image.height as f32 / source.1.max(1) as f32;
    for region in regions {
        let (left, top) = (region.left * x, region.top * y);
        pixelate(image, Rect { left, top, width: region.width * x, height: region.height * y });
    }
}

/// Replaces the blocks of a region by their mean colour. `region` is in pixels of the picture; what is outside it is ignored.
pub fn pixelate(image: &mut Image, region: Rect) {
    let columns = span(region.left, region.width, image.width);
    let rows = span(region.top, region.height, image.height);
    // Of the whole region, so that one that is cut off at the edge does not get finer blocks.
    let block = (region.width.min(region.height) / BLOCKS).max(SMALLEST_BLOCK).ceil();
    let block = if block.is_finite() { block as usize } else { return };
    for top in rows.clone().step_by(block) {
        for left in columns.clone().step_by(block) {
            let (right, bottom) = ((left + block).min(columns.end), (top + block).min(rows.end));
            flatten(image, left..right, top..bottom);
        }
    }
}

/// The pixels that a length covers at least in part.
fn span(start: f32, length: f32, size: u32) -> Range<usize> {
    let limit = |at: f32| at.clamp(0.0, size as f32) as usize;
    limit(start.floor())..limit((start + length).ceil())
}

fn flatten(image: &mut Image, columns: Range<usize>, rows: Range<usize>) {
    let width = image.width as usize;
    let line = |row: usize| (row * width + columns.start) * CHANNELS..(row * width + columns.end) * CHANNELS;
    let mut sums = [0_u64; CHANNELS];
    for row in rows.clone() {
        for pixel in image.data[line(row)].as_chunks::<CHANNELS>().0 {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(*value);
            }
        }
    }
    let pixels = (columns.len() * rows.len()).max(1) as u64;
    let mean = sums.map(|sum| ((sum + pixels / 2) / pixels) as u8);
    for row in rows {
        for pixel in image.data[line(row)].as_chunks_mut::<CHANNELS>().0 {
            *pixel = mean;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Each pixel has another colour.
    fn unlike(width: u32, height: u32) -> Image {
        let pixel = |at: u32| [(at % 251) as u8, (at / 251 % 251) as u8, (at / 63_001) as u8 * 40];
        Image::new(width, height, (0..width * height).flat_map(pixel).collect()).unwrap()
    }

    fn colours(image: &Image, columns: Range<u32>, rows: Range<u32>) -> HashSet<[u8; 3]> {
        rows.flat_map(|y| columns.clone().map(move |x| (x, y))).map(|(x, y)| image.pixel(x, y)).collect()
    }

    #[test]
    fn heads_and_plates_lie_in_their_regions() {
        let person = Rect { left: 100.0, top: 50.0, width: 60.0, height: 200.0 };
        let head = region(person, RoadUserClass::Pedestrian);
        // A head is an eighth of a person's height, anywhere in the width.
        assert!(head.left < 100.0 && head.left + head.width > 160.0);
        assert!(head.top < 50.0 && head.top + head.height > 50.0 + 200.0 / 8.0 * 1.5, "{head:?}");
        assert!(head.top + head.height < 150.0, "the body is not blurred: {head:?}");
        let car = Rect { left: 400.0, top: 300.0, width: 200.0, height: 150.0 };
        let plate = region(car, RoadUserClass::Car);
        assert!(plate.left < 400.0 && plate.left + plate.width > 600.0);
        // The lower third.
        assert!(plate.top < 300.0 + 100.0 && plate.top + plate.height > 450.0, "{plate:?}");
        assert!(plate.top > 375.0, "windows are not plates: {plate:?}");
        let rider = region(person, RoadUserClass::Motorcyclist);
        assert!(rider.top < 50.0 && rider.top + rider.height > 250.0);
    }

    #[test]
    fn a_region_keeps_one_colour_a_block_and_the_rest_of_the_picture_is_untouched() {
        let before = unlike(320, 240);
        let mut image = before.clone();
        pixelate(&mut image, Rect { left: 40.0, top: 30.0, width: 100.0, height: 50.0 });
        // 10 × 5 blocks.
        assert_eq!(colours(&before, 40..140, 30..80).len(), 5_000);
        assert!(colours(&image, 40..140, 30..80).len() <= 50);
        for (x, y) in (0..320).flat_map(|x| (0..240).map(move |y| (x, y))) {
            if !((40..140).contains(&x) && (30..80).contains(&y)) {
                assert_eq!(image.pixel(x, y), before.pixel(x, y), "{x},{y}");
            }
        }
    }

    #[test]
    fn a_block_has_the_mean_of_its_pixels() {
        let mut image = Image::filled(16, 16, [10, 20, 30]);
        for x in 0..8 {
            image.data[x * CHANNELS..(x + 1) * CHANNELS].copy_from_slice(&[74, 20, 30]);
        }
        pixelate(&mut image, Rect { left: 0.0, top: 0.0, width: 16.0, height: 16.0 });
        // An eighth of the block is lighter by 64.
        assert_eq!(
            (image.pixel(0, 0), image.pixel(7, 7), image.pixel(8, 0)),
            ([18, 20, 30], [18, 20, 30], [10, 20, 30])
        );
    }

    #[test]
    fn a_small_head_is_a_few_blocks_however_small_it_is() {
        let mut image = unlike(64, 64);
        pixelate(&mut image, Rect { left: 8.0, top: 8.0, width: 8.0, height: 6.0 });
        assert_eq!(colours(&image, 8..16, 8..14).len(), 1);
    }

    #[test]
    fn a_region_beyond_the_picture_is_cut_off() {
        let whole = Rect { left: -100.0, top: -50.0, width: 1_000.0, height: 800.0 };
        let mut image = unlike(64, 48);
        pixelate(&mut image, whole);
        assert_eq!(colours(&image, 0..64, 0..48).len(), 1);
        let before = unlike(64, 48);
        for outside in [
            Rect { left: 64.0, top: 0.0, width: 10.0, height: 10.0 },
            Rect { left: -20.0, top: -20.0, width: 10.0, height: 10.0 },
            Rect { left: 5.0, top: 5.0, width: 0.0, height: 0.0 },
            Rect { left: f32::NAN, top: 5.0, width: 5.0, height: 5.0 },
        ] {
            let mut image = before.clone();
            pixelate(&mut image, outside);
            assert_eq!(image, before, "{outside:?}");
        }
    }

    #[test]
    fn blocks_at_the_edge_are_as_coarse_as_inside() {
        let mut image = unlike(200, 200);
        // Only a strip of 4 pixels is in the picture.
        pixelate(&mut image, Rect { left: -96.0, top: 0.0, width: 100.0, height: 100.0 });
        assert!(colours(&image, 0..4, 0..100).len() <= 5);
    }

    #[test]
    fn what_is_hidden_is_found_in_a_picture_of_another_size() {
        let stripes = |at: u32| if (at % 320 / 4).is_multiple_of(2) { [0; 3] } else { [255; 3] };
        let mut image = Image::new(320, 180, (0..320 * 180).flat_map(stripes).collect()).unwrap();
        let hidden = Rect { left: 640.0, top: 360.0, width: 640.0, height: 360.0 };
        pixelate_scaled(&mut image, &[hidden], (1280, 720));
        assert!((160..320).all(|x| image.pixel(x, 100)[0] > 60 && image.pixel(x, 100)[0] < 190));
        assert_eq!((image.pixel(0, 100), image.pixel(4, 100), image.pixel(164, 10)), ([0; 3], [255; 3], [255; 3]));
    }
}
