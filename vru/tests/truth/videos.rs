//! Makes videos with ffmpeg.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use vru_runtime::test_util::{Launch, folder};
use vru_vision::image::Image;

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

/// The first picture of a video as ffmpeg shows it: turned, with square pixels.
pub fn first_picture(video: &Path) -> Image {
    let file = video.with_extension("first.ppm");
    let square = ["-vf", "scale=iw:ih/sar,setsar=1", "-frames:v", "1", "-c:v", "ppm"];
    ffmpeg(["-i".as_ref(), video.as_os_str()].into_iter().chain(square.map(OsStr::new)), &file);
    let bytes = std::fs::read(file).unwrap();
    let mut words = bytes.splitn(4, u8::is_ascii_whitespace).skip(1);
    let mut side = || std::str::from_utf8(words.next().unwrap()).unwrap().parse::<u32>().unwrap();
    let (width, height) = (side(), side());
    let rest = words.next().unwrap();
    // Behind the largest value.
    let pixels = rest.iter().position(u8::is_ascii_whitespace).unwrap() + 1;
    Image::new(width, height, rest[pixels..].to_vec()).unwrap()
}
