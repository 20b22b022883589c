//! Pictures whose pixels are not square.

use super::{BOTH, assert_box};
use crate::videos::{make, size_of};

/// Stored size, shape of a pixel, and the size that a person sees.
const SHAPES: [(&str, &str, (f32, f32)); 6] = [
    ("720x576", "64/45", (1024.0, 576.0)),
    ("720x576", "16/15", (768.0, 576.0)),
    ("720x480", "8/9", (640.0, 480.0)),
    ("480x480", "4/3", (640.0, 480.0)),
    ("1440x1080", "4/3", (1920.0, 1080.0)),
    ("321x243", "1/1", (321.0, 243.0)),
];

#[test]
fn a_shape_that_only_the_file_states_counts_too() {
    let video =
        make("plain.mp4", "-f lavfi -i color=gray:s=720x576:r=5:d=1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p");
    let video = make("wide.mp4", &format!("-i {} -c copy -aspect 16:9", video.display()));
    for output in BOTH {
        let call = output.analyse(&video, "probe-whole");
        let annotated = call.folder.join("annotated.mp4");
        let found = call.args(["--annotate".as_ref(), annotated.as_os_str()]).succeed();
        for object in found.frames.iter().flat_map(|frame| &frame.objects) {
            assert_box(&format!("{output:?}"), object.r#box, [0.0, 0.0, 1024.0, 576.0]);
        }
        assert_eq!(size_of(&annotated), "1024,576", "{output:?}");
    }
}

#[test]
fn boxes_are_in_square_pixels() {
    for (size, shape, (width, height)) in SHAPES {
        // A size that is odd has to be encoded without subsampling.
        let graph = format!("color=gray:s={size}:r=5:d=1,format=yuv444p,setsar={shape}");
        let encoder = "-c:v libx264 -preset ultrafast";
        let video = make("shaped.mp4", &format!("-f lavfi -i \"{graph}\" {encoder}"));
        for output in BOTH {
            let found = output.analyse(&video, "probe-whole").succeed();
            assert_eq!(found.frames.len(), 5, "{size} {shape}, {output:?}");
            for object in found.frames.iter().flat_map(|frame| &frame.objects) {
                assert_box(&format!("{size} {shape}, {output:?}"), object.r#box, [0.0, 0.0, width, height]);
            }
        }
    }
}
