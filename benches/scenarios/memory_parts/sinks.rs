//! All three sinks in one process: memory after a part of the records, and after four times as many.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use vru_benches::measure::Turns;
use vru_benches::messages::{alert, clip_jpegs, detections, jpeg_frame};
use vru_benches::publish::publish_all;
use vru_benches::row::{BenchRow, Goal};
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{Producer, ProducerOptions};
use vru_runtime::test_util::{
    Bus, S3Server, ServiceLaunch, ServiceProcess, Topic, free_port, kafka, postgres, s3, wait_for,
};

use super::{DEADLINE, resident_mb};

const CAMERAS: [&str; 4] = ["north", "south", "east", "west"];
/// Analysed frames of a camera in one part, a hundred per second.
const FRAMES: u64 = 10_000;
const OBJECTS: u64 = 5;
/// One frame in this many has an alert with its picture, and frames around it for a clip.
const FRAMES_PER_ALERT: u64 = 1_000;
const CLIP_FRAMES: u64 = 4;
/// The first part is the reference: its records fill all bounded buffers.
const PARTS: u64 = 4;
/// The last segments are written within their greatest age, and the heap is trimmed each second.
const SETTLE: Duration = Duration::from_secs(6);
const GROUPS: [(&str, Topic); 4] = [
    ("postgres", Topic::Detections),
    ("s3-detections", Topic::Detections),
    ("s3-snapshots", Topic::Alerts),
    ("s3-clips", Topic::Alerts),
];

pub fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let bus = kafka().bus("bench-sinks", 4);
    let producer = bus.config().producer(&ProducerOptions::default()).expect("a producer can be made");
    let service = start(&bus);
    let pictures = clip_jpegs(CLIP_FRAMES as usize);
    let begin = now_us() - 3_600_000_000;
    let mut resident = Vec::new();
    for part in 0..PARTS {
        runtime.block_on(publish(&bus, &producer, part, begin, &pictures));
        wait_for(DEADLINE, "the sinks to have no lag", || {
            let lags = GROUPS.map(|(group, topic)| bus.lag(&format!("{}{group}", bus.prefix()), topic));
            if lags == [0; GROUPS.len()] {
                Ok(())
            } else {
                Err(format!("a lag of {lags:?} records\n{}", service.log_tail()))
            }
        });
        std::thread::sleep(SETTLE);
        resident.push(resident_mb(&service, &format!("sinks, {} frames", (part + 1) * FRAMES * CAMERAS.len() as u64)));
    }
    let written = service.count("sink_written_objects_total", &[]);
    assert!(written > 0, "no object was written");
    let mut turns = Turns::default();
    turns.add(resident[resident.len() - 1], resident[0]);
    let peer = format!("after {} frames; ours: after {PARTS} times as many", FRAMES * CAMERAS.len() as u64);
    BenchRow::of("memory/sinks", &turns, 1.0, "MB", Goal::AtMost(1.1), &peer).save();
}

fn start(bus: &Bus) -> ServiceProcess {
    let group = |name: &str| format!("{}{name}", bus.prefix());
    let service = ServiceLaunch::new("vru-sink")
        .bus(bus)
        .set("postgres.url", postgres().database())
        .set("postgres.migrate", "true")
        .set("postgres.group", group("postgres"))
        .set("s3.endpoint", s3().endpoint())
        .set("s3.bucket", s3().bucket())
        .set("s3.access_key", S3Server::ACCESS_KEY)
        .set("s3.secret_key", S3Server::SECRET_KEY)
        .set("s3.group", group("s3"))
        .set("s3.parquet.max_records", "2000")
        .set("s3.parquet.max_age", "2s")
        .set("s3.clip.before", "1s")
        .set("s3.clip.after", "1s")
        .set("alerts.listen", format!("127.0.0.1:{}", free_port()))
        .set("alerts.auth", "none")
        .set("alerts.ring_bytes", "1048576")
        .start();
    service.wait_ready(DEADLINE);
    service
}

async fn publish(bus: &Bus, producer: &Producer, part: u64, begin: i64, pictures: &[Bytes]) {
    let sequences = part * FRAMES..(part + 1) * FRAMES;
    let all: Vec<(&str, v1::FrameDetections)> = sequences
        .flat_map(|sequence| CAMERAS.map(|camera| (camera, detections(camera, sequence, begin, OBJECTS))))
        .collect();
    let found: Vec<(&str, Vec<u8>)> = all.iter().map(|(camera, found)| (*camera, found.encode_to_vec())).collect();
    let (mut frames, mut alerts) = (Vec::new(), Vec::new());
    for (camera, found) in &all {
        let sequence = found.frame_id.as_ref().map_or(0, |id| id.sequence);
        if sequence % FRAMES_PER_ALERT < CLIP_FRAMES {
            let picture = &pictures[(sequence % FRAMES_PER_ALERT) as usize];
            let mut frame = jpeg_frame(camera, sequence, picture);
            frame.id.clone_from(&found.frame_id);
            frame.captured_at_us = found.captured_at_us;
            frames.push((*camera, frame.encode_to_vec()));
            if sequence % FRAMES_PER_ALERT == CLIP_FRAMES - 1 {
                alerts.push((*camera, alert(found, picture).encode_to_vec()));
            }
        }
    }
    for (topic, records) in [(Topic::Frames, frames), (Topic::Detections, found), (Topic::Alerts, alerts)] {
        let records = records.iter().map(|(camera, record)| (*camera, record.as_slice()));
        publish_all(producer, &bus.name(topic), records).await;
    }
}
