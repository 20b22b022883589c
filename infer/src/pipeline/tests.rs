use std::time::Duration;

use vru_proto::v1;
use vru_runtime::kafka::partition_of;
use vru_runtime::service::ServiceContext;
use vru_runtime::test_util::{Topic, kafka, wait_until};

use super::*;
use crate::config::QueueConfig;
use crate::counts;
use crate::metrics::PAUSED;
use crate::test_support::{fake_engine, file_frame, live_frame};

const DEADLINE: Duration = Duration::from_mins(1);
/// As far as ingest publishes a file ahead of its consumers.
const AHEAD: u64 = 256;
/// Frames of the file that the model may get before the live one when it is free again: those that are decoded.
const DECODED: usize = 8;

fn received(camera: &str) -> u64 {
    counts::counts().get(camera).map_or(0, |counts| counts.received)
}

/// The model stands still, and a file is as far ahead as it may be: the frames of a live camera come all the same, and the model gets the
/// newest as soon as it is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_live_camera_does_not_wait_behind_a_file() {
    const PARTITIONS: i32 = 2;
    let bus = kafka().bus("behind-a-file", PARTITIONS);
    let partition = |camera: &str| partition_of(camera.as_bytes(), PARTITIONS);
    let file = "behind-file";
    let names = (0..).map(|number| format!("behind-live-{number}"));
    let live = &names.into_iter().find(|name| partition(name) == partition(file)).unwrap();
    let (engine, model) = fake_engine();
    let config = InferConfig {
        kafka: bus.config(),
        group: format!("{}infer", bus.prefix()),
        // The age of a frame must not depend on how busy this machine is.
        queue: QueueConfig { max_age: Duration::from_hours(1), ..QueueConfig::default() },
        ..InferConfig::default()
    };
    let context = ServiceContext::default();
    let (kafka_ready, cameras_ready) = (context.readiness.part("kafka"), context.readiness.part("cameras"));
    let running =
        tokio::spawn(run_with(engine, config, LiveStates::new(None), context.clone(), kafka_ready, cameras_ready));

    tokio::task::block_in_place(|| {
        let standing_still = model.run_time.lock();
        for sequence in 0..AHEAD {
            bus.put_frame(&file_frame(file, 1, sequence));
        }
        // The queue of the file is full.
        wait_until(DEADLINE, "the file to be paused", || {
            PAUSED.with_label_values(&[&bus.name(Topic::FileFrames)]).get() > 0
        });
        for sequence in 0..10 {
            bus.put_frame(&live_frame(live, 1, sequence));
            wait_until(DEADLINE, "a live frame to be received", || received(live) > sequence);
        }
        assert!(received(file) < AHEAD, "the file is not ahead");
        drop(standing_still);
        *model.run_time.lock() = Duration::from_millis(5);
        wait_until(DEADLINE, "the file to be analysed", || {
            let found: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
            found.iter().filter(|found| found.frame_id.as_ref().unwrap().camera_id == file).count() as u64 == AHEAD
        });
    });
    let found: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
    let ids: Vec<&v1::FrameId> = found.iter().map(|found| found.frame_id.as_ref().unwrap()).collect();
    let first_live = ids.iter().position(|id| id.camera_id == *live).unwrap();
    assert!(first_live <= DECODED, "{first_live} frames of the file came before the live one");
    let of_file: Vec<u64> = ids.iter().filter(|id| id.camera_id == file).map(|id| id.sequence).collect();
    assert_eq!(of_file, (0..AHEAD).collect::<Vec<_>>(), "each frame of the file once, in order");
    context.shutdown.soft.cancel();
    running.await.unwrap().unwrap();
}
