//! The configuration of `vru up`. Its sections are those of the services, under the same names.

mod services;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use vru_api::config::{HttpConfig, LogInConfig, SessionsConfig};
use vru_api::{RateLimitsConfig, SignInConfig, TokensConfig, UploadsConfig};
use vru_infer::config::{BatchConfig, ModelConfig, QueueConfig, SnapshotConfig, check_model};
use vru_ingest::config::{FileConfig, LiveConfig, PullConfig, PushConfig};
use vru_runtime::cameras::CamerasConfig;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::redis::RedisConfig;
use vru_runtime::service::ShutdownConfig;
use vru_runtime::telemetry::TelemetryConfig;
use vru_sink::alerts::config::{AlertsConfig, AuthMode};
use vru_sink::postgres::PostgresConfig;
use vru_sink::s3::S3Config;
use vru_storage::s3::BucketConfig;

/// How often inference commits on the embedded broker.
const EMBEDDED_COMMIT: Duration = Duration::from_millis(20);

/// All settings of `vru up`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpConfig {
    /// Where the cameras are configured: in a file, or, without one, by the API.
    pub cameras: CamerasConfig,
    /// A real Kafka. Without this section the embedded broker runs.
    pub kafka: Option<KafkaConfig>,
    /// A real PostgreSQL. Without this section a private one runs in the data folder.
    pub postgres: Option<PostgresConfig>,
    /// A real object store. Without this section an embedded one runs in the data folder.
    pub s3: Option<S3Config>,
    /// A Redis for the live state of cameras and for rate limits. Without `url`, both are in memory.
    pub redis: RedisConfig,
    /// The gRPC server. Without this section it listens on `127.0.0.1:50051` without authentication.
    pub alerts: AlertsConfig,
    /// The model; the demo's model when no path is given.
    pub model: ModelConfig,
    /// Queues before the model.
    pub queue: QueueConfig,
    /// Batches for the model.
    pub batch: BatchConfig,
    /// The snapshot in alerts.
    pub snapshot: SnapshotConfig,
    /// Settings of live cameras.
    pub live: LiveConfig,
    /// Cameras that ingest connects to.
    pub pull: PullConfig,
    /// Cameras that connect to ingest.
    pub push: PushConfig,
    /// Video files as cameras.
    pub file: FileConfig,
    /// What earlier versions had; an error now, which says what replaced it.
    pub page: Option<IgnoredAny>,
    /// The REST API.
    pub api: ApiSection,
    /// The addresses of each service's `/health`, `/ready` and `/metrics`.
    pub admin: AdminConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// The drain at the end.
    pub shutdown: ShutdownConfig,
}

/// Section `api`: what `vru-api` has in its own configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSection {
    /// Where it is served (`listen`, by default `127.0.0.1:8000`), and what bounds a request.
    pub http: HttpConfig,
    pub sessions: SessionsConfig,
    pub log_in: LogInConfig,
    /// Short-lived tokens of programs. With `alerts.auth = "jwt"`, the gRPC server accepts them unless its section `jwt` says more.
    pub tokens: TokensConfig,
    /// Identity providers with which people sign in.
    pub sign_in: SignInConfig,
    pub rate_limits: RateLimitsConfig,
    /// Video files that people upload. They are always taken here (`enabled` says nothing).
    pub uploads: UploadsConfig,
}

/// Section `admin`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Of inference (default `127.0.0.1:8001`).
    pub infer: SocketAddr,
    /// Of ingest (default `127.0.0.1:8002`).
    pub ingest: SocketAddr,
    /// Of the sinks (default `127.0.0.1:8003`).
    pub sink: SocketAddr,
    /// Of the API (default `127.0.0.1:8004`).
    pub api: SocketAddr,
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

impl Default for UpConfig {
    fn default() -> Self {
        Self {
            cameras: CamerasConfig::default(),
            kafka: None,
            postgres: None,
            s3: None,
            redis: RedisConfig::default(),
            alerts: AlertsConfig { auth: AuthMode::None, listen: local(50051), ..AlertsConfig::default() },
            model: ModelConfig::default(),
            queue: QueueConfig::default(),
            batch: BatchConfig::default(),
            snapshot: SnapshotConfig::default(),
            live: LiveConfig::default(),
            pull: PullConfig::default(),
            push: PushConfig::default(),
            file: FileConfig::default(),
            page: None,
            api: ApiSection::default(),
            admin: AdminConfig::default(),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { infer: local(8001), ingest: local(8002), sink: local(8003), api: local(8004) }
    }
}

impl Validate for UpConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.section("cameras", &self.cameras);
        if let Some(kafka) = &self.kafka {
            problems.section("kafka", kafka);
        }
        if let Some(postgres) = &self.postgres {
            problems.section("postgres", postgres);
        }
        if let Some(s3) = &self.s3 {
            problems.section("s3", s3);
        }
        problems.section("redis", &self.redis);
        problems.section("alerts", &self.alerts());
        problems.section("model", &self.model);
        problems.section("queue", &self.queue);
        problems.section("batch", &self.batch);
        problems.section("snapshot", &self.snapshot);
        problems.section("live", &self.live);
        problems.section("pull", &self.pull);
        problems.section("push", &self.push);
        problems.section("file", &self.file);
        let gone = "there is no such section any more: the web app, which the API serves at `api.http.listen`, shows the live pictures, \
                    and people log in there. Remove the section";
        problems.require(self.page.is_none(), "page", gone);
        problems.section("api", &self.api);
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
        self.validate_addresses(problems);
    }

    fn check(&self, problems: &mut Problems) {
        // The cameras with all that they name, their pipelines included.
        self.ingest(&KafkaConfig::default(), &BucketConfig::default()).check(problems);
        problems.check("redis", &self.redis);
        problems.check("api.http", &self.api.http);
        check_model(&self.model, &self.cameras, problems);
    }
}

impl Validate for ApiSection {
    fn validate(&self, problems: &mut Problems) {
        problems.section("http", &self.http);
        problems.section("sessions", &self.sessions);
        problems.section("log_in", &self.log_in);
        problems.section("tokens", &self.tokens);
        problems.section("sign_in", &self.sign_in);
        problems.section("uploads", &self.uploads);
        problems.section("rate_limits", &self.rate_limits);
    }
}

impl UpConfig {
    /// Two servers of one process cannot have the same address.
    fn validate_addresses(&self, problems: &mut Problems) {
        let mut addresses = vec![
            ("admin.infer", self.admin.infer),
            ("admin.ingest", self.admin.ingest),
            ("admin.sink", self.admin.sink),
            ("admin.api", self.admin.api),
            ("api.http.listen", self.api.http.listen),
            ("alerts.listen", self.alerts.listen),
        ];
        if self.push.enabled {
            addresses.extend(self.push.plaintext.then_some(("push.listen", self.push.listen)));
            addresses.extend(self.push.tls_listen.map(|address| ("push.tls_listen", address)));
        }
        if self.alerts.listen.port() == 0 {
            problems.at("alerts.listen", "has port 0, at which nobody finds the alerts: choose a port");
        }
        for (at, (key, address)) in addresses.iter().enumerate() {
            let meets = |other: &SocketAddr| {
                let everywhere = other.ip().is_unspecified() || address.ip().is_unspecified();
                address.port() != 0 && other.port() == address.port() && (everywhere || other.ip() == address.ip())
            };
            if let Some((other, _)) = addresses[..at].iter().find(|(_, other)| meets(other)) {
                problems.at(key, format!("is {address}, which {other} uses too: choose another port"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::config::{Layers, load};

    use vru_api::ApiConfig;
    use vru_infer::InferConfig;
    use vru_ingest::IngestConfig;
    use vru_sink::SinkConfig;

    use super::*;

    fn layers(flags: &[&str]) -> Layers {
        Layers { flags: flags.iter().map(|&flag| flag.to_owned()).collect(), ..Layers::default() }
    }

    #[test]
    fn servers_are_embedded_unless_their_section_is_set() {
        let model = vru_runtime::assets::require("models/nanodet-g.onnx").unwrap();
        let model = format!("model.path={}", model.display());
        let flags = ["kafka.brokers=kafka:9092", "alerts.auth=none", "alerts.listen=127.0.0.1:50051", model.as_str()];
        let config: UpConfig = load(&layers(&flags)).unwrap();
        assert_eq!(config.kafka.unwrap().brokers, "kafka:9092");
        assert!(config.postgres.is_none() && config.s3.is_none());
    }

    #[test]
    fn admin_servers_listen_on_loopback_by_default() {
        let AdminConfig { infer, ingest, sink, api } = AdminConfig::default();
        let alone = [
            InferConfig::default().admin,
            IngestConfig::default().admin,
            SinkConfig::default().admin,
            ApiConfig::default().admin,
        ];
        assert_eq!(alone, [infer, ingest, sink, api]);
        assert!(alone.iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn the_grpc_server_accepts_tokens_of_the_api_unless_it_is_told_whose() {
        let model = vru_runtime::assets::require("models/nanodet-g.onnx").unwrap();
        let model = format!("model.path={}", model.display());
        let jwt = |flags: &[&str]| {
            let own = ["alerts.auth=jwt", "alerts.listen=127.0.0.1:50051", model.as_str()];
            let config: UpConfig = load(&layers(&[&own[..], flags].concat())).unwrap();
            config.alerts().jwt
        };
        let own = jwt(&["api.http.listen=127.0.0.1:9000", "api.http.origins=[\"https://vru.example.org\"]"]);
        assert_eq!(own.jwks_url, "http://127.0.0.1:9000/.well-known/jwks.json");
        assert_eq!((&*own.issuer, &*own.audience, &*own.scope), ("https://vru.example.org", "vru", "alerts:read"));
        let secret = "alerts.jwt.secret=0123456789abcdef0123456789abcdef";
        let other = jwt(&[secret, "alerts.jwt.issuer=https://id.example", "alerts.jwt.audience=alerts"]);
        assert_eq!((&*other.jwks_url, &*other.issuer, &*other.scope), ("", "https://id.example", ""));
    }

    #[test]
    fn a_section_of_the_former_page_is_refused_with_what_replaced_it() {
        let model = vru_runtime::assets::require("models/nanodet-g.onnx").unwrap();
        let flags = ["page.listen=127.0.0.1:3000".to_owned(), format!("model.path={}", model.display())];
        let problems = load::<UpConfig>(&layers(&flags.each_ref().map(String::as_str))).unwrap_err().problems;
        assert!(
            problems.len() == 1 && problems[0].contains("page") && problems[0].contains("api.http.listen"),
            "{problems:?}"
        );
    }

    #[test]
    fn every_mistake_is_listed() {
        let mut flags = vec!["admin.infer=here", "model.path=/nowhere.onnx", "live.queue_frames=0", "cameras.fil=x"];
        flags.extend(["alerts.auth=jwt", "alerts.jwt.issuer=https://id.example"]);
        let problems = load::<UpConfig>(&layers(&flags)).unwrap_err().problems.join("\n");
        for wanted in ["admin.infer", "model.path", "live.queue_frames", "cameras.fil", "alerts.jwt.secret"] {
            assert!(problems.contains(wanted), "{wanted} is not in {problems}");
        }
    }
}
