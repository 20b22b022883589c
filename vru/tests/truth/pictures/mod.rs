//! The picture that a model sees is the one that a person sees in a good player: colours, orientation and shape. It is the same whether
//! ingest sends JPEGs or passes the file's own access units on.

mod cameras;
mod colours;
mod orientation;
mod outputs;
mod shape;

use std::path::Path;

use crate::analysis::Analyse;

const RGB: [&str; 3] = ["pedestrian", "car", "bus"];
const QUARTERS: [&str; 4] = ["pedestrian", "car", "bus", "truck"];

/// What ingest makes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Jpeg,
    Passthrough,
}

const BOTH: [Output; 2] = [Output::Jpeg, Output::Passthrough];

impl Output {
    /// Analyses a file with a probe.
    fn analyse(self, video: &Path, probe: &str) -> Analyse {
        let name = match self {
            Self::Jpeg => "jpeg",
            Self::Passthrough => "passthrough",
        };
        let file = video.display();
        Analyse::fixture(video, probe).cameras(&format!(
            "[[cameras]]\nid = \"camera\"\nfile = {{ path = \"{file}\" }}\noutput = {{ encoding = \"{name}\" }}\n"
        ))
    }
}

/// Left, top, width and height.
fn assert_box(what: &str, found: [f32; 4], expected: [f32; 4]) {
    let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 0.01);
    assert!(near, "{what}: {found:?} instead of {expected:?}");
}
