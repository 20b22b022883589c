//! Helpers for unit tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use prost::Message as _;
use vru_proto::v1;
use vru_runtime::clock;
use vru_runtime::kafka::{Partition, Record};
use vru_vision::image::Image;
use vru_vision::model_card::ModelCard;

use crate::backend::fake::{FakeBackend, FakeControl};
use crate::config::ModelConfig;
use crate::engine::Engine;
use crate::frame::FrameJob;
use crate::model::Model;
use crate::offsets::Offsets;

/// Width and height of the test pictures.
pub const SIZE: (u32, u32) = (160, 120);

/// An engine with the fake backend, and the control of the backend.
pub fn fake_engine() -> (Engine, Arc<FakeControl>) {
    let (backend, control) = FakeBackend::new();
    let card = ModelCard::parse(FakeBackend::CARD).unwrap();
    let engine = Engine::with_backend(Box::new(backend), &ModelConfig::default(), Path::new("fake"), Some(&card));
    (engine.unwrap(), control)
}

pub fn fake_model() -> Arc<Model> {
    fake_engine().0.model().clone()
}

/// A grey picture as a JPEG.
pub fn jpeg() -> Bytes {
    vru_media::jpeg::encode(Image::filled(SIZE.0, SIZE.1, [230; 3]).view(), 80).unwrap().into()
}

/// A live JPEG frame that ingest took just now. The capture times of a session's frames are 100 ms apart.
pub fn live_frame(camera: &str, session: u64, sequence: u64) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session, sequence }),
        captured_at_us: 1_700_000_000_000_000 + sequence as i64 * 100_000,
        clock_source: v1::ClockSource::Arrival.into(),
        ingested_at_us: clock::now_us(),
        width: SIZE.0,
        height: SIZE.1,
        source_width: SIZE.0,
        source_height: SIZE.1,
        encoding: v1::Encoding::Jpeg.into(),
        key_frame: true,
        delivery: v1::Delivery::Live.into(),
        analyse: true,
        payload: jpeg(),
        ..Default::default()
    }
}

pub fn file_frame(camera: &str, session: u64, sequence: u64) -> v1::Frame {
    v1::Frame { delivery: v1::Delivery::EveryFrame.into(), ..live_frame(camera, session, sequence) }
}

/// The partition that test records come from.
pub fn partition() -> Partition {
    Partition::new("vru.frames", 0)
}

/// A frame as the consumer passes it on. Registers its offset.
pub fn job(frame: v1::Frame, offset: i64, offsets: &Offsets) -> FrameJob {
    let record = Record {
        partition: partition(),
        offset,
        timestamp_ms: None,
        key: None,
        payload: Some(frame.encode_to_vec().into()),
        headers: Vec::new(),
    };
    let key = crate::decode::key(&frame);
    let ticket = offsets.register(&partition(), offset).expect("the partition is assigned");
    FrameJob { frame, key, ticket, record, received_at: Instant::now(), span: tracing::Span::none() }
}
