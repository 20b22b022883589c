use std::time::Duration;

use serde::Deserialize;
use vru_proto::validate::MAX_TEST_MS;
use vru_runtime::config::{Problems, Validate};

/// Section `camera_tests`. Where a tested camera may be is a setting of ingest: `pull.allowed_networks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraTestsConfig {
    /// The consumer group in which all replicas read what ingest reports (default `vru-api-camera-tests`).
    pub group: String,
    /// How long ingest may try a camera (default 15 s).
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long a test may wait for its turn (default 15 s).
    #[serde(with = "humantime_serde")]
    pub start_within: Duration,
    /// How many tests of a site may be unfinished (default 3). More are refused with 429.
    pub per_site: u32,
}

/// For the way of the reports, and for a clock of ingest that is behind ours.
const GRACE: Duration = Duration::from_secs(10);
/// How long inference may take to blur a picture: it does so between two batches.
const BLUR: Duration = Duration::from_secs(10);

impl CameraTestsConfig {
    /// How long a test may wait for ingest to begin it.
    pub(crate) fn wait(&self) -> Duration {
        self.start_within + GRACE
    }

    /// How long a test may take after ingest has begun it.
    pub(crate) fn wait_for_end(&self) -> Duration {
        self.timeout + GRACE
    }

    /// How long inference may take to answer with a picture.
    pub(crate) fn wait_for_picture() -> Duration {
        BLUR + GRACE
    }
}

impl Default for CameraTestsConfig {
    fn default() -> Self {
        Self {
            group: "vru-api-camera-tests".to_owned(),
            timeout: Duration::from_secs(15),
            start_within: Duration::from_secs(15),
            per_site: 3,
        }
    }
}

impl Validate for CameraTestsConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(!self.group.is_empty(), "group", "is empty");
        let limits = Duration::from_secs(1)..=Duration::from_millis(MAX_TEST_MS.into());
        problems.require(limits.contains(&self.timeout), "timeout", "is not between 1s and 2m");
        problems.require(limits.contains(&self.start_within), "start_within", "is not between 1s and 2m");
        problems.require((1..=1000).contains(&self.per_site), "per_site", "is not between 1 and 1000");
    }
}
