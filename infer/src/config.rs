//! Configuration of the inference service. Each section has its own validation.

mod batch;
mod model;
mod queue;

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use vru_runtime::cameras::{CamerasConfig, check_file};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::{KafkaConfig, Needs};
use vru_runtime::redis::RedisConfig;
use vru_runtime::report::chain;
use vru_runtime::service::{ServiceConfig, ShutdownConfig};
use vru_runtime::telemetry::TelemetryConfig;

use crate::analysis::{ContradictingSettings, camera_tracker};
use crate::camera_tests::CameraTestsConfig;
use crate::engine::Engine;

pub use batch::BatchConfig;
pub use model::{ModelConfig, NoModel, Provider};
pub use queue::QueueConfig;

/// The consumer group that inference workers share.
pub const DEFAULT_GROUP: &str = "vru-infer";

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InferConfig {
    /// The Kafka cluster with the frames and the results.
    pub kafka: KafkaConfig,
    /// Where the live state of cameras is written; without it, nowhere.
    pub redis: RedisConfig,
    /// The consumer group; the workers of one group share the cameras (default `vru-infer`).
    pub group: String,
    /// The model and how it is run.
    pub model: ModelConfig,
    /// The queues before the model.
    pub queue: QueueConfig,
    /// How frames are combined into one run of the model.
    pub batch: BatchConfig,
    /// Where the cameras' zones and rules come from.
    pub cameras: CamerasConfig,
    /// The pictures of cameras that are tested.
    pub camera_tests: CameraTestsConfig,
    /// The pictures of alerts.
    pub snapshot: SnapshotConfig,
    /// The address of `/health`, `/ready` and `/metrics` (default `127.0.0.1:8001`). There is no
    /// authentication: another address is for a network that only probes and Prometheus reach.
    pub admin: SocketAddr,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// How long the service drains before it stops.
    pub shutdown: ShutdownConfig,
}

impl Default for InferConfig {
    fn default() -> Self {
        Self {
            kafka: KafkaConfig::default(),
            redis: RedisConfig::default(),
            group: DEFAULT_GROUP.to_owned(),
            model: ModelConfig::default(),
            queue: QueueConfig::default(),
            batch: BatchConfig::default(),
            cameras: CamerasConfig::default(),
            camera_tests: CameraTestsConfig::default(),
            snapshot: SnapshotConfig::default(),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, 8001)),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

impl InferConfig {
    /// What the service must be allowed to do in Kafka.
    pub fn needs(&self) -> Needs {
        let topics = self.kafka.topics();
        let needs = Needs::of("vru-infer")
            .read(&topics.frames)
            .read(&topics.file_frames)
            .join(&self.group)
            // The detections are read by a worker that takes cameras over.
            .read(&topics.detections)
            .write(&topics.detections)
            .write(&topics.alerts)
            .write(&topics.dead_letters);
        self.cameras.needs(needs, &topics)
    }

    /// What the pictures of tested cameras need in Kafka. Without it, everything else is done.
    pub fn needs_of_tests(&self) -> Needs {
        let topics = self.kafka.topics();
        Needs::of("vru-infer")
            .read(&topics.camera_test_pictures)
            .write(&topics.camera_test_reports)
            .join(&self.camera_tests.group)
    }
}

impl Validate for InferConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
        problems.section("kafka", &self.kafka);
        problems.section("redis", &self.redis);
        problems.section("model", &self.model);
        problems.section("queue", &self.queue);
        problems.section("batch", &self.batch);
        problems.section("cameras", &self.cameras);
        problems.section("camera_tests", &self.camera_tests);
        problems.section("snapshot", &self.snapshot);
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
    }

    fn check(&self, problems: &mut Problems) {
        problems.check("redis", &self.redis);
        check_file(&self.cameras, problems);
        check_model(&self.model, &self.cameras, problems);
    }
}

/// Loads the model as the start does, but on the CPU: to build an engine for a GPU takes minutes. The tracker settings of the cameras
/// in a file must fit it.
pub fn check_model(model: &ModelConfig, cameras: &CamerasConfig, problems: &mut Problems) {
    let on_cpu = ModelConfig { provider: Provider::Cpu, ..model.clone() };
    match Engine::load(&on_cpu) {
        Err(error) => problems.at("model", format!("cannot be loaded: {}", chain(&error))),
        Ok(engine) => {
            for error in contradictions(cameras, &engine) {
                problems.at("cameras.file", format!("{}: {error}", cameras.file.display()));
            }
        }
    }
}

/// The cameras of the file whose tracker settings contradict those of the model. A file that cannot be read is reported elsewhere.
pub(crate) fn contradictions(cameras: &CamerasConfig, engine: &Engine) -> Vec<ContradictingSettings> {
    let cameras = cameras.cameras().unwrap_or_default();
    cameras.iter().filter_map(|(_, camera)| camera_tracker(&engine.model().tracker, camera).err()).collect()
}

impl ServiceConfig for InferConfig {
    fn telemetry(&self) -> &TelemetryConfig {
        &self.telemetry
    }

    fn admin(&self) -> SocketAddr {
        self.admin
    }

    fn shutdown(&self) -> &ShutdownConfig {
        &self.shutdown
    }
}

/// Section `snapshot`: the picture that an alert carries.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotConfig {
    /// JPEG quality, 1 to 100, if the frame did not arrive as JPEG (default 85).
    pub quality: u8,
    /// The largest snapshot in bytes (default 900 000). A larger one is compressed again at half the quality. If it is still
    /// too large, the alert has no snapshot: Kafka refuses records beyond its size limit.
    pub max_bytes: usize,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self { quality: 85, max_bytes: 900_000 }
    }
}

impl Validate for SnapshotConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=100).contains(&self.quality), "quality", format!("is {}, not 1 to 100", self.quality));
        problems.require(self.max_bytes >= 1_000, "max_bytes", "is less than 1000");
    }
}
