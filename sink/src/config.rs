use std::net::SocketAddr;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::{KafkaConfig, Needs};
use vru_runtime::service::{ServiceConfig, ShutdownConfig};
use vru_runtime::telemetry::TelemetryConfig;

use crate::alerts::AlertsConfig;
use crate::postgres::PostgresConfig;
use crate::s3::S3Config;

/// The whole configuration of `vru-sink`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SinkConfig {
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// Where `/health`, `/ready` and `/metrics` are served (default `127.0.0.1:8003`). There is no
    /// authentication: another address is for a network that only probes and Prometheus reach.
    pub admin: SocketAddr,
    /// Time limit for draining after SIGTERM.
    pub shutdown: ShutdownConfig,
    /// The cluster that detections and alerts are read from.
    pub kafka: KafkaConfig,
    /// Frames, detections and alerts as rows.
    pub postgres: PostgresConfig,
    /// Detections as Parquet objects, snapshots and clips of alerts.
    pub s3: S3Config,
    /// The gRPC server for subscribers of alerts.
    pub alerts: AlertsConfig,
}

/// The sinks that a process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkSelection {
    /// Every sink that is enabled in its section.
    All,
    Postgres,
    S3,
    Alerts,
}

impl Default for SinkConfig {
    fn default() -> Self {
        Self {
            telemetry: TelemetryConfig::default(),
            admin: SocketAddr::from(([127, 0, 0, 1], 8003)),
            shutdown: ShutdownConfig::default(),
            kafka: KafkaConfig::default(),
            postgres: PostgresConfig::default(),
            s3: S3Config::default(),
            alerts: AlertsConfig::default(),
        }
    }
}

impl SinkSelection {
    /// Settings, as `section.key=value`, that enable the selected sink only.
    pub fn settings(self) -> Vec<String> {
        let sinks = [(Self::Postgres, "postgres"), (Self::S3, "s3"), (Self::Alerts, "alerts")];
        match self {
            Self::All => Vec::new(),
            one => sinks.iter().map(|(sink, name)| format!("{name}.enabled={}", *sink == one)).collect(),
        }
    }
}

impl SinkConfig {
    /// What the enabled sinks must be allowed to do in Kafka.
    pub fn needs(&self) -> Needs {
        let topics = self.kafka.topics();
        let mut needs = Needs::of("vru-sink");
        if self.postgres.enabled {
            needs = self.postgres.needs(needs, &topics);
        }
        if self.s3.enabled {
            needs = self.s3.needs(needs, &topics);
        }
        if self.alerts.enabled {
            needs = needs.read(&topics.alerts);
        }
        needs
    }
}

impl Validate for SinkConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
        problems.section("kafka", &self.kafka);
        // A sink that does not run may lack required settings: a pod that serves alerts has no database password.
        if self.postgres.enabled {
            problems.section("postgres", &self.postgres);
        }
        if self.s3.enabled {
            problems.section("s3", &self.s3);
        }
        if self.alerts.enabled {
            problems.section("alerts", &self.alerts);
        }
        let any = self.postgres.enabled || self.s3.enabled || self.alerts.enabled;
        problems.require(any, "", "no sink is enabled: postgres.enabled, s3.enabled or alerts.enabled");
    }
}

impl ServiceConfig for SinkConfig {
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
