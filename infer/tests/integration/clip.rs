//! The sample clip as frames, as ingest would publish it.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use vru_proto::v1;

use crate::support::asset;

const SIZE: (u32, u32) = (768, 576);
const SESSION: u64 = 1_700_000_000_000_000;

fn ffmpeg(input: &Path, args: &[&str], output: &Path) {
    let status = Command::new("ffmpeg").args(["-v", "error", "-y", "-i"]).arg(input).args(args).arg(output).status();
    assert!(status.expect("ffmpeg is installed").success());
}

/// The first pictures of the clip as JPEG.
pub fn jpegs(count: usize) -> Vec<Bytes> {
    let folder = tempfile::tempdir().unwrap();
    let frames = count.to_string();
    ffmpeg(
        &asset("clips/vtest.avi"),
        &["-frames:v", &frames, "-q:v", "3", "-pix_fmt", "yuvj420p"],
        &folder.path().join("%04d.jpg"),
    );
    (1..=count).map(|at| std::fs::read(folder.path().join(format!("{at:04}.jpg"))).unwrap().into()).collect()
}

/// The first access units of the clip, in byte-stream format.
pub fn access_units(codec: v1::Encoding, count: usize) -> Vec<Bytes> {
    let folder = tempfile::tempdir().unwrap();
    let stream = folder.path().join("stream");
    let frames = count.to_string();
    // With a delimiter before each unit the stream is easily cut.
    let (clip, filter, format, delimiter): (_, _, _, &[u8]) = match codec {
        v1::Encoding::H265 => {
            ("clips/vtest-h265.mp4", "hevc_mp4toannexb,hevc_metadata=aud=insert", "hevc", &[0, 0, 0, 1, 0x46, 0x01])
        }
        _ => ("clips/vtest-h264.mp4", "h264_mp4toannexb,h264_metadata=aud=insert", "h264", &[0, 0, 0, 1, 0x09]),
    };
    ffmpeg(&asset(clip), &["-frames:v", &frames, "-c", "copy", "-an", "-bsf:v", filter, "-f", format], &stream);
    let bytes = Bytes::from(std::fs::read(stream).unwrap());
    let starts: Vec<usize> = bytes
        .windows(delimiter.len())
        .enumerate()
        .filter(|(_, window)| window == &delimiter)
        .map(|(at, _)| at)
        .collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| bytes.slice(*start..end)).collect()
}

/// A frame of that camera.
pub fn jpeg_frame(camera: &str, sequence: u64, jpeg: &Bytes, delivery: v1::Delivery) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: SESSION, sequence }),
        captured_at_us: SESSION as i64 + sequence as i64 * 100_000,
        clock_source: v1::ClockSource::File.into(),
        ingested_at_us: vru_runtime::clock::now_us() + 3_600_000_000,
        width: SIZE.0,
        height: SIZE.1,
        source_width: SIZE.0,
        source_height: SIZE.1,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        delivery: delivery.into(),
        analyse: true,
        payload: jpeg.clone(),
        ..Default::default()
    }
}

/// A frame of that camera that is not decoded yet.
pub fn coded_frame(camera: &str, sequence: u64, unit: &Bytes, encoding: v1::Encoding) -> v1::Frame {
    let codec = if encoding == v1::Encoding::H265 { vru_media::Codec::H265 } else { vru_media::Codec::H264 };
    v1::Frame {
        encoding: encoding.into(),
        key_frame: codec.is_key_unit(unit),
        ..jpeg_frame(camera, sequence, unit, v1::Delivery::EveryFrame)
    }
}
