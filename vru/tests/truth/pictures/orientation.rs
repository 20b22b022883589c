//! Pictures that are stored turned or mirrored, as phones do.

use std::fs;
use std::path::{Path, PathBuf};

use vru_runtime::test_util::folder;

use super::{BOTH, Output, QUARTERS, assert_box};
use crate::analysis::FoundFrame;
use crate::videos::{first_picture, make, size_of};

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

/// The arguments of the bitstream filter that states an orientation in H.264, and the quarters that a person sees.
const IN_STREAM: [(&str, [f32; 4]); 7] = [
    ("rotate=90", [B, D, A, C]),
    ("rotate=180", [D, C, B, A]),
    ("rotate=270", [C, A, D, B]),
    ("flip=horizontal", [B, A, D, C]),
    ("flip=vertical", [C, D, A, B]),
    ("rotate=90:flip=horizontal", [A, C, B, D]),
    ("rotate=90:flip=vertical", [D, B, C, A]),
];
/// A rotation of 90° counter-clockwise as an SEI unit of H.265, and the quarters that a person sees.
const SEI_H265: [u8; 12] = [0, 0, 0, 1, 39 << 1, 1, 47, 3, 0x08, 0x00, 0x18, 0x80];
const COUNTER_CLOCKWISE: [f32; 4] = [B, D, A, C];

fn stored() -> PathBuf {
    stored_as("stored.mp4", "", "-c:v libx264 -preset ultrafast -crf 8 -bf 0 -x264-params keyint=2")
}

/// The stored picture, with more filters and another encoder.
fn stored_as(name: &str, filters: &str, encoder: &str) -> PathBuf {
    let grey = |level: f32| format!("0x{0:02x}{0:02x}{0:02x}", (level * 255.0).round() as u8);
    let quarter = |x, y, level| format!("drawbox={x}:{y}:160:80:{}:fill", grey(level));
    let graph = format!(
        "color=black:s=320x160:r=5:d=1,format=rgb24,{},{},{},scale=out_color_matrix=bt601:out_range=tv,format=yuv420p{filters}",
        quarter(0, 0, A),
        quarter(160, 0, B),
        quarter(0, 80, C)
    );
    make(name, &format!("-f lavfi -i \"{graph}\" {encoder}"))
}

/// A video that states its orientation in the stream.
pub(super) struct Turned {
    pub(super) name: String,
    pub(super) video: PathBuf,
    /// What a person sees.
    pub(super) quarters: [f32; 4],
    /// Width and height change places.
    pub(super) sideways: bool,
}

/// One for each way to state an orientation in the stream. `filters` change the stored picture.
pub(super) fn turned_in_stream(filters: &str) -> Vec<Turned> {
    let h264 = stored_as("stored.mp4", filters, "-c:v libx264 -preset ultrafast -crf 8 -bf 0 -x264-params keyint=2");
    let state = |(arguments, quarters): (&str, [f32; 4])| {
        let filter = format!("h264_metadata=display_orientation=insert:{arguments}");
        let video = make("turned.mp4", &format!("-i {} -c copy -bsf:v {filter}", h264.display()));
        let sideways = arguments.contains("90") || arguments.contains("270");
        Turned { name: arguments.replace(['=', ':'], "-"), video, quarters, sideways }
    };
    let mut all: Vec<_> = IN_STREAM.map(state).into();
    let params = "keyint=2:repeat-headers=1:log-level=error:crf=8:bframes=0";
    let h265 = stored_as("stored.h265", filters, &format!("-c:v libx265 -preset ultrafast -x265-params {params}"));
    let turned = h265.with_file_name("turned.h265");
    fs::write(&turned, with_sei(&fs::read(&h265).unwrap())).unwrap();
    let video = make("turned.mp4", &format!("-f hevc -r 5 -i {} -c copy -tag:v hvc1", turned.display()));
    all.push(Turned { name: "h265".to_owned(), video, quarters: COUNTER_CLOCKWISE, sideways: true });
    all
}

/// H.265 with an SEI unit in front of each key frame.
fn with_sei(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut found = 0;
    for (at, byte) in stream.iter().enumerate() {
        let starts_key_frame = stream[at..].len() > 5
            && stream[at..at + 4] == [0, 0, 0, 1]
            && (16..=21).contains(&((stream[at + 4] >> 1) & 0x3f));
        // A key frame has a short start code behind its parameter sets.
        let short = stream[at..].len() > 4
            && stream[at..at + 3] == [0, 0, 1]
            && (at == 0 || stream[at - 1] != 0)
            && (16..=21).contains(&((stream[at + 3] >> 1) & 0x3f));
        if starts_key_frame || short {
            out.extend(SEI_H265);
            found += 1;
        }
        out.push(*byte);
    }
    assert!(found > 1, "the stream has no key frames");
    out
}

pub(super) fn are_near(seen: [f32; 4], quarters: [f32; 4]) -> bool {
    seen.iter().zip(quarters).all(|(seen, quarter)| (seen - quarter).abs() <= 0.03)
}

/// The brightness of a picture's quarters.
pub(super) fn quarters_of(picture: &vru_vision::image::Image) -> [f32; 4] {
    let at = |x: u32, y: u32| {
        let pixel = ((y * picture.width + x) * 3) as usize;
        f32::from(picture.data[pixel]) / 255.0
    };
    let ([left, right], [top, bottom]) =
        ([1, 3].map(|part| picture.width * part / 4), [1, 3].map(|part| picture.height * part / 4));
    [at(left, top), at(right, top), at(left, bottom), at(right, bottom)]
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
    assert!(are_near(seen, quarters), "{what}: {seen:?} instead of {quarters:?}");
}

#[test]
fn an_orientation_in_the_stream_counts() {
    for Turned { name, video, quarters, .. } in turned_in_stream("") {
        let player = quarters_of(&first_picture(&video));
        assert!(are_near(player, quarters), "{name}: ffmpeg shows {player:?}");
        for output in BOTH {
            let found = output.analyse(&video, "probe-quadrants").succeed();
            assert_eq!(found.frames.len(), 5, "{name}, {output:?}");
            for frame in &found.frames {
                assert_quarters(&format!("{name}, {output:?}"), frame, quarters);
            }
        }
    }
}

#[test]
fn the_orientation_of_the_stream_counts_more_than_that_of_the_container() {
    let Turned { video, quarters, .. } = turned_in_stream("").swap_remove(1);
    let video = with_matrix(&video, "both", ORIENTATIONS[1].1);
    let player = quarters_of(&first_picture(&video));
    assert!(are_near(player, quarters), "ffmpeg shows {player:?}");
    for output in BOTH {
        let found = output.analyse(&video, "probe-quadrants").succeed();
        for frame in &found.frames {
            assert_quarters(&format!("{output:?}"), frame, quarters);
        }
    }
}

#[test]
fn boxes_for_mot_are_in_the_turned_picture() {
    // Long enough for a track to be confirmed.
    let stored =
        stored_as("long.mp4", ",tpad=stop_mode=clone:stop_duration=2", "-c:v libx264 -preset ultrafast -crf 8");
    let video = with_matrix(&stored, "mot", ORIENTATIONS[1].1);
    for output in BOTH {
        let call = output.analyse(&video, "probe-quadrants");
        let file = call.folder.join("tracks.txt");
        let classes = QUARTERS.join(",");
        call.args(["--mot".as_ref(), file.as_os_str(), "--classes".as_ref(), classes.as_ref()]).succeed();
        let text = fs::read_to_string(&file).unwrap();
        // Frame, track, left, top, width, height: the two bright quarters of a picture of 160×320. The others are too dark for a track.
        let mut boxes: Vec<[f32; 4]> = Vec::new();
        for line in text.lines().filter(|line| line.starts_with("15,")) {
            let numbers: Vec<f32> = line.split(',').map(|number| number.parse().unwrap()).collect();
            boxes.push(numbers[2..6].try_into().unwrap());
        }
        boxes.sort_by(|one, other| one[1].total_cmp(&other[1]));
        assert_eq!(boxes.len(), 2, "{output:?}: {text}");
        assert_box(&format!("{output:?}"), boxes[0], [80.0, 0.0, 80.0, 160.0]);
        assert_box(&format!("{output:?}"), boxes[1], [80.0, 160.0, 80.0, 160.0]);
    }
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
