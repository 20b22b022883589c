//! SIGTERM drains a service: it exits with status 0, and nothing is lost or duplicated.

use rand::Rng as _;
use vru_proto::v1;
use vru_runtime::test_util::{Topic, seeded_rng};

use crate::pipeline::{DEADLINE, Pipeline, camera, short_clip, start};

const FRAMES: u64 = 150;

#[test]
fn terminated_services_lose_and_duplicate_nothing() {
    let mut random = seeded_rng("terminated_services_lose_and_duplicate_nothing");
    let file = short_clip(FRAMES);
    let pipeline = Pipeline::new("terminate", 2);
    let [ingest, infer, sink] =
        start([pipeline.ingest(), pipeline.infer(), pipeline.sink().set("s3.enabled", "false")]);
    let path = file.to_str().unwrap().to_owned();
    pipeline
        .bus
        .put_camera(&camera("file", v1::camera_config::Source::File(v1::FileSource { path, ..Default::default() })));

    let mut after = 0;
    for service in [&infer, &sink, &ingest] {
        after += random.random_range(5..FRAMES / 4);
        pipeline.wait_for_count("frames to be stored", "select count(*) from frames", after);
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
        service.restart();
        service.wait_ready(DEADLINE);
    }
    pipeline.wait_for_count("all frames", "select count(*) from frames", FRAMES);
    pipeline.wait_for_count("the end of the file", "select count(*) from frames where end_of_stream", 1);
    assert_eq!(pipeline.count("select count(*) from frames"), FRAMES);
    assert_eq!(pipeline.count("select count(distinct (session, sequence)) from frames"), FRAMES);
    assert_eq!(pipeline.count("select max(sequence) from frames"), FRAMES - 1);
    let detections: Vec<v1::FrameDetections> = pipeline.bus.messages(Topic::Detections);
    assert_eq!(detections.len() as u64, FRAMES, "a drained worker publishes each frame's detections once");
    let objects: usize = detections.iter().map(|detections| detections.objects.len()).sum();
    assert!(objects > 0);
    assert_eq!(pipeline.count("select count(*) from detections"), objects as u64);
    for service in [ingest, infer, sink] {
        let status = service.stop();
        assert!(status.success(), "{status}: {}", service.log_tail());
    }
}
