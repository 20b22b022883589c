//! Shared by the benches: inputs, peers, interleaved measurement, and the rows of the table.
//!
//! A row compares ours with a peer in the same run: the two take turns, and each figure is the median of the turns. A moment in
//! which the machine is slow slows both.

pub mod burnt_clock;
pub mod caller;
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
pub mod whole_api;
pub mod worker;

use std::path::{Path, PathBuf};

/// The root folder of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}

/// The folder for results: `target/bench` in the repository.
pub fn results() -> PathBuf {
    repository().join("target/bench")
}

/// Prints a detail that is in no row.
#[expect(clippy::print_stdout, reason = "a bench reports on the terminal")]
pub fn note(text: &str) {
    println!("{text}");
}
