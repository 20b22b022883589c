//! The picture that a model sees is the one that a person sees in a good player.

use crate::analysis::Analyse;
use crate::videos::make;

const RGB: [&str; 3] = ["pedestrian", "car", "bus"];

#[test]
fn a_probe_says_what_it_sees() {
    let video = make("white.mp4", "-f lavfi -i color=white:s=320x240:r=5:d=1 -c:v libx264 -pix_fmt yuv420p");
    let found = Analyse::fixture(&video, "probe-rgb").succeed();
    assert_eq!(found.frames.len(), 5);
    for frame in &found.frames {
        assert!(frame.scores(RGB).iter().all(|score| *score > 0.9), "{frame:?}");
    }
}
