//! Section `s3`: the bucket, when a Parquet file is cut, and how long a clip is.

use std::time::Duration;

use serde::de::MapAccess;
use serde::{Deserialize, Deserializer};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::flat_section::{self, FlatSection};
use vru_runtime::kafka::{Needs, Topics};
use vru_runtime::retry::BackoffConfig;
use vru_storage::s3::BucketConfig;

/// Section `s3`: detections as Parquet, snapshots and clips of alerts.
#[derive(Debug, Clone)]
pub struct S3Config {
    /// Whether this sink runs when `vru-sink` is started without a command, or with `all` (default true).
    pub enabled: bool,
    /// Keys `bucket`, `prefix`, `endpoint`, `allow_http`, `region`, `path_style`, `access_key`, `secret_key`, `timeout`.
    pub bucket: BucketConfig,
    /// Prefix of the consumer groups' names, followed by `-detections`, `-snapshots` and `-clips` (default `vru-sink-s3`).
    pub group: String,
    /// Objects larger than this are uploaded in parts of this size (default 16 MiB).
    pub multipart_bytes: usize,
    /// When a Parquet file is cut.
    pub parquet: ParquetConfig,
    /// Clips around alerts.
    pub clip: ClipConfig,
    /// Send unreadable records to the dead-letter topic (default false: the postgres sink reads the same topics and sends them;
    /// set it if no postgres sink runs). They are counted in any case.
    pub dead_letters: bool,
    /// Backoff between attempts.
    pub retry: BackoffConfig,
}

/// Section `s3.parquet`. A file is cut from the records of one Kafka partition at the first of these limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParquetConfig {
    /// Frames (default 50000).
    pub max_records: usize,
    /// Bytes of records (default 16 MiB).
    pub max_bytes: usize,
    /// Bytes of waiting records of all partitions together (default 128 MiB); above it, the largest file is cut.
    pub max_open_bytes: usize,
    /// Age of the oldest waiting record (default 5 min).
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
    /// Each hour is split by a hash of the camera into this many folders (default 16).
    pub camera_folders: u32,
}

/// Section `s3.clip`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipConfig {
    /// Whether clips are made (default true).
    pub enabled: bool,
    /// Length of the video before the alert (default 5 s).
    #[serde(with = "humantime_serde")]
    pub before: Duration,
    /// Length of the video after the alert (default 5 s).
    #[serde(with = "humantime_serde")]
    pub after: Duration,
    /// How long after `after` the last frames may arrive in Kafka (default 5 s).
    #[serde(with = "humantime_serde")]
    pub slack: Duration,
    /// How many reads for clips run concurrently, and how many clips are encoded concurrently (default 2). Clips that overlap share a
    /// read.
    pub concurrency: usize,
    /// Bytes of frames in one read (default 64 MiB); later frames of a clip that needs more are left out.
    pub max_bytes: usize,
    /// How long a clip whose frames cannot be read is tried again (default 2 h, as long as Kafka keeps frames by default).
    #[serde(with = "humantime_serde")]
    pub retry_for: Duration,
}

impl Default for S3Config {
    fn default() -> Self {
        Self {
            enabled: true,
            bucket: BucketConfig::default(),
            group: "vru-sink-s3".to_owned(),
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
            retry_for: Duration::from_hours(2),
        }
    }
}

impl S3Config {
    /// The consumer group of the detections.
    pub(crate) fn detections_group(&self) -> String {
        format!("{}-detections", self.group)
    }

    /// The consumer group of the snapshots of alerts.
    pub(crate) fn snapshots_group(&self) -> String {
        format!("{}-snapshots", self.group)
    }

    /// The consumer group of the clips of alerts.
    pub(crate) fn clips_group(&self) -> String {
        format!("{}-clips", self.group)
    }

    /// Adds what this sink needs in Kafka.
    pub(crate) fn needs(&self, needs: Needs, topics: &Topics) -> Needs {
        let mut needs = needs
            .read(&topics.detections)
            .read(&topics.alerts)
            .join(&self.detections_group())
            .join(&self.snapshots_group());
        if self.clip.enabled {
            needs = needs.read(&topics.frames).read(&topics.file_frames).join(&self.clips_group());
        }
        if self.dead_letters {
            needs = needs.write(&topics.dead_letters);
        }
        needs
    }
}

impl Validate for S3Config {
    fn validate(&self, problems: &mut Problems) {
        self.bucket.validate(problems);
        problems.require(!self.group.is_empty(), "group", "is empty");
        // S3 rejects parts smaller than 5 MiB, except the last.
        let valid = (5 * 1024 * 1024..=1024 * 1024 * 1024).contains(&self.multipart_bytes);
        problems.require(valid, "multipart_bytes", "is not between 5 MiB and 1 GiB");
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
        let limits = Duration::from_millis(100)..=Duration::from_hours(24);
        problems.require(limits.contains(&self.max_age), "max_age", "is not between 100ms and 1d");
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

impl FlatSection for S3Config {
    const KEYS: &'static [&'static str] = &[
        "enabled",
        "bucket",
        "prefix",
        "endpoint",
        "allow_http",
        "region",
        "path_style",
        "access_key",
        "secret_key",
        "timeout",
        "group",
        "multipart_bytes",
        "parquet",
        "clip",
        "dead_letters",
        "retry",
    ];

    fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        match key {
            "enabled" => self.enabled = map.next_value()?,
            "group" => self.group = map.next_value()?,
            "multipart_bytes" => self.multipart_bytes = map.next_value()?,
            "parquet" => self.parquet = map.next_value()?,
            "clip" => self.clip = map.next_value()?,
            "dead_letters" => self.dead_letters = map.next_value()?,
            "retry" => self.retry = map.next_value()?,
            _ => return self.bucket.read(key, map),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for S3Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        flat_section::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::config::{Layers, load};

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        s3: S3Config,
    }

    impl Validate for Config {
        fn validate(&self, problems: &mut Problems) {
            problems.section("s3", &self.s3);
        }
    }

    #[test]
    fn every_key_of_the_section_is_accepted() {
        for key in S3Config::KEYS {
            // The value may be wrong, but the key is known.
            let layers = Layers { flags: vec![format!("s3.{key}={{ x = 1 }}")], ..Layers::default() };
            let problems = load::<Config>(&layers).err().map(|error| error.problems).unwrap_or_default();
            assert!(!problems.iter().any(|problem| problem.contains(&format!("found `{key}`"))), "{problems:#?}");
        }
        let flags = ["s3.bucket=roads", "s3.timeout=2s", "s3.path_style=true", "s3.parquet.max_age=1s"];
        let layers = Layers { flags: flags.map(str::to_owned).to_vec(), ..Layers::default() };
        let S3Config { bucket, parquet, .. } = load::<Config>(&layers).unwrap().s3;
        assert_eq!(
            (bucket.bucket.as_str(), bucket.timeout, bucket.path_style),
            ("roads", Duration::from_secs(2), Some(true))
        );
        assert_eq!(parquet.max_age, Duration::from_secs(1));
    }
}
