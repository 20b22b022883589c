use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_storage::retention::DataKind;

const DAY: Duration = Duration::from_hours(24);
const TEN_YEARS: Duration = Duration::from_hours(24 * 3_660);

/// Section `retention`: how long sites may choose to keep what. A site keeps nothing for longer than the service, so these are the service's
/// own times.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// Of frames, detections, tracks and alerts: `postgres.retention` of the sink (default 30 days).
    #[serde(with = "humantime_serde")]
    pub rows: Duration,
    /// Of counts: `postgres.counts_retention` of the sink (default 730 days).
    #[serde(with = "humantime_serde")]
    pub counts: Duration,
    /// Of snapshots and clips: the lifecycle of the bucket (default 3660 days).
    #[serde(with = "humantime_serde")]
    pub pictures: Duration,
    /// How often one replica deletes what is older (default 10 min).
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { rows: DAY * 30, counts: DAY * 730, pictures: TEN_YEARS, interval: Duration::from_mins(10) }
    }
}

impl RetentionConfig {
    /// The most days that a site may choose.
    pub(crate) fn most_days(&self, kind: DataKind) -> i32 {
        let longest = match kind {
            DataKind::Detections | DataKind::Tracks | DataKind::Alerts => self.rows,
            DataKind::Counts => self.counts,
            DataKind::Pictures => self.pictures,
            DataKind::Uploads | DataKind::Audit => TEN_YEARS,
        };
        i32::try_from(longest.as_secs() / DAY.as_secs()).unwrap_or(i32::MAX)
    }
}

impl Validate for RetentionConfig {
    fn validate(&self, problems: &mut Problems) {
        for (key, time) in [("rows", self.rows), ("counts", self.counts), ("pictures", self.pictures)] {
            problems.require((DAY..=TEN_YEARS).contains(&time), key, "is not between 1 day and 10 years");
        }
        let intervals = Duration::from_millis(100)..=DAY;
        problems.require(intervals.contains(&self.interval), "interval", "is not between 100ms and 1d");
    }
}
