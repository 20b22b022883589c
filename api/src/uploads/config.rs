use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_storage::s3::{MOST_PARTS, SMALLEST_PART};

/// Section `uploads`: video files that people upload. They are kept in the bucket of section `s3`, whose credentials then need
/// `s3:PutObject`, `s3:GetObject`, `s3:DeleteObject` and `s3:AbortMultipartUpload` below `uploads/`, and `s3:DeleteObject` below `snapshots/`
/// and `clips/`. Ingest needs the same bucket in its section `s3`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadsConfig {
    /// Whether files are taken (default false).
    pub enabled: bool,
    /// The largest file (default 20 GB).
    pub max_bytes: u64,
    /// How many bytes the uploads of a site may have together (default 200 GB).
    pub quota_bytes: u64,
    /// How long an unfinished upload stays when nothing comes (default 1 day).
    #[serde(with = "humantime_serde")]
    pub expire_after: Duration,
    /// Size of the parts in the bucket, and of what one request holds in memory (default 8 MiB). Larger files have larger parts.
    pub part_bytes: usize,
    /// How many requests may send bytes at once (default 16). More are refused with 503.
    pub concurrent: usize,
    /// How long a request may send nothing (default 20 s). Then it is ended, and what came before is kept.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// Time limit of one request to the bucket's server (default 60 s).
    #[serde(with = "humantime_serde")]
    pub storage_timeout: Duration,
    /// How long rows are looked for that come after a deletion (default 1 min): what Kafka holds of the file may still be analysed.
    #[serde(with = "humantime_serde")]
    pub delete_for: Duration,
    /// The consumer group in which all replicas read what ingest says about files (default `vru-api-uploads`).
    pub group: String,
}

impl Default for UploadsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            max_bytes: 20_000_000_000,
            quota_bytes: 200_000_000_000,
            expire_after: Duration::from_hours(24),
            part_bytes: 8 * 1024 * 1024,
            concurrent: 16,
            idle: Duration::from_secs(20),
            storage_timeout: Duration::from_mins(1),
            delete_for: Duration::from_mins(1),
            group: "vru-api-uploads".to_owned(),
        }
    }
}

/// Some part numbers are left for what a later version may do with them.
const PARTS: u64 = MOST_PARTS * 9 / 10;

impl UploadsConfig {
    /// The size of the parts of a file of this length.
    pub(crate) fn part_bytes_of(&self, length: u64) -> usize {
        usize::try_from(length.div_ceil(PARTS)).unwrap_or(usize::MAX).max(self.part_bytes)
    }

    /// How long an upload is held without a sign of life of its holder, which may wait for bytes so long. Afterwards another request goes
    /// on with it.
    pub(crate) fn hold(&self) -> Duration {
        self.idle + Duration::from_secs(10)
    }
}

impl Validate for UploadsConfig {
    fn validate(&self, problems: &mut Problems) {
        // What the largest number of parts of 64 MiB holds.
        let limits = 1..=PARTS * 64 * 1024 * 1024;
        problems.require(limits.contains(&self.max_bytes), "max_bytes", "is not between 1 and 600 GB");
        let limits = 1..=i64::MAX.unsigned_abs();
        problems.require(limits.contains(&self.quota_bytes), "quota_bytes", "is not between 1 and 2^63 - 1");
        let limits = Duration::from_secs(1)..=Duration::from_hours(24 * 30);
        problems.require(limits.contains(&self.expire_after), "expire_after", "is not between 1s and 30d");
        let limits = SMALLEST_PART..=64 * 1024 * 1024;
        problems.require(limits.contains(&self.part_bytes), "part_bytes", "is not between 5 MiB and 64 MiB");
        problems.require((1..=1000).contains(&self.concurrent), "concurrent", "is not between 1 and 1000");
        let limits = Duration::from_secs(1)..=Duration::from_mins(10);
        problems.require(limits.contains(&self.idle), "idle", "is not between 1s and 10m");
        problems.require(limits.contains(&self.storage_timeout), "storage_timeout", "is not between 1s and 10m");
        let limits = Duration::ZERO..=Duration::from_hours(1);
        problems.require(limits.contains(&self.delete_for), "delete_for", "is longer than 1h");
        problems.require(!self.group.is_empty(), "group", "is empty");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_has_larger_parts_and_never_too_many() {
        let config = UploadsConfig::default();
        assert_eq!(config.part_bytes_of(1), config.part_bytes);
        for length in [1_u64 << 30, 20_000_000_000, 600_000_000_000] {
            let part = config.part_bytes_of(length);
            assert!(part >= SMALLEST_PART && length.div_ceil(part as u64) <= MOST_PARTS, "{length}");
        }
    }
}
