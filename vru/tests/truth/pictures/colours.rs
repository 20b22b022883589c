//! Flat pictures of known colours, in every range and matrix.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{BOTH, Output, RGB};
use crate::analysis::FoundFrame;
use crate::videos::{ffmpeg, make};

/// The names of the colours for ffmpeg, and their red, green and blue.
const COLOURS: [(&str, [f32; 3]); 6] = [
    ("0xffffff", [1.0, 1.0, 1.0]),
    ("0x000000", [0.0, 0.0, 0.0]),
    ("0xff0000", [1.0, 0.0, 0.0]),
    ("0x00c000", [0.0, 0.753, 0.0]),
    ("0x2040c0", [0.125, 0.251, 0.753]),
    ("0x804020", [0.502, 0.251, 0.125]),
];
/// Of a score. Eight bits of YCbCr, twice rounded, and two lossy encoders.
const TOLERANCE: f32 = 0.02;

/// A video with a frame of each colour. `filter` converts the frames from RGB, `encoder` encodes them.
pub(super) fn video(name: &str, size: &str, filter: &str, encoder: &str) -> PathBuf {
    let paint = |(at, (colour, _)): (usize, &(&str, _))| format!("drawbox=0:0:iw:ih:{colour}:fill:enable='eq(n,{at})'");
    let paints: Vec<String> = COLOURS.iter().enumerate().map(paint).collect();
    let source = format!("color=black:s={size}:r=5:d=1.2,format=rgb24,{}", paints.join(","));
    make(name, &format!("-f lavfi -i \"{source},{filter}\" -frames:v {COUNT} {encoder}"))
}

/// The number of colours in a [`video`].
pub(super) const COUNT: usize = COLOURS.len();

/// Which colour of a [`video`] this is.
pub(super) fn colour_at(found: [f32; 3]) -> Option<usize> {
    COLOURS.iter().position(|(_, expected)| is_near(found, *expected))
}

fn is_near(found: [f32; 3], expected: [f32; 3]) -> bool {
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= TOLERANCE)
}

fn assert_colours(what: &str, frames: &[FoundFrame]) {
    assert_eq!(frames.len(), COUNT, "{what}");
    for (frame, (name, expected)) in frames.iter().zip(COLOURS) {
        let found = frame.scores(RGB);
        assert!(is_near(found, expected), "{what}: {name} is seen as {found:?} instead of {expected:?}");
    }
}

fn check(video: &Path, outputs: &[Output]) {
    for output in outputs {
        let found = output.analyse(video, "probe-rgb").succeed();
        assert_colours(&format!("{}, {output:?}", video.display()), &found.frames);
    }
}

const X264: &str = "-c:v libx264 -preset ultrafast -crf 8 -x264-params keyint=1";

const X265: &str = "-c:v libx265 -preset ultrafast -crf 8 -tag:v hvc1 -x265-params keyint=1:log-level=error";

/// Encoder arguments that state range and matrix.
fn stated(range: &str, matrix: &str) -> String {
    format!("{X264} -color_range {range} -colorspace {matrix}")
}

fn planar(matrix: &str, range: &str, format: &str) -> String {
    format!("scale=out_color_matrix={matrix}:out_range={range},format={format}")
}

#[test]
fn stated_colours_are_seen_as_they_are() {
    for (matrix, stated_matrix) in [("bt709", "bt709"), ("bt601", "smpte170m"), ("bt2020", "bt2020nc")] {
        for (range, format) in [("tv", "yuv420p"), ("pc", "yuvj420p")] {
            let name = format!("{matrix}-{range}.mp4");
            check(&video(&name, "320x240", &planar(matrix, range, format), &stated(range, stated_matrix)), &BOTH);
        }
    }
}

#[test]
fn unstated_colours_are_taken_by_the_size_of_the_picture() {
    check(&video("sd.mp4", "720x576", &planar("bt601", "tv", "yuv420p"), X264), &BOTH);
    check(&video("hd.mp4", "1280x720", &planar("bt709", "tv", "yuv420p"), X264), &BOTH);
    check(&video("uhd.mp4", "3840x2160", &planar("bt709", "tv", "yuv420p"), X264), &BOTH);
    // A stated range counts although the matrix is not stated: so do many cameras.
    let full = format!("{X264} -color_range pc");
    check(&video("full-sd.mp4", "640x480", &planar("bt601", "pc", "yuvj420p"), &full), &BOTH);
    check(&video("full-hd.mp4", "1280x720", &planar("bt709", "pc", "yuvj420p"), &full), &BOTH);
}

#[test]
fn colours_do_not_depend_on_how_they_are_sampled() {
    for format in ["yuv422p", "yuv444p", "yuv420p10le"] {
        let name = format!("{format}.mp4");
        check(&video(&name, "322x242", &planar("bt709", "tv", format), &stated("tv", "bt709")), &BOTH);
    }
    let rgb = "-c:v libx264rgb -preset ultrafast -crf 8 -x264-params keyint=1";
    check(&video("rgb.mp4", "320x240", "format=rgb24", rgb), &BOTH);
}

#[test]
fn h265_of_eight_and_ten_bits_has_its_colours() {
    for (range, x265_range, format) in
        [("tv", "limited", "yuv420p"), ("pc", "full", "yuv420p"), ("tv", "limited", "yuv420p10le")]
    {
        let params = format!("keyint=1:log-level=error:crf=8:colormatrix=bt709:range={x265_range}");
        let encoder = format!("-c:v libx265 -preset ultrafast -x265-params {params}");
        check(
            &video(&format!("{x265_range}-{format}.mp4"), "320x240", &planar("bt709", range, format), &encoder),
            &BOTH,
        );
    }
}

#[test]
fn jpegs_are_not_converted_twice() {
    for format in ["yuvj420p", "yuvj422p", "yuvj444p"] {
        let filter = planar("bt601", "pc", format);
        check(&video(&format!("{format}.avi"), "320x240", &filter, "-c:v mjpeg -q:v 1"), &[Output::Jpeg]);
    }
}

#[test]
fn other_codecs_have_their_colours_too() {
    let sd = planar("bt601", "tv", "yuv420p");
    check(&video("old.avi", "320x240", &sd, "-c:v mpeg4 -q:v 1"), &[Output::Jpeg]);
    check(&video("lossless.mkv", "320x240", "format=bgr0", "-c:v ffv1"), &[Output::Jpeg]);
}

/// What only the container states: arguments of ffmpeg, and the matrix and range of the planes.
const IN_CONTAINER: [(&str, &str, &str, &str); 3] = [
    ("-color_range pc -colorspace bt709", "bt709", "pc", "yuv420p"),
    ("-color_range tv -colorspace bt709", "bt709", "tv", "yuv420p"),
    ("-color_range pc -colorspace bt2020nc", "bt2020", "pc", "yuv420p10le"),
];

#[test]
fn colours_that_only_the_container_states_count() {
    for (stated, matrix, range, format) in IN_CONTAINER {
        // The encoder would state what the filters tell it.
        let unstated = format!("{},setparams=range=unknown:colorspace=unknown", planar(matrix, range, format));
        for (codec, encoder) in [("h264", X264), ("h265", X265)] {
            let plain = video(&format!("{codec}.mkv"), "320x240", &unstated, encoder);
            for container in ["mp4", "mov", "mkv"] {
                // QuickTime has no range. H.265 of this encoder states the limited one.
                if range == "pc" && (container == "mov" || codec == "h265") {
                    continue;
                }
                let name = format!("{codec}-{matrix}-{range}.{container}");
                let colr = if container == "mkv" { "" } else { "-movflags write_colr" };
                let video = make(&name, &format!("-i {} -c copy {stated} {colr}", plain.display()));
                if codec == "h264" {
                    let player = in_player(&video);
                    // ffmpeg converts in a hurry.
                    let near = |seen: f32, colour: f32| (seen - colour).abs() <= 2.0 * TOLERANCE;
                    let mut all = player.iter().zip(COLOURS).flat_map(|(seen, (_, colour))| seen.iter().zip(colour));
                    let near = all.all(|(seen, colour)| near(*seen, colour));
                    assert!(near, "{name}: ffmpeg shows {player:?}");
                }
                check(&video, &BOTH);
            }
        }
    }
}

#[test]
fn colours_in_the_stream_count_more_than_those_of_the_container() {
    let filter = planar("bt601", "tv", "yuv420p");
    let plain = video("own.mp4", "320x240", &filter, &stated("tv", "smpte170m"));
    let arguments = "-color_range pc -colorspace bt709 -movflags write_colr";
    check(&make("both.mp4", &format!("-i {} -c copy {arguments}", plain.display())), &BOTH);
}

/// The colours of a [`video`] by range and matrix as ffmpeg's decoder states them.
fn in_player(video: &Path) -> Vec<[f32; 3]> {
    let show =
        ["-v", "error", "-read_intervals", "%+#1", "-show_entries", "frame=color_range,color_space", "-of", "json"];
    let output = Command::new("ffprobe").args(show).arg(video).output().unwrap();
    let probed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stated = |name: &str| probed["frames"][0][name].as_str().unwrap_or("auto").trim_end_matches("nc").to_owned();
    let (range, matrix) = (stated("color_range"), stated("color_space"));
    let graph =
        format!("scale=in_range={range}:in_color_matrix={matrix}:out_range=pc,format=gbrp,scale=1:1,format=rgb24");
    let pixels = video.with_extension("rgb");
    let arguments = ["-vf", &graph, "-f", "rawvideo"];
    ffmpeg(["-i".as_ref(), video.as_os_str()].into_iter().chain(arguments.map(OsStr::new)), &pixels);
    let bytes = std::fs::read(pixels).unwrap();
    bytes.chunks_exact(3).map(|rgb| [0, 1, 2].map(|at| f32::from(rgb[at]) / 255.0)).collect()
}
