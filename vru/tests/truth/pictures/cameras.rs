//! The same pictures from a camera: it states range, matrix and shape of the pixels in its parameter sets, and its orientation in SEI
//! messages.

use std::collections::BTreeSet;

use vru_proto::v1;
use vru_runtime::test_util::{Codec, FfmpegCamera, Topic, wait_for};

use super::colours::{COUNT, colour_at, video};
use super::orientation::{Turned, are_near, turned_in_stream};
use super::{BOTH, QUARTERS, RGB, assert_box};
use crate::analysis::fixture;
use crate::camera_server::CameraServer;
use crate::pipeline::{DEADLINE, Pipeline, camera, pull, push, start};
use crate::videos::make;

#[test]
fn a_camera_is_seen_like_a_file() {
    let pipeline = Pipeline::new("colours", 1);
    let server = CameraServer::start();
    let [_ingest, _infer] = start([pipeline.ingest(), pipeline.infer().set("model.path", fixture("probe-rgb.onnx"))]);
    for (codec, own) in [(Codec::H264, v1::Encoding::H264), (Codec::H265, v1::Encoding::H265)] {
        for (range, format) in [("tv", "yuv420p"), ("pc", "yuvj420p")] {
            let filter = format!("scale=out_color_matrix=bt709:out_range={range},format={format},setsar=4/3");
            let encoder = match (codec, range) {
                (Codec::H264, _) => {
                    "libx264 -preset ultrafast -crf 8 -bf 0 -x264-params keyint=1 -colorspace bt709".to_owned()
                }
                (Codec::H265, range) => {
                    let range = if range == "tv" { "limited" } else { "full" };
                    let params =
                        format!("keyint=1:crf=8:colormatrix=bt709:range={range}:repeat-headers=1:log-level=error");
                    format!("libx265 -preset ultrafast -tag:v hvc1 -x265-params {params}")
                }
            };
            let name = format!("{codec:?}-{range}").to_lowercase();
            let file =
                video(&format!("{name}.mp4"), "320x240", &filter, &format!("-c:v {encoder} -color_range {range}"));
            server.file(&name, codec, &file);
            for encoding in [v1::Encoding::Jpeg, own] {
                let id = format!("{name}-as-{encoding:?}").to_lowercase();
                let output = v1::Output { encoding: encoding.into(), ..v1::Output::default() };
                pipeline
                    .bus
                    .put_camera(&v1::CameraConfig { output: Some(output), ..camera(&id, pull(server.url(&name))) });
                wait_for(DEADLINE, &format!("{id} to be seen in each colour"), || {
                    let seen = colours_seen(&pipeline, &id);
                    if seen.len() == COUNT { Ok(()) } else { Err(format!("{seen:?}")) }
                });
            }
        }
    }
}

#[test]
fn a_pushed_stream_that_is_turned_and_has_oblong_pixels_is_seen_upright() {
    let pipeline = Pipeline::new("turned", 1);
    let infer = pipeline.infer().set("model.path", fixture("probe-quadrants.onnx"));
    let [ingest, _infer] = start([pipeline.ingest(), infer]);
    // 480×160 square pixels.
    for Turned { name, video, quarters, sideways } in turned_in_stream(",setsar=3/2") {
        let own = if name == "h265" { v1::Encoding::H265 } else { v1::Encoding::H264 };
        let (width, height) = if sideways { (160, 480) } else { (480, 160) };
        for encoding in [v1::Encoding::Jpeg, own] {
            let id = format!("{name}-as-{encoding:?}").to_lowercase();
            let output = v1::Output { encoding: encoding.into(), ..v1::Output::default() };
            let source =
                v1::camera_config::Source::Push(v1::PushSource { allow_anonymous: true, ..Default::default() });
            pipeline.bus.put_camera(&v1::CameraConfig { output: Some(output), ..camera(&id, source) });
            let url = format!("rtsp://127.0.0.1:{}/{id}", pipeline.push_port);
            let _pushing = push(&ingest, &id, &FfmpegCamera::of(video.clone(), url));
            wait_for(DEADLINE, &format!("frames of {id}"), || {
                let seen: Vec<_> = found(&pipeline, &id);
                if seen.len() >= 3 { Ok(()) } else { Err(format!("{} frames", seen.len())) }
            });
            for detections in found(&pipeline, &id) {
                assert_eq!((detections.source_width, detections.source_height), (width, height), "{id}");
                let of = |class: &&str| detections.objects.iter().find(move |object| object.class().word() == *class);
                let seen = QUARTERS.map(|class| of(&class).map_or(0.0, |object| object.score));
                assert!(are_near(seen, quarters), "{id}: {seen:?} instead of {quarters:?}");
                for (at, object) in QUARTERS.iter().enumerate().filter_map(|(at, class)| Some((at, of(class)?))) {
                    let (width, height) = (width as f32 / 2.0, height as f32 / 2.0);
                    let expected = [width * (at % 2) as f32, height * (at / 2) as f32, width, height];
                    let rect = object.r#box.unwrap();
                    assert_box(&id, [rect.left, rect.top, rect.width, rect.height], expected);
                }
            }
        }
    }
}

#[test]
fn pictures_that_a_player_would_deinterlace_or_map_are_named_once_per_session_and_counted() {
    let interlaced = make(
        "interlaced.mp4",
        "-f lavfi -i testsrc2=s=320x240:r=10:d=1,format=yuv420p -c:v libx264 -preset ultrafast -bf 0 -flags +ilme+ildct",
    );
    let params = "keyint=10:bframes=0:log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc";
    let hdr = make(
        "hdr.mp4",
        &format!(
            "-f lavfi -i testsrc2=s=320x240:r=10:d=1,format=yuv420p10le -c:v libx265 -preset ultrafast -tag:v hvc1 -x265-params {params}"
        ),
    );
    let pipeline = Pipeline::new("unconverted", 1);
    let infer = pipeline.infer().set("model.path", fixture("probe-whole.onnx"));
    let [ingest, infer] = start([pipeline.ingest(), infer]);
    for (kind, video, own) in [("interlaced", &interlaced, v1::Encoding::H264), ("hdr", &hdr, v1::Encoding::H265)] {
        let words = if kind == "hdr" { "the pictures are HDR" } else { "the pictures are interlaced" };
        for output in BOTH {
            let analysis = output.analyse(video, "probe-whole").succeed();
            assert_eq!(analysis.log.matches(words).count(), 1, "{kind}, {output:?}: {}", analysis.log);
        }
        for encoding in [v1::Encoding::Jpeg, own] {
            let id = format!("{kind}-as-{encoding:?}").to_lowercase();
            let output = v1::Output { encoding: encoding.into(), ..v1::Output::default() };
            let source =
                v1::camera_config::Source::Push(v1::PushSource { allow_anonymous: true, ..Default::default() });
            pipeline.bus.put_camera(&v1::CameraConfig { output: Some(output), ..camera(&id, source) });
            let url = format!("rtsp://127.0.0.1:{}/{id}", pipeline.push_port);
            let _pushing = push(&ingest, &id, &FfmpegCamera::of(video.clone(), url));
            // Two loops of the video.
            wait_for(DEADLINE, &format!("frames of {id}"), || {
                let seen = found(&pipeline, &id).len();
                if seen >= 15 { Ok(()) } else { Err(format!("{seen} frames")) }
            });
            // Who decodes, says it.
            let labels = [("camera", id.as_str()), ("kind", kind)];
            let (by_ingest, by_infer) = (
                ingest.count("ingest_unconverted_sessions_total", &labels),
                infer.count("infer_unconverted_sessions_total", &labels),
            );
            let expected = if encoding == v1::Encoding::Jpeg { (1, 0) } else { (0, 1) };
            assert_eq!((by_ingest, by_infer), expected, "{id}");
            let log = if encoding == v1::Encoding::Jpeg { ingest.log() } else { infer.log() };
            let lines = log.lines().filter(|line| line.contains(words) && line.contains(&id)).count();
            assert_eq!(lines, 1, "{id}: {log}");
        }
    }
}

/// The detections of the camera until now.
fn found(pipeline: &Pipeline<'_>, id: &str) -> Vec<v1::FrameDetections> {
    let mut found = pipeline.bus.messages::<v1::FrameDetections>(Topic::Detections);
    found.retain(|detections| detections.frame_id.as_ref().unwrap().camera_id == id);
    found
}

/// The colours of the camera's frames until now. Live frames may be dropped, and the camera sends its video again and again.
fn colours_seen(pipeline: &Pipeline<'_>, id: &str) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    for detections in found(pipeline, id) {
        assert_eq!((detections.source_width, detections.source_height), (427, 240), "{id}");
        let score = |class| {
            let found = detections.objects.iter().find(|object| object.class().word() == class);
            found.map_or(0.0, |object| object.score)
        };
        let found = RGB.map(score);
        seen.insert(colour_at(found).unwrap_or_else(|| panic!("{id} has a frame of {found:?}")));
    }
    seen
}
