//! The servers of the test, and how pods reach them: what an overlay says about servers, secrets and certificates is replaced by it.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use vru_runtime::test_util::{
    CertificateFiles, KafkaServer, PostgresServer, RedisServer, S3Server, folder, require_asset,
};

use crate::pipeline::{JWT_AUDIENCE, JWT_ISSUER, JWT_SECRET, Pipeline, Servers};
use crate::workload::Workload;

/// Variables of an overlay that name a server or a secret.
pub const REPLACED: [&str; 6] =
    ["VRU__KAFKA__", "VRU__DATABASE__", "VRU__POSTGRES__", "VRU__REDIS__", "VRU__S3__", "VRU__ALERTS__JWT__"];
/// Encrypts the logins of cameras.
const SECRETS_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub struct OwnServers {
    kafka: KafkaServer,
    postgres: PostgresServer,
    s3: S3Server,
    redis: RedisServer,
}

impl OwnServers {
    /// Starts all servers in parallel.
    pub fn start() -> Self {
        std::thread::scope(|scope| {
            let (kafka, postgres) = (scope.spawn(KafkaServer::start), scope.spawn(PostgresServer::start));
            let (s3, redis) = (S3Server::start(), RedisServer::start());
            Self { kafka: kafka.join().unwrap(), postgres: postgres.join().unwrap(), s3, redis }
        })
    }

    pub fn all(&self) -> Servers<'_> {
        Servers { kafka: &self.kafka, postgres: &self.postgres, s3: &self.s3 }
    }

    pub fn addresses(&self, pipeline: &Pipeline<'_>) -> Addresses {
        let config = pipeline.bus.config();
        Addresses {
            brokers: config.brokers,
            topic_prefix: config.topic_prefix,
            database: pipeline.database.clone(),
            redis: self.redis.url(),
            s3: self.s3.endpoint(),
            bucket: pipeline.bucket.clone(),
            certificate: CertificateFiles::create(&folder("certificate"), "ingest"),
            model: require_asset("models/nanodet-g.onnx"),
        }
    }
}

/// What pods are told.
pub struct Addresses {
    brokers: String,
    topic_prefix: String,
    database: String,
    redis: String,
    s3: String,
    bucket: String,
    certificate: CertificateFiles,
    model: PathBuf,
}

impl Addresses {
    /// The variables that a pod of the workload gets instead, with the address that is the pod's own.
    pub fn of(&self, workload: &Workload, pod: Ipv4Addr) -> Vec<(String, String)> {
        // It has no server.
        if workload.name == "web" {
            return Vec::new();
        }
        let mut settings = vec![
            ("kafka.brokers", self.brokers.clone()),
            ("kafka.topic_prefix", self.topic_prefix.clone()),
            ("admin", format!("{pod}:{}", workload.port("admin"))),
        ];
        let bucket = [
            ("s3.endpoint", self.s3.clone()),
            ("s3.bucket", self.bucket.clone()),
            ("s3.access_key", S3Server::ACCESS_KEY.to_owned()),
            ("s3.secret_key", S3Server::SECRET_KEY.to_owned()),
        ];
        let key = ("cameras.secrets_key", SECRETS_KEY.to_owned());
        let path = |path: &PathBuf| path.to_str().expect("a plain path").to_owned();
        match workload.name.as_str() {
            "api" => {
                settings.extend(bucket);
                settings.extend([
                    key,
                    ("database.url", self.database.clone()),
                    ("redis.url", self.redis.clone()),
                    // The live state is refused (503) while Redis is away. Here it is on the same busy machine, where it may be slow, but
                    // is not away.
                    ("redis.timeout", "5s".to_owned()),
                    ("http.listen", format!("{pod}:{}", workload.port("http"))),
                    ("http.proxies", "[\"127.0.0.0/8\"]".to_owned()),
                    // The clients of the test ask faster than people.
                    ("rate_limits.caller.per_minute", "1000000".to_owned()),
                    ("rate_limits.caller.burst", "1000000".to_owned()),
                    ("webhooks.allowed_networks", "[\"127.0.0.0/8\"]".to_owned()),
                ]);
            }
            "webhooks" => settings.extend([
                key,
                ("database.url", self.database.clone()),
                ("webhooks.allowed_networks", "[\"127.0.0.0/8\"]".to_owned()),
            ]),
            "ingest" => {
                settings.extend(bucket);
                settings.extend([
                    key,
                    ("redis.url", self.redis.clone()),
                    ("push.listen", format!("{pod}:{}", workload.port("rtsp"))),
                    ("push.tls_listen", format!("{pod}:{}", workload.port("rtsps"))),
                    ("push.tls_certificate", path(&self.certificate.certificate)),
                    ("push.tls_key", path(&self.certificate.key)),
                    ("pull.allow_this_host", "true".to_owned()),
                ]);
            }
            "infer" => {
                settings.push(("redis.url", self.redis.clone()));
                settings.push(("model.engine_cache", path(&folder("engines"))));
            }
            "sink-postgres" => settings.push(("postgres.url", self.database.clone())),
            "sink-s3" => {
                settings.extend(bucket);
                settings.extend([
                    ("s3.parquet.max_age", "2s".to_owned()),
                    ("s3.clip.before", "1s".to_owned()),
                    ("s3.clip.after", "1s".to_owned()),
                    ("s3.clip.slack", "2s".to_owned()),
                ]);
            }
            "sink-alerts" => settings.extend([
                ("alerts.listen", format!("{pod}:{}", workload.port("grpc"))),
                ("alerts.tls.certificate", String::new()),
                ("alerts.tls.key", String::new()),
                ("alerts.jwt.secret", JWT_SECRET.to_owned()),
                ("alerts.jwt.issuer", JWT_ISSUER.to_owned()),
                ("alerts.jwt.audience", JWT_AUDIENCE.to_owned()),
                ("alerts.heartbeat", "500ms".to_owned()),
            ]),
            other => panic!("the test does not know how to run {other}"),
        }
        let variable = |key: &str| format!("VRU__{}", key.to_uppercase().replace('.', "__"));
        let mut variables: Vec<_> = settings.into_iter().map(|(key, value)| (variable(key), value)).collect();
        if workload.name == "infer" {
            variables.push(("MODEL_PATH".to_owned(), path(&self.model)));
        }
        variables
    }
}
