//! What the benches share: inputs, peers, the interleaved measurement, and the rows of the table.
//!
//! A row compares ours with a peer in the same run: the two take turns, and each one's figure is the median of its turns.
//! Whatever slows the machine for a moment slows both.

pub mod burnt_clock;
pub mod camera;
pub mod clock_camera;
pub mod inputs;
pub mod machine;
pub mod measure;
pub mod messages;
pub mod peer;
pub mod process;
pub mod publish;
pub mod row;
pub mod rtsp;
pub mod table;
pub mod worker;

use std::path::{Path, PathBuf};

/// The folder of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}

/// Where results go: `target/bench` of the repository.
pub fn results() -> PathBuf {
    repository().join("target/bench")
}

/// Tells whoever watches what no row has room for.
#[expect(clippy::print_stdout, reason = "a bench talks to whoever started it")]
pub fn note(text: &str) {
    println!("{text}");
}
