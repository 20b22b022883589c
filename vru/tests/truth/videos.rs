//! Makes videos with ffmpeg.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Width and height of a video: `640,480`.
pub fn size_of(video: &Path) -> String {
    let show = ["-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0"];
    let output = Command::new("ffprobe").args(show).arg(video).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
