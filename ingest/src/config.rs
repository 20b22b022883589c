//! The settings, with units and defaults. One file per section of ingest's own.

mod between;
mod camera_tests;
mod file;
mod live;
mod pipelines;
mod pull;
mod push;
mod s3;

use std::net::SocketAddr;

use serde::Deserialize;
use vru_runtime::cameras::{CamerasConfig, check_file};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::{KafkaConfig, Needs};
use vru_runtime::networks::AllowedNetworks;
use vru_runtime::redis::RedisConfig;
use vru_runtime::report::chain;
use vru_runtime::service::{ServiceConfig, ShutdownConfig};
use vru_runtime::telemetry::TelemetryConfig;

use crate::source::OutputPlan;

pub use camera_tests::CameraTestsConfig;
pub use file::FileConfig;
pub use live::LiveConfig;
pub use pipelines::PipelinesConfig;
pub use pull::PullConfig;
pub use push::PushConfig;
pub use s3::S3Section;

/// The settings of `vru-ingest`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Where `/health`, `/ready` and `/metrics` are served (default `127.0.0.1:8002`). There is no
    /// authentication: another address is for a network that only probes and Prometheus reach.
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
    /// The bucket with files that people upload; absent: there are none.
    pub s3: Option<S3Section>,
    /// Where it is written what is dropped, for the state of the system that `vru-api` shows; without it, nowhere.
    pub redis: RedisConfig,
    /// Cameras that people try before they are watched.
    pub camera_tests: CameraTestsConfig,
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
            admin: SocketAddr::from(([127, 0, 0, 1], 8002)),
            group: "vru-ingest".to_owned(),
            kafka: KafkaConfig::default(),
            cameras: CamerasConfig::default(),
            live: LiveConfig::default(),
            pull: PullConfig::default(),
            push: PushConfig::default(),
            file: FileConfig::default(),
            s3: None,
            redis: RedisConfig::default(),
            camera_tests: CameraTestsConfig::default(),
            pipelines: PipelinesConfig::default(),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
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

impl IngestConfig {
    /// What the service must be allowed to do in Kafka.
    pub fn needs(&self) -> Needs {
        let topics = self.kafka.topics();
        // A file resumes after its last frame on the topic, and waits for the groups that consume it.
        let mut needs = Needs::of("vru-ingest")
            .write(&topics.frames)
            .write(&topics.file_frames)
            .read(&topics.file_frames)
            .write(&topics.file_positions)
            .read(&topics.file_positions);
        for group in &self.file.consumer_groups {
            needs = needs.watch(group);
        }
        if self.cameras.file.as_os_str().is_empty() {
            needs = needs.join(&self.group);
        }
        self.cameras.needs(needs, &topics)
    }
}

impl IngestConfig {
    /// What the tests of cameras must be allowed to do in Kafka. Without it, everything else is done.
    pub fn needs_of_tests(&self) -> Needs {
        let topics = self.kafka.topics();
        Needs::of("vru-ingest")
            .read(&topics.camera_tests)
            .write(&topics.camera_test_pictures)
            .write(&topics.camera_test_reports)
            .join(&self.camera_tests.group)
    }

    /// Where pulled cameras may be; `None`: anywhere. The operator of this host writes the cameras file.
    pub fn networks(&self) -> Option<AllowedNetworks> {
        let PullConfig { allowed_networks, allow_this_host, .. } = &self.pull;
        let of_others = self.cameras.file.as_os_str().is_empty();
        of_others.then(|| AllowedNetworks::new(allowed_networks.clone(), *allow_this_host))
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
        if let Some(s3) = &self.s3 {
            problems.section("s3", s3);
        }
        problems.section("redis", &self.redis);
        problems.section("camera_tests", &self.camera_tests);
        problems.section("pipelines", &self.pipelines);
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
    }

    fn check(&self, problems: &mut Problems) {
        problems.check("redis", &self.redis);
        check_file(&self.cameras, problems);
        let (Ok(pipelines), Ok(cameras)) = (self.pipelines.load(), self.cameras.cameras()) else { return };
        for (id, camera) in cameras {
            if let Err(error) = OutputPlan::new(camera.output.as_ref(), &pipelines) {
                let file = self.cameras.file.display();
                problems.at("cameras.file", format!("{file}: camera `{id}`: output.pipeline: {}", chain(&error)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
        config.camera_tests.concurrent = 0;
        config.pull.allowed_networks = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.0/8".parse().unwrap()];
        let mut problems = Problems::default();
        config.validate(&mut problems);
        let found = problems.found().join("\n");
        for key in [
            "group",
            "live.queue_frames",
            "pull.open_timeout",
            "push.tls_certificate",
            "push.tls_key",
            "file.max_lag",
            "camera_tests.concurrent",
            "pull.allowed_networks",
        ] {
            assert!(found.contains(&format!("{key}: ")), "{key} is not in {found}");
        }
        assert_eq!(problems.found().len(), 8);
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
