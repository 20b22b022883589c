//! The pictures of the sample clip, one by one.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;

use super::{Codec, clip, folder, require_asset};

fn ffmpeg(input: &Path, args: &[&str], output: &Path) {
    let status = Command::new("ffmpeg").args(["-v", "error", "-y", "-i"]).arg(input).args(args).arg(output).status();
    assert!(status.expect("ffmpeg is installed").success(), "ffmpeg cannot read {}", input.display());
}

fn read(path: &Path) -> Bytes {
    std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display())).into()
}

/// The first `count` pictures of the clip as JPEG, 768×576.
pub fn jpegs(count: usize) -> Vec<Bytes> {
    let folder = folder("jpegs");
    let frames = count.to_string();
    let args = ["-frames:v", &frames, "-q:v", "3", "-pix_fmt", "yuvj420p"];
    ffmpeg(&require_asset("clips/vtest.avi"), &args, &folder.join("%04d.jpg"));
    (1..=count).map(|at| read(&folder.join(format!("{at:04}.jpg")))).collect()
}

/// The first `count` access units of the clip, in byte-stream (Annex B) format.
pub fn access_units(codec: Codec, count: usize) -> Vec<Bytes> {
    let stream = folder("units").join("stream");
    let frames = count.to_string();
    // An access unit delimiter before each unit marks where to split the stream.
    let (filter, format, delimiter): (_, _, &[u8]) = match codec {
        Codec::H265 => ("hevc_mp4toannexb,hevc_metadata=aud=insert", "hevc", &[0, 0, 0, 1, 0x46, 0x01]),
        Codec::H264 => ("h264_mp4toannexb,h264_metadata=aud=insert", "h264", &[0, 0, 0, 1, 0x09]),
    };
    ffmpeg(&clip(codec), &["-frames:v", &frames, "-c", "copy", "-an", "-bsf:v", filter, "-f", format], &stream);
    let bytes = read(&stream);
    let windows = bytes.windows(delimiter.len()).enumerate();
    let starts: Vec<usize> = windows.filter(|(_, window)| window == &delimiter).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| bytes.slice(*start..end)).collect()
}
