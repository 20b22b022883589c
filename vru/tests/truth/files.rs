//! A file ends with what it really gave: each frame under its own number and time, and a word about what is missing.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use vru_runtime::test_util::folder;

use crate::analysis::{Analyse, Analysis};
use crate::videos::make;

const PATTERN: &str = "-f lavfi -i testsrc2=s=320x240:r=10:d=6";
const H264: &str = "-c:v libx264 -pix_fmt yuv420p -g 10";
const START_US: i64 = 1_700_000_000_000_000;
/// The status of `vru analyse` for a damaged file.
const DAMAGED: i32 = 3;

#[derive(Debug, Deserialize)]
struct Summary {
    frames: u64,
    undecodable: u64,
    whole: bool,
    missing_seconds: Option<f64>,
    frames_without_time: u64,
}

struct Read {
    analysis: Analysis,
    mot: Option<String>,
}

impl Read {
    fn summary(&self) -> Summary {
        let line = self.analysis.log.lines().find(|line| line.starts_with('{'));
        serde_json::from_str(line.unwrap_or_else(|| panic!("no summary: {}", self.analysis.log))).unwrap()
    }

    fn status(&self) -> Option<i32> {
        self.analysis.status.code()
    }

    fn sequences(&self) -> Vec<u64> {
        self.analysis.frames.iter().map(|frame| frame.sequence).collect()
    }

    /// Milliseconds from the start of the file.
    fn times(&self) -> Vec<i64> {
        self.analysis.frames.iter().map(|frame| (frame.captured_at_us - START_US) / 1_000).collect()
    }

    fn assert_whole(&self, frames: u64, name: &str) {
        assert_eq!(self.status(), Some(0), "{name}: {}", self.analysis.log);
        assert_eq!(self.sequences(), (0..frames).collect::<Vec<_>>(), "{name}: {}", self.analysis.log);
        let times = self.times();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{name}: {times:?}");
    }
}

fn read(video: &Path) -> Read {
    let mot = folder("mot").join("tracks.txt");
    let start: [OsString; 4] =
        ["--start-time-us".into(), START_US.to_string().into(), "--mot".into(), mot.clone().into()];
    let analysis = Analyse::fixture(video, "probe-whole").args(start).run();
    Read { analysis, mot: fs::read_to_string(mot).ok() }
}

/// The first part of a file, under a name of its own.
fn cut(video: &Path, name: &str, tenths: usize) -> PathBuf {
    let bytes = fs::read(video).unwrap();
    let file = folder("cut").join(name);
    fs::write(&file, &bytes[..bytes.len() * tenths / 10]).unwrap();
    file
}

#[test]
fn a_file_that_was_cut_gives_what_it_holds_and_says_how_much_is_missing() {
    for (name, more) in [
        ("front.mp4", "-movflags +faststart"),
        ("fragments.mp4", "-movflags +frag_keyframe+empty_moov"),
        ("film.mkv", ""),
        ("film.avi", "-bf 0"),
        ("film.flv", ""),
    ] {
        let whole = make(name, &format!("{PATTERN} {H264} {more}"));
        read(&whole).assert_whole(60, name);
        let read = read(&cut(&whole, name, 6));
        let log = &read.analysis.log;
        assert_eq!(read.status(), Some(DAMAGED), "{name}: {log}");
        let frames = read.sequences().len() as u64;
        assert!((25..50).contains(&frames), "{name}: {frames} frames, {log}");
        assert_eq!(read.sequences(), (0..frames).collect::<Vec<_>>(), "{name}");
        let summary = read.summary();
        assert!(!summary.whole && summary.frames == frames, "{name}: {summary:?}");
        assert!(log.contains("the file ends early"), "{name}: {log}");
        // Fragments and FLV state no length that can be trusted after a cut.
        if ["front.mp4", "film.mkv", "film.avi"].contains(&name) {
            let missing = summary.missing_seconds.unwrap();
            let lost = summary.undecodable as f64 / 10.0;
            assert!((missing + lost - (6.0 - frames as f64 / 10.0)).abs() < 0.6, "{name}: {summary:?}");
        }
        assert!(read.mot.is_some_and(|mot| !mot.is_empty()), "{name}: the tracks are written all the same");
    }
}

#[test]
fn a_file_without_its_index_is_an_error_that_names_it() {
    let late = make("late.mp4", &format!("{PATTERN} {H264}"));
    let file = cut(&late, "no-index.mp4", 6);
    let read = read(&file);
    assert_eq!(read.status(), Some(1), "{}", read.analysis.log);
    assert!(read.analysis.log.contains("no-index.mp4"), "{}", read.analysis.log);
}

#[test]
fn a_damaged_middle_leaves_a_gap_in_numbers_and_times_stay_right() {
    for (name, more) in [("plain.mp4", "-bf 0"), ("reordered.mp4", "-bf 2")] {
        let whole = make(name, &format!("{PATTERN} {H264} {more} -movflags +faststart"));
        let mut bytes = fs::read(&whole).unwrap();
        // About the middle of the pictures; the index is in front.
        let (from, to) = (bytes.len() * 52 / 100, bytes.len() * 58 / 100);
        for (at, byte) in bytes[from..to].iter_mut().enumerate() {
            *byte = (at * 37) as u8;
        }
        let file = folder("damaged").join(name);
        fs::write(&file, bytes).unwrap();
        let read = read(&file);
        let log = &read.analysis.log;
        assert_eq!(read.status(), Some(DAMAGED), "{name}: {log}");
        let sequences = read.sequences();
        let last = *sequences.last().unwrap();
        assert_eq!(last, 59, "{name}: {sequences:?} {log}");
        for (sequence, millis) in sequences.iter().zip(read.times()) {
            assert_eq!(*sequence as i64 * 100, millis, "{name}: {sequences:?}");
        }
        let lost = 60 - sequences.len() as u64;
        let summary = read.summary();
        assert!(lost > 0 && summary.undecodable == lost, "{name}: {lost} {summary:?}");
        let mot = read.mot.unwrap();
        let numbers: Vec<u64> = mot.lines().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        assert_eq!(numbers.iter().max(), Some(&60), "{name}: {numbers:?}");
        assert!(numbers.iter().all(|number| sequences.contains(&(number - 1))), "{name}: {numbers:?}");
    }
}

#[test]
fn pictures_in_a_container_are_no_video() {
    let cover = make("cover.jpg", "-f lavfi -i color=blue:s=160x120:r=1:d=1 -frames:v 1 -pix_fmt yuvj420p");
    let film = make("film.mp4", &format!("{PATTERN} {H264}"));
    let (cover, film) = (cover.display(), film.display());
    for (name, order) in [
        ("picture-first.mp4", format!("-i {cover} -i {film} -map 0 -map 1 -c copy")),
        ("picture-first.mkv", format!("-i {cover} -i {film} -map 0 -map 1 -c copy")),
        ("attached.mp4", format!("-i {film} -i {cover} -map 0 -map 1 -c copy -disposition:v:1 attached_pic")),
        ("attachment.mkv", format!("-i {film} -attach {cover} -metadata:s:t mimetype=image/jpeg -map 0 -c copy")),
    ] {
        read(&make(name, &order)).assert_whole(60, name);
    }
}

#[test]
fn of_several_videos_the_first_is_read_and_named() {
    let two = make("two.mkv", &format!("{PATTERN} -f lavfi -i testsrc=s=640x480:r=10:d=6 -map 0 -map 1 {H264}"));
    let found = Analyse::fixture(&two, "probe-whole").succeed();
    assert_eq!(found.frames.len(), 60);
    assert!(found.log.contains("the first of 2 videos (video/x-h264 320x240)"), "{}", found.log);
}

#[test]
fn every_usual_format_gives_all_its_frames_and_ends() {
    let source = "-f lavfi -i testsrc2=s=160x120:r=10:d=3";
    for (name, codec) in [
        ("animated.gif", ""),
        ("alpha.webm", "-vf format=yuva420p -c:v libvpx-vp9 -cpu-used 8 -deadline realtime"),
        ("vp8.webm", "-c:v libvpx -deadline realtime"),
        ("hidden.webm", "-c:v libvpx -deadline good -cpu-used 4 -auto-alt-ref 1 -lag-in-frames 12"),
        ("vp9.mkv", "-c:v libvpx-vp9 -cpu-used 8 -auto-alt-ref 1 -lag-in-frames 12"),
        ("mjpeg.avi", "-c:v mjpeg -q:v 5"),
        ("divx.avi", "-c:v mpeg4 -bf 2 -vtag DX50"),
        ("old.flv", "-c:v flv1"),
        ("old.wmv", "-c:v wmv2"),
        ("film.mov", "-c:v libx264 -pix_fmt yuv420p -bf 3"),
        ("film.ts", "-c:v libx264 -pix_fmt yuv420p -bf 3"),
        ("open.mkv", "-c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:open-gop=1:bframes=3:keyint=10"),
        ("film.mpg", "-r 25 -c:v mpeg2video -bf 2"),
    ] {
        let frames = if name == "film.mpg" { 75 } else { 30 };
        read(&make(name, &format!("{source} {codec}"))).assert_whole(frames, name);
    }
}

#[test]
fn missing_times_are_replaced_by_the_nominal_rate() {
    let source = "-f lavfi -i testsrc2=s=160x120:r=25:d=2";
    for (name, codec) in [
        ("stated.h264", "-c:v libx264 -pix_fmt yuv420p -bf 2 -f h264"),
        ("silent.h265", "-c:v libx265 -pix_fmt yuv420p -x265-params log-level=none:vui-timing-info=0 -f hevc"),
        ("raw.m4v", "-c:v mpeg4 -bf 0 -f m4v"),
        ("raw.mjpeg", "-c:v mjpeg -pix_fmt yuvj420p -f mjpeg"),
        // GStreamer's parser knows the rate from the stream itself.
        ("parsed.mkv", "-c:v libx264 -pix_fmt yuv420p -bf 0 -bsf:v setts=pts=0:dts=0"),
        ("equal.mkv", "-c:v mjpeg -pix_fmt yuvj420p -bsf:v setts=pts=0:dts=0"),
    ] {
        let read = read(&make(name, &format!("{source} {codec}")));
        read.assert_whole(50, name);
        let times = read.times();
        assert_eq!((times[0], times[49]), (0, 1_960), "{name}: {times:?}");
        if name == "equal.mkv" {
            assert_eq!(read.summary().frames_without_time, 49, "{}", read.analysis.log);
        }
    }
}

#[test]
fn times_that_start_again_in_a_file_go_on() {
    let part = make("part.ts", &format!("{PATTERN} {H264} -bf 0"));
    let file = folder("joined").join("joined.ts");
    fs::write(&file, [fs::read(&part).unwrap(), fs::read(&part).unwrap()].concat()).unwrap();
    let read = read(&file);
    read.assert_whole(120, "joined.ts");
    let times = read.times();
    assert!((11_800..12_400).contains(times.last().unwrap()), "{times:?}");
}

#[test]
fn a_file_dated_before_2000_asks_for_its_time() {
    let film = make("old.mp4", &format!("{PATTERN} {H264}"));
    for seconds in [0, 315_532_800] {
        let dated = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::options().write(true).open(&film).unwrap().set_modified(dated).unwrap();
        let found = Analyse::fixture(&film, "probe-whole").run();
        assert_eq!(found.status.code(), Some(1), "{}", found.log);
        assert!(found.log.contains("start_time_us"), "{}", found.log);
        read(&film).assert_whole(60, "with a time");
    }
}
