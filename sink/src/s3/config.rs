//! Section `s3`: where the bucket is, when a file is cut, and how long a clip is.

use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::retry::BackoffConfig;
use vru_runtime::secret::Secret;

/// Section `s3`: detections as Parquet, pictures and clips of alerts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// Whether this sink runs when `vru-sink` is started for all (default true).
    pub enabled: bool,
    /// Bucket (default `vru`). It must exist.
    pub bucket: String,
    /// Put before every key, for example `roads/`; empty by default.
    pub prefix: String,
    /// `http://…` or `https://…` of a server other than Amazon's; empty: Amazon's of the region.
    pub endpoint: String,
    /// Region (default `us-east-1`).
    pub region: String,
    /// `http://host/bucket/key` instead of `http://bucket.host/key` (default true when `endpoint` is set).
    pub path_style: Option<bool>,
    /// Access key; empty: the usual chain (environment, web identity, container, instance).
    pub access_key: Secret,
    /// Its secret.
    pub secret_key: Secret,
    /// Name of the consumers' groups, to which `-detections` and `-alerts` are added (default `vru-sink-s3`).
    pub group: String,
    /// How long one request may take (default 20 s).
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Objects larger than this are uploaded in parts (default 16 MiB).
    pub multipart_bytes: usize,
    /// When a Parquet file is cut.
    pub parquet: ParquetConfig,
    /// Clips around alerts.
    pub clip: ClipConfig,
    /// Send records that cannot be read to the dead letters (default false: the postgres sink reads the same topics and does;
    /// set it where no postgres sink runs). They are counted in any case.
    pub dead_letters: bool,
    /// Waits between attempts.
    pub retry: BackoffConfig,
}

/// Section `s3.parquet`. A file is cut from one Kafka partition's stream at whichever comes first.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParquetConfig {
    /// Frames (default 50000).
    pub max_records: usize,
    /// Bytes of records (default 16 MiB).
    pub max_bytes: usize,
    /// Bytes of records that wait in all partitions together (default 128 MiB); past it the largest is cut.
    pub max_open_bytes: usize,
    /// Age of the oldest record that waits (default 5 min).
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    /// Each of date and hour is split by a hash of the camera into this many folders (default 16).
    pub camera_folders: u32,
}

/// Section `s3.clip`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipConfig {
    /// Whether clips are made (default true).
    pub enabled: bool,
    /// Seconds of video before the alert (default 5 s).
    #[serde(with = "humantime_serde")]
    pub before: Duration,
    /// Seconds of video after it (default 5 s).
    #[serde(with = "humantime_serde")]
    pub after: Duration,
    /// How long, beyond `after`, the frames may take to arrive on Kafka (default 5 s).
    #[serde(with = "humantime_serde")]
    pub slack: Duration,
    /// Clips that are made at the same time (default 2).
    pub concurrency: usize,
    /// Bytes of pictures in one clip (default 64 MiB); what comes after is left out.
    pub max_bytes: usize,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            enabled: true,
            bucket: "vru".to_owned(),
            prefix: String::new(),
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            path_style: None,
            access_key: Secret::default(),
            secret_key: Secret::default(),
            group: "vru-sink-s3".to_owned(),
            timeout: Duration::from_secs(20),
            multipart_bytes: 16 * 1024 * 1024,
            parquet: ParquetConfig::default(),
            clip: ClipConfig::default(),
            dead_letters: false,
            retry: BackoffConfig { initial: Duration::from_millis(200), max: Duration::from_secs(10) },
        }
    }
}

impl Default for ParquetConfig {
    fn default() -> Self {
        Self {
            max_records: 50_000,
            max_bytes: 16 * 1024 * 1024,
            max_open_bytes: 128 * 1024 * 1024,
            max_age: Duration::from_mins(5),
            camera_folders: 16,
        }
    }
}

impl Default for ClipConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            before: Duration::from_secs(5),
            after: Duration::from_secs(5),
            slack: Duration::from_secs(5),
            concurrency: 2,
            max_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Validate for S3Config {
    fn validate(&self, problems: &mut Problems) {
        problems.require(self.bucket.len() >= 3, "bucket", format!("`{}` has fewer than three letters", self.bucket));
        let prefix_ok = self.prefix.is_empty() || (self.prefix.ends_with('/') && !self.prefix.starts_with('/'));
        problems.require(prefix_ok, "prefix", "must end with a slash and not start with one");
        let known = ["http://", "https://"].iter().any(|scheme| self.endpoint.starts_with(scheme));
        problems.require(self.endpoint.is_empty() || known, "endpoint", "does not start with http:// or https://");
        problems.require(!self.region.is_empty(), "region", "is empty");
        problems.require(!self.group.is_empty(), "group", "is empty");
        let both = self.access_key.is_empty() == self.secret_key.is_empty();
        problems.require(both, "access_key", "and `secret_key` go together: one of them is empty");
        let sane = Duration::from_millis(500)..=Duration::from_mins(10);
        problems.require(sane.contains(&self.timeout), "timeout", "is not between 500ms and 10m");
        // S3 takes no part smaller than 5 MiB but the last.
        let sane = (5 * 1024 * 1024..=1024 * 1024 * 1024).contains(&self.multipart_bytes);
        problems.require(sane, "multipart_bytes", "is not between 5 MiB and 1 GiB");
        problems.section("parquet", &self.parquet);
        problems.section("clip", &self.clip);
    }
}

impl Validate for ParquetConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require((1..=1_000_000).contains(&self.max_records), "max_records", "is not between 1 and 1000000");
        problems.require(self.max_bytes >= 1_024, "max_bytes", "is less than 1 KiB");
        let fits = self.max_open_bytes >= self.max_bytes;
        problems.require(fits, "max_open_bytes", "is less than `max_bytes`");
        let sane = Duration::from_millis(100)..=Duration::from_hours(24);
        problems.require(sane.contains(&self.max_age), "max_age", "is not between 100ms and 1d");
        problems.require((1..=256).contains(&self.camera_folders), "camera_folders", "is not between 1 and 256");
    }
}

impl Validate for ClipConfig {
    fn validate(&self, problems: &mut Problems) {
        let longest = Duration::from_mins(2);
        problems.require(self.before <= longest, "before", "is more than 2m");
        problems.require(self.after <= longest, "after", "is more than 2m");
        problems.require(self.slack <= longest, "slack", "is more than 2m");
        problems.require((1..=64).contains(&self.concurrency), "concurrency", "is not between 1 and 64");
        problems.require(self.max_bytes >= 1024 * 1024, "max_bytes", "is less than 1 MiB");
    }
}
