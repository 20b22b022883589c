use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_storage::s3::SMALLEST_PART;

/// Section `data_jobs`: deletion and export of a camera's data by range of time. They work in the bucket of section `s3`, whose credentials
/// then need `s3:ListBucket`, `s3:GetObject`, `s3:PutObject` and `s3:DeleteObject` below `detections/`, `s3:GetObject` and `s3:DeleteObject`
/// below `snapshots/` and `clips/`, and `s3:PutObject`, `s3:GetObject`, `s3:DeleteObject` and `s3:AbortMultipartUpload` below `exports/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataJobsConfig {
    /// Whether they are done (default false).
    pub enabled: bool,
    /// How long a deletion looks for objects that are written late (default 8 days): longer than Kafka keeps alerts and detections.
    #[serde(with = "humantime_serde")]
    pub look_for: Duration,
    /// The pause before it looks for the second time (default 1 min). It doubles up to 6 h.
    #[serde(with = "humantime_serde")]
    pub look_after: Duration,
    /// How long the archive of an export is kept (default 7 days).
    #[serde(with = "humantime_serde")]
    pub keep_exports: Duration,
    /// Size of the parts of an archive, and of what an export holds in memory of it (default 16 MiB): an archive has at most 10,000.
    pub part_bytes: usize,
    /// Time limit of one request to the bucket's server (default 60 s).
    #[serde(with = "humantime_serde")]
    pub storage_timeout: Duration,
}

impl Default for DataJobsConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            look_for: Duration::from_hours(8 * 24),
            look_after: Duration::from_mins(1),
            keep_exports: Duration::from_hours(7 * 24),
            part_bytes: 16 * 1024 * 1024,
            storage_timeout: Duration::from_mins(1),
        }
    }
}

impl Validate for DataJobsConfig {
    fn validate(&self, problems: &mut Problems) {
        let month = Duration::from_hours(31 * 24);
        problems.require(self.look_for <= month * 2, "look_for", "is more than 62 days");
        let pauses = Duration::from_millis(100)..=Duration::from_hours(6);
        problems.require(pauses.contains(&self.look_after), "look_after", "is not between 100ms and 6h");
        let keep = Duration::from_secs(1)..=month;
        problems.require(keep.contains(&self.keep_exports), "keep_exports", "is not between 1s and 31 days");
        let parts = SMALLEST_PART..=256 * 1024 * 1024;
        problems.require(parts.contains(&self.part_bytes), "part_bytes", "is not between 5 MiB and 256 MiB");
        let timeout = Duration::from_secs(1)..=Duration::from_mins(10);
        problems.require(timeout.contains(&self.storage_timeout), "storage_timeout", "is not between 1s and 10m");
    }
}
