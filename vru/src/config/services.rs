//! The configuration of each service, made of that of `vru up`.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vru_api::ApiConfig;
use vru_api::config::HttpConfig;
use vru_auth::policy::Scope;
use vru_infer::InferConfig;
use vru_infer::config::QueueConfig;
use vru_ingest::IngestConfig;
use vru_ingest::config::{FileConfig, PullConfig, S3Section};
use vru_runtime::assets;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::secret::Secret;
use vru_runtime::tls::TlsConfig;
use vru_sink::SinkConfig;
use vru_sink::alerts::config::{AlertsConfig, AuthMode};
use vru_sink::postgres::PostgresConfig;
use vru_sink::s3::S3Config;
use vru_storage::postgres::DatabaseConfig;
use vru_storage::s3::BucketConfig;

use super::{ApiSection, EMBEDDED_COMMIT, UpConfig};
use crate::embedded;

impl UpConfig {
    /// The embedded broker keeps little and silently drops the rest: a file is only a little ahead there.
    fn file_pace(&self) -> FileConfig {
        let most = if self.kafka.is_some() { usize::MAX } else { embedded::broker::FILE_AHEAD_BYTES };
        FileConfig { max_lag_bytes: self.file.max_lag_bytes.min(most), ..self.file.clone() }
    }

    /// Files wait for commits. Those to the embedded broker cost nothing, and as little may be ahead of them, they come often.
    fn infer_queue(&self) -> QueueConfig {
        let most = if self.kafka.is_some() { Duration::MAX } else { EMBEDDED_COMMIT };
        QueueConfig { commit_every: self.queue.commit_every.min(most), ..self.queue }
    }

    /// The gRPC server. If it wants tokens and nothing says whose, they are those of the API in this process.
    pub fn alerts(&self) -> AlertsConfig {
        let mut alerts = self.alerts.clone();
        let jwt = &mut alerts.jwt;
        if self.own_tokens() {
            let ApiSection { http, tokens, .. } = &self.api;
            // Others than its own certificate need not name this machine.
            let own = jwt.jwks_ca.as_os_str().is_empty() && http.tls.is_on();
            let address = if own { http.address() } else { http.local_address() };
            jwt.jwks_url = format!("{address}/.well-known/jwks.json");
            jwt.issuer = tokens.issuer(http.address());
            jwt.audience.clone_from(&tokens.audience);
            if jwt.scope.is_empty() {
                Scope::AlertsRead.word().clone_into(&mut jwt.scope);
            }
        }
        alerts
    }

    /// Serves the API with this certificate, which names `hosts`, and accepts what browsers see then.
    pub fn serve_with(&mut self, certificate: TlsConfig, hosts: &[String]) {
        let own_tokens = self.own_tokens();
        let http = &mut self.api.http;
        if http.origins.is_empty() {
            let port = http.listen.port();
            let address = |host: &String| match host.parse::<Ipv6Addr>() {
                Ok(ip) => format!("https://[{ip}]:{port}"),
                Err(_) => format!("https://{host}:{port}"),
            };
            http.origins = hosts.iter().filter_map(|host| address(host).try_into().ok()).collect();
        }
        // It signs itself: who has it trusts it.
        if own_tokens && self.alerts.jwt.jwks_ca.as_os_str().is_empty() {
            self.alerts.jwt.jwks_ca.clone_from(&certificate.certificate);
        }
        http.tls = certificate;
    }

    /// Whether the gRPC server of alerts wants tokens of the API in this process.
    fn own_tokens(&self) -> bool {
        let AlertsConfig { auth, jwt, .. } = &self.alerts;
        *auth == AuthMode::Jwt && !jwt.names_keys() && jwt.issuer.is_empty() && jwt.audience.is_empty()
    }

    /// The configuration of ingest on this broker, with the bucket of uploads.
    pub fn ingest(&self, kafka: &KafkaConfig, bucket: &BucketConfig) -> IngestConfig {
        IngestConfig {
            admin: self.admin.ingest,
            kafka: kafka.clone(),
            cameras: self.cameras.clone(),
            live: self.live.clone(),
            // Everything runs on this host.
            pull: PullConfig { allow_this_host: true, ..self.pull.clone() },
            push: self.push.clone(),
            file: self.file_pace(),
            s3: Some(S3Section { bucket: bucket.clone() }),
            redis: self.redis.clone(),
            ..IngestConfig::default()
        }
    }

    /// The configuration of inference on this broker.
    pub fn infer(&self, kafka: &KafkaConfig) -> InferConfig {
        InferConfig {
            admin: self.admin.infer,
            kafka: kafka.clone(),
            cameras: self.cameras.clone(),
            model: self.model.clone(),
            queue: self.infer_queue(),
            batch: self.batch,
            snapshot: self.snapshot,
            redis: self.redis.clone(),
            ..InferConfig::default()
        }
    }

    /// The configuration of the sinks on these servers.
    pub fn sink(&self, kafka: &KafkaConfig, postgres: PostgresConfig, s3: S3Config) -> SinkConfig {
        SinkConfig {
            admin: self.admin.sink,
            kafka: kafka.clone(),
            postgres,
            s3,
            alerts: self.alerts(),
            ..SinkConfig::default()
        }
    }

    /// The folder with the web app: the one that is configured, or the one that `make demo` built, or none.
    pub fn web_folder(&self) -> PathBuf {
        let configured = &self.api.http.web_folder;
        let built = || assets::require("web/index.html").ok()?.parent().map(Path::to_owned);
        if configured.as_os_str().is_empty() { built().unwrap_or_default() } else { configured.clone() }
    }

    /// Whether the web app is served.
    pub fn has_web_app(&self) -> bool {
        !self.web_folder().as_os_str().is_empty()
    }

    /// Where people see what the cameras see, in words: the web app, or the API where the app was not built.
    pub fn place(&self) -> String {
        let address = self.api.http.address();
        if self.has_web_app() { format!("web app: {address}") } else { format!("REST API: {address}/docs") }
    }

    /// The configuration of the API on these servers. `first_admin` is the token that adds the first person.
    pub fn api(
        &self,
        kafka: &KafkaConfig,
        database: &DatabaseConfig,
        bucket: &BucketConfig,
        first_admin: Secret,
    ) -> ApiConfig {
        let ApiSection { http, sessions, log_in, rate_limits, tokens, sign_in, uploads } = self.api.clone();
        let http = HttpConfig { web_folder: self.web_folder(), ..http };
        let admin = self.admin.api;
        let mut config =
            ApiConfig { http, sessions, log_in, rate_limits, tokens, sign_in, admin, ..ApiConfig::default() };
        config.redis = self.redis.clone();
        config.kafka = kafka.clone();
        config.database.connection = database.clone();
        config.s3.enabled = true;
        config.s3.bucket = bucket.clone();
        // Browsers on other machines reach the API, and not a store on this one.
        config.s3.relay = true;
        config.uploads = uploads;
        config.uploads.enabled = true;
        config.data_jobs.enabled = true;
        config.cameras.secrets_key = self.cameras.secrets_key.clone();
        config.cameras.old_secrets_keys.clone_from(&self.cameras.old_secrets_keys);
        config.cameras.in_file = !self.cameras.file.as_os_str().is_empty();
        config.first_admin.token = first_admin;
        config
    }
}
