//! The API with one camera, whose frames and detections come to Kafka.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use vru_benches::messages::{clip_jpegs, detections, jpeg_frame};
use vru_benches::publish::publish_all;
use vru_benches::whole_api::WholeApi;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{Producer, ProducerOptions};
use vru_runtime::test_util::{Bus, ServiceLaunch, Topic, postgres};

const CAMERA: &str = "gate";
const OBJECTS: u64 = 5;
const DEADLINE: Duration = Duration::from_mins(1);
/// Each picture is shown again and again.
const PICTURES: usize = 10;

pub struct Street {
    api: WholeApi,
    producer: Producer,
    jpegs: Vec<Bytes>,
    next: u64,
}

impl Street {
    pub async fn start() -> Self {
        let viewers = |launch: ServiceLaunch, _: &Bus| launch.set("live.max_feeds_per_caller", "2000");
        let api = WholeApi::start("bench-live", 4, viewers).await;
        let camera = format!("INSERT INTO cameras (id, site_id, settings) VALUES ('{CAMERA}', 'site', '{{}}')");
        postgres().query(&api.database, &camera);
        let producer = api.bus.config().producer(&ProducerOptions::default()).expect("a producer can be made");
        Self { api, producer, jpegs: clip_jpegs(PICTURES), next: 0 }
    }

    pub fn feed(&self) -> String {
        format!("ws://{}/api/v1/live/feed", self.api.address)
    }

    pub fn cookie(&self) -> &str {
        &self.api.cookie
    }

    /// What a viewer says who wants this rendition of the camera.
    pub fn watch(rendition: &str) -> String {
        format!("{{\"watch\": [{{\"camera_id\": \"{CAMERA}\", \"rendition\": \"{rendition}\"}}]}}")
    }

    pub fn pid(&self) -> u32 {
        self.api.service.pid()
    }

    pub fn resident_bytes(&self) -> u64 {
        self.api.service.resident_bytes()
    }

    /// Publishes so many frames with their detections.
    pub async fn show(&mut self, frames: u64, interval: Duration) {
        let mut ticks = tokio::time::interval(interval);
        for _ in 0..frames {
            ticks.tick().await;
            let (frame, found) = self.next_frame();
            for (topic, message) in [(Topic::Frames, frame.encode_to_vec()), (Topic::Detections, found.encode_to_vec())]
            {
                publish_all(&self.producer, &self.api.bus.name(topic), [(CAMERA, message.as_slice())]).await;
            }
        }
    }

    /// Publishes frames until the condition holds.
    pub async fn show_until(&mut self, mut holds: impl AsyncFnMut() -> bool) {
        let give_up = tokio::time::Instant::now() + DEADLINE;
        while !holds().await {
            assert!(tokio::time::Instant::now() < give_up, "not every viewer gets pictures");
            self.show(1, Duration::from_millis(1)).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub fn stop(self) {
        assert!(self.api.service.stop().success(), "{}", self.api.service.log_tail());
    }

    fn next_frame(&mut self) -> (v1::Frame, v1::FrameDetections) {
        let sequence = self.next;
        self.next += 1;
        let captured_at_us = now_us();
        let jpeg = &self.jpegs[sequence as usize % self.jpegs.len()];
        let frame = v1::Frame {
            captured_at_us,
            clock_source: v1::ClockSource::Arrival.into(),
            delivery: v1::Delivery::Live.into(),
            ..jpeg_frame(CAMERA, sequence, jpeg)
        };
        let found = v1::FrameDetections {
            frame_id: frame.id.clone(),
            captured_at_us,
            source_width: frame.source_width,
            source_height: frame.source_height,
            ..detections(CAMERA, sequence, captured_at_us, OBJECTS)
        };
        (frame, found)
    }
}
