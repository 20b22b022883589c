//! Makes videos with ffmpeg.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use vru_runtime::test_util::{Launch, folder};

/// Runs ffmpeg with these arguments and this output file. Panics with its messages when it fails.
pub fn ffmpeg<I: Into<OsString>>(args: impl IntoIterator<Item = I>, output: &Path) {
    let log = output.with_extension("log");
    Launch::new("ffmpeg", log)
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
        .args(args)
        .args([output])
        .run();
}

/// A new file of this name, in a folder of its own. The arguments are separated by blanks, except that `"` keeps blanks together.
pub fn make(name: &str, args: &str) -> PathBuf {
    let file = folder("video").join(name);
    let quoted = args.split('"').enumerate();
    let words = quoted.flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    ffmpeg(words, &file);
    file
}
