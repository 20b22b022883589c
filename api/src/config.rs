use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::cameras::SealingKey;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::kafka::{KafkaConfig, Needs};
use vru_runtime::redis::RedisConfig;
use vru_runtime::report::chain;
use vru_runtime::secret::Secret;
use vru_runtime::service::{ServiceConfig, ShutdownConfig};
use vru_runtime::telemetry::TelemetryConfig;
use vru_runtime::tls::roots;

use crate::camera_tests::CameraTestsConfig;
use crate::data_jobs::DataJobsConfig;
use crate::database::DatabaseSection;
pub use crate::http::{HttpConfig, Origin};
use crate::limits::RateLimitsConfig;
use crate::live::LiveConfig;
use crate::pictures::PicturesSection;
use crate::retention::RetentionConfig;
use crate::sign_in::SignInConfig;
use crate::system::SystemConfig;
use crate::tokens::TokensConfig;
use crate::uploads::UploadsConfig;
use crate::webhooks::WebhooksConfig;

/// The whole configuration of `vru-api`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// Where `/health`, `/ready` and `/metrics` are served (default `127.0.0.1:8004`). There is no authentication: another address is
    /// for a network that only probes and Prometheus reach.
    pub admin: SocketAddr,
    /// Time limit for draining after SIGTERM.
    pub shutdown: ShutdownConfig,
    pub http: HttpConfig,
    pub database: DatabaseSection,
    pub kafka: KafkaConfig,
    /// Without it, each replica limits requests for itself, and the live state of cameras is not known.
    pub redis: RedisConfig,
    pub rate_limits: RateLimitsConfig,
    pub cameras: CamerasConfig,
    pub camera_tests: CameraTestsConfig,
    pub live: LiveConfig,
    pub s3: PicturesSection,
    pub sessions: SessionsConfig,
    pub log_in: LogInConfig,
    pub sign_in: SignInConfig,
    pub tokens: TokensConfig,
    pub uploads: UploadsConfig,
    pub data_jobs: DataJobsConfig,
    pub retention: RetentionConfig,
    pub webhooks: WebhooksConfig,
    pub system: SystemConfig,
    pub first_admin: FirstAdminConfig,
}

impl ApiConfig {
    /// What `vru-api webhooks` does in Kafka.
    pub(crate) fn needs_of_webhooks(&self) -> Needs {
        Needs::of("vru-api webhooks").read(&self.kafka.topics().alerts).join(&self.webhooks.group)
    }

    /// What it does in Kafka.
    pub fn needs(&self) -> Needs {
        let topics = self.kafka.topics();
        let mut needs = Needs::of("vru-api");
        if self.uploads.enabled {
            needs = needs.read(&topics.file_positions).write(&topics.file_positions).join(&self.uploads.group);
        }
        if self.webhooks.enabled {
            needs = needs.join(&self.webhooks.group);
        }
        needs
            .read(&topics.cameras)
            .write(&topics.cameras)
            .read(&topics.alerts)
            .read(&topics.frames)
            .read(&topics.file_frames)
            .read(&topics.detections)
            .write(&topics.camera_tests)
            .read(&topics.camera_test_reports)
            .join(&self.camera_tests.group)
    }
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            telemetry: TelemetryConfig::default(),
            admin: SocketAddr::from(([127, 0, 0, 1], 8004)),
            shutdown: ShutdownConfig::default(),
            http: HttpConfig::default(),
            database: DatabaseSection::default(),
            kafka: KafkaConfig::default(),
            redis: RedisConfig::default(),
            rate_limits: RateLimitsConfig::default(),
            cameras: CamerasConfig::default(),
            camera_tests: CameraTestsConfig::default(),
            live: LiveConfig::default(),
            s3: PicturesSection::default(),
            sessions: SessionsConfig::default(),
            log_in: LogInConfig::default(),
            sign_in: SignInConfig::default(),
            tokens: TokensConfig::default(),
            uploads: UploadsConfig::default(),
            data_jobs: DataJobsConfig::default(),
            retention: RetentionConfig::default(),
            webhooks: WebhooksConfig::default(),
            system: SystemConfig::default(),
            first_admin: FirstAdminConfig::default(),
        }
    }
}

/// Section `cameras`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CamerasConfig {
    /// 64 hexadecimal digits with which logins of cameras are encrypted. Ingest needs the same. Empty (default): cameras cannot have a
    /// login.
    pub secrets_key: Secret,
    /// Keys that were `secrets_key` before, and open what they encrypted (default none). `vru-api rotate-secrets` makes them unnecessary.
    pub old_secrets_keys: Vec<Secret>,
    /// The other services read the cameras from a file (their `cameras.file`; default false). Then changes of cameras are refused, because
    /// they would have no effect.
    pub in_file: bool,
}

impl Validate for CamerasConfig {
    fn validate(&self, problems: &mut Problems) {
        SealingKey::check(&self.secrets_key, &self.old_secrets_keys, problems);
    }
}

impl CamerasConfig {
    /// `None` without a key. Keys that are none were refused with the configuration.
    pub(crate) fn sealing(&self) -> Option<SealingKey> {
        SealingKey::with_old(&self.secrets_key, &self.old_secrets_keys).ok()
    }
}

/// Section `sessions`: how long a browser stays logged in.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionsConfig {
    /// Without a request (default 12 h).
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// However much it is used (default 7 days).
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self { idle: Duration::from_hours(12), lifetime: Duration::from_hours(7 * 24) }
    }
}

/// Section `log_in`: how guessing passwords is slowed.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogInConfig {
    /// Failures in a row before a name is blocked for a while (default 5). Each further one doubles the while, from 1 s on.
    pub free_per_name: i32,
    /// The same for an address, from which several people may come (default 50).
    pub free_per_address: i32,
    /// The longest while (default 15 min).
    #[serde(with = "humantime_serde")]
    pub longest_block: Duration,
    /// How many passwords are checked at once (default 2): each takes 19 MiB and some 50 ms of a core.
    pub concurrent: usize,
}

impl Default for LogInConfig {
    fn default() -> Self {
        Self { free_per_name: 5, free_per_address: 50, longest_block: Duration::from_mins(15), concurrent: 2 }
    }
}

/// Section `first_admin`: how the first person is added. The command `vru-api create-admin` always works.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FirstAdminConfig {
    /// With this, `POST /api/v1/first-admin` adds a person while there is none. Empty (default): it adds nobody.
    pub token: Secret,
}

/// So that it cannot be guessed.
const SHORTEST_TOKEN: usize = 32;

impl Validate for FirstAdminConfig {
    fn validate(&self, problems: &mut Problems) {
        let valid = self.token.is_empty() || self.token.expose().len() >= SHORTEST_TOKEN;
        problems.require(valid, "token", format!("has fewer than {SHORTEST_TOKEN} characters"));
    }
}

impl Validate for ApiConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.section("telemetry", &self.telemetry);
        problems.section("shutdown", &self.shutdown);
        problems.section("http", &self.http);
        let detail = format!(
            "is empty, and without TLS sessions and keys are secret on a loopback address only, but `http.listen` is {}: set it and \
             `http.tls.key`, or `http.tls_at_proxy = true` behind a proxy that ends TLS",
            self.http.listen
        );
        problems.require(!self.http.is_exposed(), "http.tls.certificate", detail);
        problems.section("database", &self.database);
        problems.section("kafka", &self.kafka);
        problems.section("redis", &self.redis);
        problems.section("rate_limits", &self.rate_limits);
        problems.section("cameras", &self.cameras);
        problems.section("camera_tests", &self.camera_tests);
        problems.section("live", &self.live);
        problems.section("s3", &self.s3);
        problems.section("sessions", &self.sessions);
        problems.section("log_in", &self.log_in);
        problems.section("sign_in", &self.sign_in);
        problems.section("tokens", &self.tokens);
        problems.section("uploads", &self.uploads);
        problems.section("data_jobs", &self.data_jobs);
        problems.section("retention", &self.retention);
        let pictures = self.s3.enabled || !self.data_jobs.enabled;
        problems.require(pictures, "data_jobs.enabled", "needs the bucket of section `s3`, with `s3.enabled`");
        problems.section("webhooks", &self.webhooks);
        problems.section("system", &self.system);
        problems.section("first_admin", &self.first_admin);
        if !self.sign_in.providers.is_empty() && self.cameras.secrets_key.is_empty() {
            problems.at("cameras.secrets_key", "is empty, and `sign_in.providers` need it");
        }
        if self.s3.relay && self.cameras.secrets_key.is_empty() {
            problems.at("cameras.secrets_key", "is empty, and `s3.relay` needs it");
        }
        let fits = self.sign_in.timeout < self.http.timeout;
        problems.require(
            fits,
            "sign_in.timeout",
            "is not shorter than `http.timeout`, within which a sign-in is answered",
        );
        let fits = self.webhooks.timeout < self.http.timeout;
        problems.require(fits, "webhooks.timeout", "is not shorter than `http.timeout`, within which a test call ends");
    }

    fn check(&self, problems: &mut Problems) {
        if let Err(error) = roots(&self.webhooks.ca) {
            problems.at("webhooks.ca", chain(&error));
        }
        if let Err(error) = roots(&self.sign_in.ca) {
            problems.at("sign_in.ca", chain(&error));
        }
        problems.check("redis", &self.redis);
        problems.check("http", &self.http);
    }
}

impl Validate for SessionsConfig {
    fn validate(&self, problems: &mut Problems) {
        let limits = Duration::from_mins(1)..=Duration::from_hours(366 * 24);
        problems.require(limits.contains(&self.lifetime), "lifetime", "is not between 1 minute and 1 year");
        let idle = Duration::from_mins(1)..=self.lifetime.max(Duration::from_mins(1));
        problems.require(idle.contains(&self.idle), "idle", "is not between 1 minute and `lifetime`");
    }
}

impl Validate for LogInConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=1000).contains(&self.free_per_name), "free_per_name", "is not between 1 and 1000");
        problems.require(
            (1..=100_000).contains(&self.free_per_address),
            "free_per_address",
            "is not between 1 and 100000",
        );
        let limits = Duration::from_secs(1)..=Duration::from_hours(24);
        problems.require(limits.contains(&self.longest_block), "longest_block", "is not between 1s and 1d");
        problems.require((1..=64).contains(&self.concurrent), "concurrent", "is not between 1 and 64");
    }
}

impl ServiceConfig for ApiConfig {
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

#[cfg(test)]
mod tests {
    use vru_runtime::tls::TlsConfig;

    use super::*;

    #[test]
    fn off_loopback_it_needs_tls_or_the_word_that_a_proxy_has_it() {
        let tls = || TlsConfig { certificate: "certificate.pem".into(), key: "key.pem".into() };
        for (listen, tls, tls_at_proxy, refused) in [
            ("127.0.0.1:8000", TlsConfig::default(), false, false),
            ("[::1]:8000", TlsConfig::default(), false, false),
            ("0.0.0.0:8000", TlsConfig::default(), false, true),
            ("[::]:8000", TlsConfig::default(), false, true),
            ("192.0.2.1:8000", TlsConfig::default(), false, true),
            ("0.0.0.0:8000", tls(), false, false),
            ("0.0.0.0:8000", TlsConfig::default(), true, false),
        ] {
            let http = HttpConfig { listen: listen.parse().unwrap(), tls, tls_at_proxy, ..HttpConfig::default() };
            let mut problems = Problems::default();
            ApiConfig { http, ..ApiConfig::default() }.validate(&mut problems);
            let found = problems.found().join("\n");
            assert_eq!(found.contains("http.tls_at_proxy"), refused, "{listen}: {found}");
        }
    }

    #[test]
    fn pictures_that_only_inference_may_see_are_on_no_topic_that_it_reads() {
        let config = ApiConfig::default();
        let topics = config.kafka.topics();
        for needs in [config.needs(), config.needs_of_webhooks()] {
            let needs = format!("{needs:?}");
            assert!(!needs.contains(&topics.camera_test_pictures), "{needs}");
        }
    }
}
