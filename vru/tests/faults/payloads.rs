//! Sends frames with chosen payloads to inference, and reads the results.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use vru_proto::names::HEADER_REASON;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, ServiceProcess, Topic, peak_bytes, wait_for};

use crate::pipeline::{DEADLINE, Pipeline, start};

/// Session of all frames here.
pub const SESSION: u64 = 1_700_000_000_000_000;

/// Longer than any track lives without a detection, so that the tracker's boxes are those of the model, whatever was seen before.
const INTERVAL_US: i64 = 60_000_000;

/// A frame of the size of the sample clip. Its delivery mode forbids drops for its age.
pub fn frame(camera: &str, sequence: u64, encoding: v1::Encoding, payload: Bytes) -> v1::Frame {
    v1::Frame {
        id: Some(v1::FrameId { camera_id: camera.to_owned(), session: SESSION, sequence }),
        captured_at_us: SESSION as i64 + sequence as i64 * INTERVAL_US,
        clock_source: v1::ClockSource::Arrival.into(),
        ingested_at_us: now_us(),
        width: 768,
        height: 576,
        source_width: 768,
        source_height: 576,
        encoding: encoding.into(),
        key_frame: true,
        delivery: v1::Delivery::EveryFrame.into(),
        analyse: true,
        payload,
        ..Default::default()
    }
}

/// The end-of-stream mark: decoders return the pictures that they hold.
pub fn end(camera: &str, sequence: u64, encoding: v1::Encoding) -> v1::Frame {
    v1::Frame { end_of_stream: true, ..frame(camera, sequence, encoding, Bytes::new()) }
}

/// Inference without ingest and sinks.
pub struct Inference {
    pub bus: Bus,
    pub service: ServiceProcess,
    group: String,
}

impl Inference {
    pub fn start(name: &str) -> Self {
        let pipeline = Pipeline::new(name, 4);
        let [service] = start([pipeline.infer()]);
        Self { group: pipeline.group("infer"), bus: pipeline.bus, service }
    }

    pub fn publish(&self, frames: &[v1::Frame]) {
        for frame in frames {
            self.bus.put_frame(frame);
        }
    }

    /// Waits until inference has finished with every frame. Returns the results.
    pub fn outcome(&self) -> FrameResults {
        wait_for(DEADLINE, "every frame to be committed", || {
            if let Some(status) = self.service.ended() {
                panic!("inference ended ({status}):\n{}", self.service.log_tail());
            }
            let lag = self.bus.frames_lag(&self.group);
            if lag == 0 { Ok(()) } else { Err(format!("a lag of {lag} frames")) }
        });
        let mut outcome = FrameResults::default();
        for detections in self.bus.messages::<v1::FrameDetections>(Topic::Detections) {
            let id = detections.frame_id.clone().unwrap();
            let before = outcome.detections.insert((id.camera_id, id.sequence), detections);
            assert!(before.is_none(), "a frame was analysed twice: {before:?}");
        }
        for letter in self.bus.records(Topic::DeadLetters) {
            let reason = letter.header(HEADER_REASON).expect("a dead letter has its reason").to_owned();
            let frame: v1::Frame = prost::Message::decode(letter.payload.unwrap()).unwrap();
            let id = frame.id.unwrap();
            outcome.letters.insert((id.camera_id, id.sequence), reason);
        }
        outcome
    }

    /// Frames of a camera that were dropped, for any reason.
    pub fn dropped(&self, camera: &str) -> u64 {
        self.service.count("infer_dropped_frames_total", &[("camera", camera)])
    }

    /// Frames of a camera that were only decoded.
    pub fn only_decoded(&self, camera: &str) -> u64 {
        self.service.count("infer_reference_frames_total", &[("camera", camera)])
    }

    /// CPU time of the service so far. A busy machine does not change it.
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.service.pid())).unwrap();
        // Behind the program's name in parentheses: user and system time are the fields 12 and 13, in ticks of 10 ms.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Peak memory of the service, bytes.
    pub fn peak_bytes(&self) -> u64 {
        peak_bytes(self.service.pid())
    }
}

/// Detections and reasons of dead letters, by camera and sequence number.
#[derive(Debug, Default)]
pub struct FrameResults {
    pub detections: BTreeMap<(String, u64), v1::FrameDetections>,
    pub letters: BTreeMap<(String, u64), String>,
}

impl FrameResults {
    /// Number of analysed frames of a camera, and of its dead letters.
    pub fn counts(&self, camera: &str) -> (u64, u64) {
        let analysed = self.detections.keys().filter(|(name, _)| name == camera).count();
        let letters = self.letters.keys().filter(|(name, _)| name == camera).count();
        (analysed as u64, letters as u64)
    }

    /// The objects of a frame, without tracks, whose ids depend on earlier frames.
    pub fn seen(&self, camera: &str, sequence: u64) -> Vec<String> {
        let detections = self.detections.get(&(camera.to_owned(), sequence));
        let detections = detections.unwrap_or_else(|| panic!("{camera} has no detections of {sequence}"));
        let seen = detections.objects.iter();
        let mut seen: Vec<_> = seen.map(|seen| format!("{} {} {:?}", seen.class, seen.score, seen.r#box)).collect();
        seen.sort();
        seen
    }
}
