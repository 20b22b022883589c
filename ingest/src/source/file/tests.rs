use std::path::Path;

use vru_media::decoder::{Reordering, VideoDecoder};
use vru_media::pipeline_set::PipelineSet;
use vru_proto::v1::{Delivery, Encoding, FileSource, Frame, Output};
use vru_runtime::test_util::{Codec, Launch, clip, require_asset};

use super::identity::Identity;
use super::{FileFrames, FileOptions};
use crate::error::SourceError;
use crate::source::OutputPlan;

const START_US: i64 = 1_700_000_000_000_000;

fn options(path: &Path, output: &Output) -> FileOptions {
    options_with(path, output, &PipelineSet::embedded())
}

fn options_with(path: &Path, output: &Output, pipelines: &PipelineSet) -> FileOptions {
    let source = FileSource { path: path.display().to_string(), start_time_us: START_US, ..FileSource::default() };
    let plan = OutputPlan::new(Some(output), pipelines).unwrap();
    FileOptions::new("clip".parse().unwrap(), &source, plan)
}

fn frames(options: &FileOptions) -> Vec<Frame> {
    FileFrames::open(options).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_frame_is_read_once_in_order_and_the_same_when_resumed() {
    let options = options(&require_asset("clips/vtest.avi"), &Output { max_width: 384, ..Output::default() });
    let first = frames(&options);
    assert_eq!(first.len(), 795);
    for (index, frame) in first.iter().enumerate() {
        assert_eq!(frame.id.as_ref().unwrap().sequence, index as u64);
        assert_eq!(frame.captured_at_us, START_US + index as i64 * 100_000, "frame {index}");
        assert_eq!(frame.end_of_stream, index == 794);
        assert_eq!((frame.width, frame.height, frame.source_width, frame.source_height), (384, 288, 768, 576));
        assert_eq!(frame.delivery(), Delivery::EveryFrame);
    }
    let size = vru_media::jpeg::header(&first[400].payload).unwrap();
    assert_eq!((size.width, size.height), (384, 288));
    let mut resumed = options.clone();
    resumed.skip = 790;
    let again = frames(&resumed);
    assert_eq!(again.len(), 5);
    for (one, other) in first[790..].iter().zip(&again) {
        assert_eq!((&one.id, one.captured_at_us), (&other.id, other.captured_at_us));
        assert_eq!(one.payload, other.payload);
        assert_eq!(one.end_of_stream, other.end_of_stream);
    }
}

#[test]
fn a_pipeline_from_the_configured_folder_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let grey = include_str!("../../../../pipelines/software.yaml")
        .replace("name: software", "name: grey")
        .replace("! jpegenc", "! videobalance saturation=0 ! jpegenc");
    std::fs::write(folder.path().join("grey.yaml"), grey).unwrap();
    let pipelines = PipelineSet::with_folder(folder.path()).unwrap();
    let output = Output { pipeline: "grey".to_owned(), ..Output::default() };
    let options = options_with(&require_asset("clips/vtest.avi"), &output, &pipelines);
    let frame = FileFrames::open(&options).unwrap().next().unwrap().unwrap();
    let picture = vru_media::jpeg::decode(&frame.payload, None).unwrap();
    let mut pixels = picture.data.chunks_exact(3);
    assert!(pixels.all(|pixel| pixel[0].abs_diff(pixel[1]) < 8 && pixel[1].abs_diff(pixel[2]) < 8));
}

#[test]
fn access_units_are_passed_through_and_can_be_decoded() {
    for (codec, encoding, kind) in
        [(Codec::H264, Encoding::H264, vru_media::Codec::H264), (Codec::H265, Encoding::H265, vru_media::Codec::H265)]
    {
        let output = Output { encoding: Encoding::H264 as i32, ..Output::default() };
        let frames = frames(&options(&clip(codec), &output));
        assert_eq!(frames.len(), 795, "{codec:?}");
        assert!(frames[0].key_frame && frames.iter().filter(|frame| frame.key_frame).count() > 10);
        let mut decoder = VideoDecoder::new(kind, Reordering::AsSeen).unwrap();
        for frame in &frames[..30] {
            assert_eq!(frame.encoding(), encoding);
            let sequence = frame.id.as_ref().unwrap().sequence;
            let pictures = decoder.push(frame.payload.clone(), sequence, frame.key_frame).unwrap();
            assert_eq!(pictures.len(), 1, "{codec:?} {sequence}");
            assert_eq!((pictures[0].picture.width(), pictures[0].picture.height()), (768, 576));
        }
    }
}

#[test]
fn the_session_is_derived_from_content_and_camera() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::write(&one, b"some video").unwrap();
    std::fs::write(&two, b"some video").unwrap();
    let session = |options: &FileOptions| Identity::of(options).unwrap().session;
    let base = options(&one, &Output::default());
    assert_eq!(session(&base), session(&options(&two, &Output::default())), "the same content in another place");
    assert!(i64::try_from(session(&base)).is_ok());
    let other = FileOptions { camera: "other".parse().unwrap(), ..base.clone() };
    assert_ne!(session(&base), session(&other));
    std::fs::write(&two, b"some video!").unwrap();
    assert_ne!(session(&base), session(&options(&two, &Output::default())));
    assert_eq!(session(&FileOptions { session: 42, ..base }), 42);
}

#[test]
fn a_file_without_video_and_a_missing_file_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.mp4");
    std::fs::write(&path, "not a video").unwrap();
    let result: Result<Vec<_>, _> = match FileFrames::open(&options(&path, &Output::default())) {
        Ok(frames) => frames.collect(),
        Err(error) => Err(error),
    };
    assert!(matches!(result, Err(SourceError::Decode { .. })), "{result:?}");
    let missing = FileFrames::open(&options(&folder.path().join("nowhere.avi"), &Output::default()));
    assert!(matches!(missing, Err(SourceError::File { .. })));
}

/// An interlaced stream whose fields are units of their own, in every container, and one whose macroblocks choose: no good picture counts as
/// damaged.
#[test]
fn fields_of_interlaced_pictures_count_as_one_picture() {
    let folder = tempfile::tempdir().unwrap();
    let ffmpeg = |args: &str, name: &str| {
        let file = folder.path().join(name);
        let log = file.with_extension("log");
        let plain = ["-nostdin", "-hide_banner", "-loglevel", "error", "-y"];
        Launch::new("ffmpeg", log).args(plain).args(args.split(' ')).args([&file]).run();
        file
    };
    let raw = folder.path().join("fields.h264");
    std::fs::write(&raw, include_bytes!("testdata/fields.h264")).unwrap();
    let copy = format!("-fflags +genpts -r 25 -i {} -c copy", raw.display());
    let interlaced = "-f lavfi -i testsrc2=s=320x240:r=50:d=2 -vf interlace -c:v libx264 -pix_fmt yuv420p \
         -flags +ildct+ilme -x264-params interlaced=1:bframes=2";
    let files = [
        (raw.clone(), 20),
        (ffmpeg(&copy, "fields.mp4"), 20),
        (ffmpeg(&copy, "fields.mkv"), 20),
        (ffmpeg(&copy, "fields.ts"), 20),
        (ffmpeg(interlaced, "macroblocks.mp4"), 50),
        (ffmpeg(interlaced, "macroblocks.ts"), 50),
    ];
    for (file, pictures) in files {
        let mut reader = FileFrames::open(&options(&file, &Output::default())).unwrap();
        let read: Vec<Frame> = reader.by_ref().collect::<Result<_, _>>().unwrap();
        let sequences: Vec<u64> = read.iter().map(|frame| frame.id.as_ref().unwrap().sequence).collect();
        assert_eq!(sequences, (0..pictures).collect::<Vec<_>>(), "{}", file.display());
        assert!(read.is_sorted_by(|one, next| one.captured_at_us < next.captured_at_us), "{}", file.display());
    }
}
