//! The same pictures from a camera: it states range, matrix and shape of the pixels in its parameter sets.

use std::collections::BTreeSet;

use vru_proto::v1;
use vru_runtime::test_util::{Topic, wait_for};

use super::RGB;
use super::colours::{COUNT, colour_at, video};
use crate::analysis::fixture;
use crate::camera_server::CameraServer;
use crate::pipeline::{DEADLINE, Pipeline, camera, pull, start};

#[test]
fn a_camera_is_seen_like_a_file() {
    let pipeline = Pipeline::new("colours", 1);
    let server = CameraServer::start();
    let [_ingest, _infer] = start([pipeline.ingest(), pipeline.infer().set("model.path", fixture("probe-rgb.onnx"))]);
    for (range, format) in [("tv", "yuv420p"), ("pc", "yuvj420p")] {
        let filter = format!("scale=out_color_matrix=bt709:out_range={range},format={format},setsar=4/3");
        let encoder = "-c:v libx264 -preset ultrafast -crf 8 -bf 0 -x264-params keyint=1 -colorspace bt709";
        let file = video(&format!("{range}.mp4"), "320x240", &filter, &format!("{encoder} -color_range {range}"));
        server.h264_file(range, &file);
        for encoding in [v1::Encoding::Jpeg, v1::Encoding::H264] {
            let id = format!("{range}-{encoding:?}").to_lowercase();
            let output = v1::Output { encoding: encoding.into(), ..v1::Output::default() };
            pipeline.bus.put_camera(&v1::CameraConfig { output: Some(output), ..camera(&id, pull(server.url(range))) });
            wait_for(DEADLINE, &format!("{id} to be seen in each colour"), || {
                let seen = colours_seen(&pipeline, &id);
                if seen.len() == COUNT { Ok(()) } else { Err(format!("{seen:?}")) }
            });
        }
    }
}

/// The colours of the camera's frames until now. Live frames may be dropped, and the camera sends its video again and again.
fn colours_seen(pipeline: &Pipeline<'_>, id: &str) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    for detections in pipeline.bus.messages::<v1::FrameDetections>(Topic::Detections) {
        if detections.frame_id.as_ref().unwrap().camera_id != id {
            continue;
        }
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
