//! The settings, with units and defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vru_media::pipeline_set::PipelineSet;
use vru_runtime::cameras::CamerasConfig;
use vru_runtime::config::{ConfigError, Problems, Validate};
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::report::chain;
use vru_runtime::retry::BackoffConfig;
use vru_runtime::service::{ServiceConfig, ShutdownConfig};
use vru_runtime::telemetry::TelemetryConfig;

/// The settings of `vru-ingest`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Where `/health`, `/ready` and `/metrics` are served (default `0.0.0.0:8002`).
    pub admin: SocketAddr,
    /// Consumer group of the topic `vru.cameras`: pods of one group share the cameras (default `vru-ingest`).
    pub group: String,
    /// How Kafka is reached.
    pub kafka: KafkaConfig,
    /// Where the cameras' configuration comes from.
    pub cameras: CamerasConfig,
    /// Live cameras, both pulled and pushed.
    pub live: LiveConfig,
    /// Cameras that ingest connects to.
    pub pull: PullConfig,
    /// Cameras that connect to ingest's RTSP server.
    pub push: PushConfig,
    /// Video files.
    pub file: FileConfig,
    /// GStreamer pipelines that cameras can choose.
    pub pipelines: PipelinesConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// Time limits of the shutdown.
    pub shutdown: ShutdownConfig,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            admin: SocketAddr::from(([0, 0, 0, 0], 8002)),
            group: "vru-ingest".to_owned(),
            kafka: KafkaConfig::default(),
            cameras: CamerasConfig::default(),
            live: LiveConfig::default(),
            pull: PullConfig::default(),
            push: PushConfig::default(),
            file: FileConfig::default(),
            pipelines: PipelinesConfig::default(),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

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

/// Section `pull`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PullConfig {
    /// Longest time from connecting to the first frame (default 15 s). Also applies to cameras that push.
    #[serde(with = "humantime_serde")]
    pub open_timeout: Duration,
    /// Length of the jitter buffer (default 200 ms).
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// With `rtsps://`, whether the camera's certificate is verified (default true).
    pub tls_verify: bool,
}

impl Default for PullConfig {
    fn default() -> Self {
        Self { open_timeout: Duration::from_secs(15), latency: Duration::from_millis(200), tls_verify: true }
    }
}

/// Section `push`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushConfig {
    /// Whether the RTSP server runs (default true).
    pub enabled: bool,
    /// Address for `rtsp://` (default `0.0.0.0:8554`).
    pub listen: SocketAddr,
    /// Address for TLS (`rtsps://`); off by default.
    pub tls_listen: Option<SocketAddr>,
    /// PEM file with the certificate chain. Required with `tls_listen`.
    pub tls_certificate: PathBuf,
    /// PEM file with the private key. Required with `tls_listen`.
    pub tls_key: PathBuf,
    /// Most connections at a time (default 256). Further ones are refused.
    pub max_connections: usize,
    /// A connection that sends no bytes for this long is closed (default 15 s).
    #[serde(with = "humantime_serde")]
    pub read_timeout: Duration,
    /// How long a client may answer an authentication challenge (default 1 min).
    #[serde(with = "humantime_serde")]
    pub nonce_lifetime: Duration,
    /// Whether cameras that are configured without credentials are refused (default false).
    pub require_credentials: bool,
}

impl Default for PushConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([0, 0, 0, 0], 8554)),
            tls_listen: None,
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            max_connections: 256,
            read_timeout: Duration::from_secs(15),
            nonce_lifetime: Duration::from_mins(1),
            require_credentials: false,
        }
    }
}

/// Section `file`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileConfig {
    /// Most frames that a file may be ahead of its consumers (default 64).
    pub max_lag: usize,
    /// Most bytes that a file may be ahead of its consumers (default 2 MB). The embedded broker keeps about 5 MB per partition
    /// and silently drops older records.
    pub max_lag_bytes: usize,
    /// Consumer groups that a file waits for (default `vru-infer`). With none, a file is published as fast as Kafka accepts it.
    pub consumer_groups: Vec<String>,
    /// How often the committed offsets of the groups are read while a file waits (default 50 ms).
    #[serde(with = "humantime_serde")]
    pub poll_interval: Duration,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            max_lag: 64,
            max_lag_bytes: 2_000_000,
            consumer_groups: vec!["vru-infer".to_owned()],
            poll_interval: Duration::from_millis(50),
        }
    }
}

/// Section `pipelines`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelinesConfig {
    /// Folder with pipeline descriptions that are added to the built-in ones (default none). `pipelines/README.md` documents
    /// their format.
    pub folder: Option<PathBuf>,
}

impl PipelinesConfig {
    /// The built-in pipelines and those in the folder. The error lists every problem of every file.
    pub fn load(&self) -> Result<PipelineSet, ConfigError> {
        let Some(folder) = &self.folder else { return Ok(PipelineSet::embedded()) };
        PipelineSet::with_folder(folder).map_err(|problems| ConfigError {
            problems: problems.iter().map(|problem| chain(problem).to_string()).collect(),
        })
    }
}

impl ServiceConfig for IngestConfig {
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

impl Validate for IngestConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
        problems.section("kafka", &self.kafka);
        problems.section("cameras", &self.cameras);
        problems.section("live", &self.live);
        problems.section("pull", &self.pull);
        problems.section("push", &self.push);
        problems.section("file", &self.file);
        problems.section("pipelines", &self.pipelines);
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
    }
}

fn between(problems: &mut Problems, key: &str, value: Duration, least_ms: u64, most_s: u64) {
    let range = Duration::from_millis(least_ms)..=Duration::from_secs(most_s);
    problems.require(range.contains(&value), key, format!("is not between {least_ms}ms and {most_s}s"));
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

impl Validate for PullConfig {
    fn validate(&self, problems: &mut Problems) {
        between(problems, "open_timeout", self.open_timeout, 500, 300);
        between(problems, "latency", self.latency, 0, 10);
    }
}

impl Validate for PushConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.max_connections > 0, "max_connections", "is 0");
        between(problems, "read_timeout", self.read_timeout, 500, 300);
        between(problems, "nonce_lifetime", self.nonce_lifetime, 1_000, 3_600);
        if self.tls_listen.is_some() {
            for (key, path) in [("tls_certificate", &self.tls_certificate), ("tls_key", &self.tls_key)] {
                problems.require(
                    path.is_file(),
                    key,
                    format!("`{}` is not a file, but tls_listen is set", path.display()),
                );
            }
        }
    }
}

impl Validate for FileConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.max_lag > 0, "max_lag", "is 0");
        problems.require(self.max_lag_bytes > 0, "max_lag_bytes", "is 0");
        between(problems, "poll_interval", self.poll_interval, 5, 60);
        let named = self.consumer_groups.iter().all(|group| !group.is_empty());
        problems.require(named, "consumer_groups", "contains an empty name");
    }
}

impl Validate for PipelinesConfig {
    fn validate(&self, problems: &mut Problems) {
        for problem in self.load().err().into_iter().flat_map(|error| error.problems) {
            problems.at("folder", problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        let mut problems = Problems::default();
        IngestConfig::default().validate(&mut problems);
        assert!(problems.found().is_empty(), "{:?}", problems.found());
    }

    #[test]
    fn every_mistake_is_listed_with_its_key() {
        let mut config = IngestConfig { group: String::new(), ..IngestConfig::default() };
        config.live.queue_frames = 0;
        config.pull.open_timeout = Duration::ZERO;
        config.push.tls_listen = Some(SocketAddr::from(([127, 0, 0, 1], 322)));
        config.file.max_lag = 0;
        let mut problems = Problems::default();
        config.validate(&mut problems);
        let found = problems.found().join("\n");
        for key in
            ["group", "live.queue_frames", "pull.open_timeout", "push.tls_certificate", "push.tls_key", "file.max_lag"]
        {
            assert!(found.contains(&format!("{key}: ")), "{key} is not in {found}");
        }
        assert_eq!(problems.found().len(), 6);
    }

    #[test]
    fn a_broken_pipeline_file_is_reported_under_its_key() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jetson.yaml"), "name: jetson").unwrap();
        let mut config = IngestConfig::default();
        config.pipelines.folder = Some(folder.path().to_owned());
        let mut problems = Problems::default();
        config.validate(&mut problems);
        let [problem] = problems.found() else { panic!("{:?}", problems.found()) };
        assert!(problem.starts_with("pipelines.folder: cannot parse pipeline description `jetson`"), "{problem}");
        assert!(problem.contains("missing field"), "{problem}");
    }
}
