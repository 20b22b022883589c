use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::retry::BackoffConfig;

use super::between::between;

/// Section `live`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// Frames of a camera that may wait for the producer. When the queue is full, the oldest is dropped (default 8).
    pub queue_frames: usize,
    /// Frames of a camera that may be sent and not yet acknowledged by Kafka (default 8).
    pub in_flight: usize,
    /// When Kafka has not acknowledged a frame for this long, Kafka is considered down: `/ready` reports it, and frames dropped
    /// from a full queue are counted as `kafka_down` (default 5 s). Frames in flight are not given up: they may arrive.
    #[serde(with = "humantime_serde")]
    pub message_timeout: Duration,
    /// Bound of the producer's own queue for all cameras and files together, in bytes (default 64 MiB).
    pub producer_queue_bytes: usize,
    /// A camera that sends no frame for this long has stalled, and its connection is opened again (default 10 s).
    #[serde(with = "humantime_serde")]
    pub stall_timeout: Duration,
    /// When a camera's clock differs from this host's clock by more than this, capture times follow the arrival of packets
    /// instead (default 10 s). So a wrong camera clock shifts capture times by at most this value.
    #[serde(with = "humantime_serde")]
    pub clock_tolerance: Duration,
    /// Threads of a software decoder (default 1). Each further thread decodes faster and adds one frame of latency.
    pub decoder_threads: u32,
    /// Waits between attempts to connect to a camera.
    pub backoff: BackoffConfig,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            queue_frames: 8,
            in_flight: 8,
            message_timeout: Duration::from_secs(5),
            producer_queue_bytes: 64 * 1024 * 1024,
            stall_timeout: Duration::from_secs(10),
            clock_tolerance: Duration::from_secs(10),
            decoder_threads: 1,
            backoff: BackoffConfig::default(),
        }
    }
}

impl Validate for LiveConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=1_000).contains(&self.queue_frames), "queue_frames", "is not between 1 and 1000");
        problems.require((1..=1_000).contains(&self.in_flight), "in_flight", "is not between 1 and 1000");
        between(problems, "message_timeout", self.message_timeout, 100, 300);
        problems.require(
            self.producer_queue_bytes >= 1_000_000,
            "producer_queue_bytes",
            "is below 1 MB: a frame may not fit",
        );
        between(problems, "stall_timeout", self.stall_timeout, 500, 3_600);
        problems.require((1..=16).contains(&self.decoder_threads), "decoder_threads", "is not between 1 and 16");
        problems.require(self.backoff.initial <= self.backoff.max, "backoff.initial", "is more than backoff.max");
        problems.require(
            !self.backoff.initial.is_zero(),
            "backoff.initial",
            "is 0: a broken camera would be retried without a pause",
        );
    }
}
