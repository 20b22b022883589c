use half::f16;

use super::*;
use crate::geometry::Rect;
use crate::image::{Image, ImageRef};

fn spec(width: u32, height: u32) -> InputSpec {
    InputSpec {
        width,
        height,
        colour: ColourOrder::Rgb,
        scale: 1.0,
        mean: [0.0; 3],
        std: [1.0; 3],
        element: Element::F32,
        layout: TensorLayout::Nchw,
        resize: Resize::Letterbox,
        pad: 114,
    }
}

fn noise(width: u32, height: u32, seed: u64) -> Image {
    let mut state = seed;
    let data = (0..width * height * 3)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    Image { width, height, data }
}

/// Bilinear interpolation in floating point, straight from its definition.
fn bilinear(image: &Image, target: (u32, u32), x: u32, y: u32, channel: usize) -> f64 {
    let place = |at: u32, from: u32, to: u32| {
        ((f64::from(at) + 0.5) * f64::from(from) / f64::from(to) - 0.5).clamp(0.0, f64::from(from - 1))
    };
    let across = place(x, image.width, target.0);
    let down = place(y, image.height, target.1);
    let row = |line: u32| {
        let left = across.floor() as u32;
        let pixel = |x: u32| f64::from(image.pixel(x.min(image.width - 1), line.min(image.height - 1))[channel]);
        pixel(left) * (1.0 - across.fract()) + pixel(left + 1) * across.fract()
    };
    let top = down.floor() as u32;
    row(top) * (1.0 - down.fract()) + row(top + 1) * down.fract()
}

#[test]
fn every_size_is_within_two_grey_levels_of_exact_interpolation() {
    for (picture, input) in [
        ((48, 27), (16, 16)),
        ((47, 31), (32, 32)),
        ((20, 40), (64, 64)),
        ((1, 1), (8, 8)),
        ((3, 200), (32, 32)),
        ((33, 33), (33, 33)),
        ((100, 10), (31, 17)),
    ] {
        let image = noise(picture.0, picture.1, 7);
        for resize in [Resize::Letterbox, Resize::LetterboxTopLeft, Resize::Stretch] {
            let spec = InputSpec { resize, ..spec(input.0, input.1) };
            let mut tensor = vec![-1.0_f32; spec.tensor_len()];
            let placed = Letterbox::new(spec.clone()).unwrap().write(image.view(), &mut tensor).unwrap();
            for channel in 0..3 {
                for y in 0..input.1 {
                    for x in 0..input.0 {
                        let got = tensor[((channel as u32 * input.1 + y) * input.0 + x) as usize];
                        let inside = (placed.left..placed.left + placed.width).contains(&x)
                            && (placed.top..placed.top + placed.height).contains(&y);
                        let want = if inside {
                            let target = (placed.width, placed.height);
                            bilinear(&image, target, x - placed.left, y - placed.top, channel)
                        } else {
                            114.0
                        };
                        assert!(
                            (f64::from(got) - want).abs() <= 2.0,
                            "{picture:?} in {input:?} {resize:?} at {x},{y},{channel}: {got} for {want}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_wide_picture_is_padded_above_and_below() {
    let placed = Placement::of(&spec(640, 640), 1920, 1080);
    assert_eq!(placed, Placement { left: 0, top: 140, width: 640, height: 360 });
    let odd = Placement::of(&spec(416, 416), 768, 575);
    assert_eq!(odd, Placement { left: 0, top: 52, width: 416, height: 311 });
}

#[test]
fn values_are_normalised_in_the_tensors_channel_order() {
    let image = Image::filled(4, 4, [10, 20, 30]);
    let spec =
        InputSpec { colour: ColourOrder::Bgr, scale: 0.5, mean: [1.0, 2.0, 3.0], std: [2.0, 4.0, 8.0], ..spec(4, 4) };
    let want = [(15.0 - 1.0) / 2.0, (10.0 - 2.0) / 4.0, (5.0 - 3.0) / 8.0];

    let mut planes = vec![0.0_f32; spec.tensor_len()];
    Letterbox::new(spec.clone()).unwrap().write(image.view(), &mut planes).unwrap();
    for (channel, want) in want.iter().enumerate() {
        assert!(planes[channel * 16..(channel + 1) * 16].iter().all(|got| (got - want).abs() < 1e-6));
    }

    let spec = InputSpec { layout: TensorLayout::Nhwc, element: Element::F16, ..spec };
    let mut pixels = vec![f16::ZERO; spec.tensor_len()];
    Letterbox::new(spec).unwrap().write(image.view(), &mut pixels).unwrap();
    assert_eq!(pixels[..3], want.map(f16::from_f32));
    assert_eq!(pixels[45..], want.map(f16::from_f32));
}

#[test]
fn raw_bytes_pass_unchanged() {
    let image = noise(8, 8, 3);
    let spec = InputSpec { element: Element::U8, layout: TensorLayout::Nhwc, ..spec(8, 8) };
    let mut tensor = vec![0_u8; spec.tensor_len()];
    Letterbox::new(spec).unwrap().write(image.view(), &mut tensor).unwrap();
    assert_eq!(tensor, image.data);
}

#[test]
fn a_box_is_mapped_to_the_cameras_pixels_and_clipped() {
    // The camera's picture is 1920x1080, the decoded one 960x540, the model's input 640x640.
    let placed = Placement::of(&spec(640, 640), 960, 540);
    let back = placed.to_source(&Rect::from_edges(100.0, 240.0, 200.0, 340.0), 1920, 1080).unwrap();
    assert_eq!(back, Rect::from_edges(300.0, 300.0, 600.0, 600.0));
    let cut = placed.to_source(&Rect::from_edges(-10.0, 100.0, 10.0, 150.0), 1920, 1080).unwrap();
    assert_eq!(cut, Rect::from_edges(0.0, 0.0, 30.0, 30.0));
    assert_eq!(placed.to_source(&Rect::from_edges(0.0, 0.0, 640.0, 139.0), 1920, 1080), None);
    assert_eq!(placed.to_source(&Rect::from_edges(f32::NAN, 0.0, 1.0, 500.0), 1920, 1080), None);
    let there = placed.to_input(&back, 1920, 1080);
    assert!((there.left - 100.0).abs() < 1e-3 && (there.bottom() - 340.0).abs() < 1e-3);
}

#[test]
fn one_letterbox_serves_many_picture_sizes() {
    let mut letterbox = Letterbox::new(spec(16, 16)).unwrap();
    let mut shared = vec![0.0_f32; letterbox.spec().tensor_len()];
    let mut fresh = shared.clone();
    for round in 0..40_u32 {
        let image = noise(5 + round % 23, 9 + round % 7, u64::from(round));
        letterbox.write(image.view(), &mut shared).unwrap();
        Letterbox::new(spec(16, 16)).unwrap().write(image.view(), &mut fresh).unwrap();
        assert_eq!(shared, fresh);
    }
}

#[test]
fn sizes_and_types_that_do_not_match_are_errors() {
    assert!(matches!(Letterbox::new(spec(0, 4)), Err(LetterboxError::EmptyInput { .. })));
    let mut letterbox = Letterbox::new(spec(4, 4)).unwrap();
    let image = Image::filled(4, 4, [0; 3]);
    let mut tensor = vec![0.0_f32; 48];
    assert!(matches!(
        letterbox.write(image.view(), &mut tensor[..47]),
        Err(LetterboxError::TensorLength { needed: 48, got: 47 })
    ));
    assert!(matches!(letterbox.write(image.view(), &mut [0_u8; 48]), Err(LetterboxError::TensorElement { .. })));
    let short = ImageRef { width: 4, height: 4, data: &image.data[..40] };
    assert!(matches!(letterbox.write(short, &mut tensor), Err(LetterboxError::Picture(_))));
    let empty = ImageRef { width: 0, height: 4, data: &[] };
    assert!(matches!(letterbox.write(empty, &mut tensor), Err(LetterboxError::EmptyPicture { .. })));
}
