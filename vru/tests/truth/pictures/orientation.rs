//! Pictures that are stored turned or mirrored, as phones do.

use std::fs;
use std::path::{Path, PathBuf};

use vru_runtime::test_util::folder;

use super::{BOTH, Output, QUARTERS, assert_box};
use crate::analysis::FoundFrame;
use crate::videos::{make, size_of};

/// The brightness of the stored picture's quarters: top left, top right, bottom left, bottom right.
const A: f32 = 0.9;
const B: f32 = 0.6;
const C: f32 = 0.3;
const D: f32 = 0.0;
/// The size of the stored picture.
const SIZE: (f32, f32) = (320.0, 160.0);

/// The first two columns of a track's matrix (x' = a·x + c·y, y' = b·x + d·y), and the quarters that a person sees.
const ORIENTATIONS: [(&str, [i32; 4], [f32; 4]); 8] = [
    ("upright", [1, 0, 0, 1], [A, B, C, D]),
    ("clockwise", [0, 1, -1, 0], [C, A, D, B]),
    ("upside down", [-1, 0, 0, -1], [D, C, B, A]),
    ("counter-clockwise", [0, -1, 1, 0], [B, D, A, C]),
    ("left and right changed", [-1, 0, 0, 1], [B, A, D, C]),
    ("top and bottom changed", [1, 0, 0, -1], [C, D, A, B]),
    ("rows are columns", [0, 1, 1, 0], [A, C, B, D]),
    ("rows are columns, upside down", [0, -1, -1, 0], [D, B, C, A]),
];

fn stored() -> PathBuf {
    let grey = |level: f32| format!("0x{0:02x}{0:02x}{0:02x}", (level * 255.0).round() as u8);
    let quarter = |x, y, level| format!("drawbox={x}:{y}:160:80:{}:fill", grey(level));
    let graph = format!(
        "color=black:s=320x160:r=5:d=1,format=rgb24,{},{},{},scale=out_color_matrix=bt601:out_range=tv,format=yuv420p",
        quarter(0, 0, A),
        quarter(160, 0, B),
        quarter(0, 80, C)
    );
    make("stored.mp4", &format!("-f lavfi -i \"{graph}\" -c:v libx264 -preset ultrafast -crf 8 -bf 0"))
}

/// A copy of the file with another matrix in its track's header.
fn with_matrix(video: &Path, name: &str, [a, b, c, d]: [i32; 4]) -> PathBuf {
    let mut bytes = fs::read(video).unwrap();
    let header = bytes.windows(4).position(|four| four == b"tkhd").unwrap() + 4;
    assert_eq!(bytes[header], 0, "the header's version");
    let one = 1 << 16;
    let matrix = [a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30];
    bytes[header + 40..header + 76].copy_from_slice(&matrix.map(i32::to_be_bytes).concat());
    let file = video.with_file_name(format!("{name}.mp4"));
    fs::write(&file, bytes).unwrap();
    file
}

fn assert_quarters(what: &str, frame: &FoundFrame, quarters: [f32; 4]) {
    let seen = frame.scores(QUARTERS);
    let near = seen.iter().zip(quarters).all(|(seen, quarter)| (seen - quarter).abs() <= 0.03);
    assert!(near, "{what}: {seen:?} instead of {quarters:?}");
}

#[test]
fn a_picture_that_is_stored_turned_is_seen_upright() {
    let stored = stored();
    for (name, matrix, quarters) in ORIENTATIONS {
        let video = with_matrix(&stored, name, matrix);
        let (width, height) = if matrix[0] == 0 { (SIZE.1, SIZE.0) } else { SIZE };
        for output in BOTH {
            let call = output.analyse(&video, "probe-quadrants");
            let annotated = call.folder.join("annotated.mp4");
            let found = call.args(["--annotate".as_ref(), annotated.as_os_str()]).succeed();
            assert_eq!(found.frames.len(), 5, "{name}, {output:?}");
            for frame in &found.frames {
                assert_quarters(&format!("{name}, {output:?}"), frame, quarters);
                for object in &frame.objects {
                    let at = QUARTERS.iter().position(|class| *class == object.class).unwrap();
                    let expected =
                        [width / 2.0 * (at % 2) as f32, height / 2.0 * (at / 2) as f32, width / 2.0, height / 2.0];
                    assert_box(&format!("{name}, {output:?}: {}", object.class), object.r#box, expected);
                }
            }
            assert_eq!(size_of(&annotated), format!("{width},{height}"), "{name}, {output:?}");
        }
    }
}

/// The value in a JPEG, and the number of the orientation in [`ORIENTATIONS`].
const EXIF: [(u8, usize); 8] = [(1, 0), (6, 1), (3, 2), (8, 3), (2, 4), (4, 5), (5, 6), (7, 7)];

#[test]
fn a_jpeg_that_states_its_orientation_is_seen_upright() {
    let plain = fs::read(make("plain.jpg", &format!("-i {} -frames:v 1 -q:v 1", stored().display()))).unwrap();
    for (value, at) in EXIF {
        let (name, _, quarters) = ORIENTATIONS[at];
        let tiff = [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[value], &[0; 6]].concat();
        let exif = [b"\xff\xe1\0\x22Exif\0\0".as_slice(), &tiff].concat();
        let file = folder("jpeg").join("photo.jpg");
        fs::write(&file, [&plain[..2], &exif, &plain[2..]].concat()).unwrap();
        // As a picture, and as the frames of a video.
        let video = make("photos.avi", &format!("-i {} -c copy", file.display()));
        for file in [file, video] {
            let found = Output::Jpeg.analyse(&file, "probe-quadrants").succeed();
            assert_eq!(found.frames.len(), 1, "{name}");
            assert_quarters(&format!("{name}, {}", file.display()), &found.frames[0], quarters);
        }
    }
}
