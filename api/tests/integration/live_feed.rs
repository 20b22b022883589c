//! Live feeds, from frames and detections on a real Kafka to a real WebSocket client. Each picture shows its own number as bars of black and
//! white, and its detections have the same number: so it is known of every message whether both are of the same frame.

mod client;
mod feeds;
mod permissions;
mod privacy;
mod refusals;
mod units;

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;
use vru_api::ApiConfig;
use vru_media::jpeg;
use vru_proto::v1;
use vru_runtime::kafka::partition_of;
use vru_runtime::metrics::registry;
use vru_runtime::test_util::{Bus, Topic, kafka};
use vru_vision::image::Image;

use self::client::Watcher;
use super::api::{Api, ApiClient};

const DEADLINE: Duration = Duration::from_mins(1);
const PARTITIONS: i32 = 8;
const SESSION: u64 = 9_007_199_254_740_993;
const BITS: u32 = 12;
const SIZE: (u32, u32) = (1280, 96);
const START_US: i64 = 1_700_000_000_000_000;

/// An API with a site, and its topics.
struct Street {
    bus: Bus,
    api: Api,
    admin: ApiClient,
    site: String,
}

impl Street {
    async fn start(name: &str) -> Self {
        Self::start_with(name, |_| {}).await
    }

    async fn start_with(name: &str, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let bus = tokio::task::block_in_place(|| kafka().bus(name, PARTITIONS));
        let api = Api::start_with(|config| {
            config.kafka = bus.config();
            config.live.check_every = Duration::from_millis(200);
            config.live.linger = Duration::from_millis(300);
            change(config);
        })
        .await;
        let admin = api.admin().await;
        let site = admin.create_site("own").await;
        Self { bus, api, admin, site }
    }

    async fn camera(&self) -> String {
        camera(&self.admin, &self.site).await
    }

    fn frame(&self, camera: &str, number: u64) {
        self.put_frame(&frame(camera, number));
    }

    fn put_frame(&self, frame: &v1::Frame) {
        tokio::task::block_in_place(|| self.bus.put_frame(frame));
    }

    fn detections(&self, camera: &str, number: u64) {
        let found = detections(camera, number);
        tokio::task::block_in_place(|| self.bus.produce_message(Topic::Detections, camera, &found));
    }

    /// Publishes frames with their detections until the client gets the first one. Returns the next number.
    async fn begin(&self, camera: &str, watcher: &mut Watcher) -> u64 {
        for number in 0..1_000 {
            self.frame(camera, number);
            self.detections(camera, number);
            if watcher.next_picture_within(Duration::from_millis(200)).await.is_some() {
                return number + 1;
            }
        }
        panic!("no picture came");
    }

    /// How many partitions of the topic are read.
    fn partitions(&self, topic: Topic) -> i64 {
        metric("live_reader_partitions", &[("topic", &self.bus.name(topic))])
    }

    /// How many records were read, with this result.
    fn records(&self, topic: Topic, result: &str) -> i64 {
        metric("live_reader_records_total", &[("topic", &self.bus.name(topic)), ("result", result)])
    }
}

async fn camera(admin: &ApiClient, site: &str) -> String {
    let wanted = json!({ "settings": { "name": "Gate", "push": { "allow_anonymous": true } } });
    let answer = admin.post(&format!("/api/v1/sites/{site}/cameras"), &wanted).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.body["id"].as_str().expect("an id").to_owned()
}

/// The sum of the series with these labels.
fn metric(name: &str, labels: &[(&str, &str)]) -> i64 {
    let families = registry().gather();
    let metrics =
        families.iter().filter(|family| family.name() == name).flat_map(prometheus::proto::MetricFamily::get_metric);
    let has = |metric: &&prometheus::proto::Metric| {
        let pairs = metric.get_label();
        labels.iter().all(|(name, value)| pairs.iter().any(|pair| (pair.name(), pair.value()) == (*name, *value)))
    };
    let value =
        |metric: &prometheus::proto::Metric| (metric.get_gauge().get_value() + metric.get_counter().get_value()) as i64;
    metrics.filter(has).map(value).sum()
}

/// Another camera whose records are in the same partition.
fn neighbour(camera: &str) -> String {
    let partition = partition_of(camera.as_bytes(), PARTITIONS);
    let mut names = (0..).map(|number| format!("neighbour-{number}"));
    names.find(|name| partition_of(name.as_bytes(), PARTITIONS) == partition).expect("there is one")
}

fn frame(camera: &str, number: u64) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: SESSION, sequence: number }),
        captured_at_us: captured_at_us(number),
        width: SIZE.0,
        height: SIZE.1,
        source_width: SIZE.0 * 2,
        source_height: SIZE.1 * 2,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        delivery: v1::Delivery::Live.into(),
        analyse: true,
        payload: picture(number),
        ..v1::Frame::default()
    }
}

fn captured_at_us(number: u64) -> i64 {
    START_US + number as i64 * 40_000
}

fn detections(camera: &str, number: u64) -> v1::FrameDetections {
    let left = (number % 1_000) as f32;
    let object = v1::DetectedObject {
        r#box: Some(v1::Box { left, top: 10.0, width: 20.0, height: 40.0 }),
        class: v1::RoadUserClass::Pedestrian.into(),
        score: 0.5,
        track_id: number + 1,
        track_state: v1::TrackState::Confirmed.into(),
        ..v1::DetectedObject::default()
    };
    v1::FrameDetections {
        frame_id: Some(v1::FrameId { camera_id: camera.to_owned(), session: SESSION, sequence: number }),
        captured_at_us: captured_at_us(number),
        source_width: SIZE.0 * 2,
        source_height: SIZE.1 * 2,
        objects: vec![object],
        ..v1::FrameDetections::default()
    }
}

/// A JPEG that shows the number. Below the bars it has noise, so that it is as large as the picture of a street.
fn picture(number: u64) -> Bytes {
    let (width, height) = SIZE;
    let mut image = Image::filled(width, height, [0; 3]);
    let mut noise = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    for (at, pixel) in image.data.chunks_exact_mut(3).enumerate() {
        let (x, y) = (at as u32 % width, at as u32 / width);
        if y < height / 2 {
            let bit = x * BITS / width;
            pixel.fill(if number >> bit & 1 == 1 { 255 } else { 0 });
        } else {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            pixel.copy_from_slice(&noise.to_le_bytes()[..3]);
        }
    }
    jpeg::encode(image.view(), 90).expect("a JPEG").into()
}

/// The number that a picture shows, in whatever size, and its width.
fn shown_number(picture: &[u8]) -> (u64, u32) {
    let image = jpeg::decode(picture, None).expect("a JPEG");
    let number = (0..BITS).fold(0, |number, bit| {
        let x = (2 * bit + 1) * image.width / (2 * BITS);
        let grey = image.pixel(x, image.height / 4)[1];
        assert!(!(64..192).contains(&grey), "bar {bit} is neither black nor white: {grey}");
        number | u64::from(grey >= 192) << bit
    });
    (number, image.width)
}
