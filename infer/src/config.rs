//! Configuration of the inference service. Each section validates itself.

mod batch;
mod model;
mod queue;

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use vru_runtime::cameras::CamerasConfig;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::service::{ServiceConfig, ShutdownConfig};
use vru_runtime::telemetry::TelemetryConfig;

pub use batch::BatchConfig;
pub use model::{ModelConfig, Provider};
pub use queue::QueueConfig;

/// The consumer group that inference workers share.
pub const DEFAULT_GROUP: &str = "vru-infer";

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InferConfig {
    /// Where frames come from and results go.
    pub kafka: KafkaConfig,
    /// Consumer group; workers of one group share the cameras (default `vru-infer`).
    pub group: String,
    /// Which model, and what runs it.
    pub model: ModelConfig,
    /// What waits before the model, and for how long.
    pub queue: QueueConfig,
    /// How frames are put together for one run of the model.
    pub batch: BatchConfig,
    /// Zones and rules.
    pub cameras: CamerasConfig,
    /// What alerts carry.
    pub snapshot: SnapshotConfig,
    /// Where `/health`, `/ready` and `/metrics` are served (default `0.0.0.0:8001`).
    pub admin: SocketAddr,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// How long draining may take.
    pub shutdown: ShutdownConfig,
}

impl Default for InferConfig {
    fn default() -> Self {
        Self {
            kafka: KafkaConfig::default(),
            group: DEFAULT_GROUP.to_owned(),
            model: ModelConfig::default(),
            queue: QueueConfig::default(),
            batch: BatchConfig::default(),
            cameras: CamerasConfig::default(),
            snapshot: SnapshotConfig::default(),
            admin: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8001)),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

impl Validate for InferConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
        problems.section("kafka", &self.kafka);
        problems.section("model", &self.model);
        problems.section("queue", &self.queue);
        problems.section("batch", &self.batch);
        problems.section("cameras", &self.cameras);
        problems.section("snapshot", &self.snapshot);
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
    }
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
    /// JPEG quality, 1 to 100, where the frame did not arrive as JPEG (default 85).
    pub quality: u8,
    /// The largest snapshot, bytes; a larger one is compressed again at half the quality, and left out if that does not
    /// help: Kafka refuses records beyond its limit (default 900 000).
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
