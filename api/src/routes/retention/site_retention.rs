//! The retention of a site as requests and answers have it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::retention::{self, DataKind, Days};

use crate::http::{Code, Problem};
use crate::retention::RetentionConfig;
use crate::state::ApiState;

/// Days. What is absent is kept as long as the service keeps it.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetentionDays {
    /// Frames and detections.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    detections: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    tracks: Option<i32>,
    /// With reviews, comments, snapshots and clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    alerts: Option<i32>,
    /// Snapshots and clips.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pictures: Option<i32>,
    /// Counts and watched time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    counts: Option<i32>,
    /// Files, and what was found in them, from the end of their analysis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    uploads: Option<i32>,
    /// Entries of the audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    audit: Option<i32>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SiteRetention {
    /// What the site has chosen.
    days: RetentionDays,
    /// The most that it may choose: what the service keeps.
    longest: RetentionDays,
}

impl RetentionDays {
    fn values(&self) -> Days {
        let Self { detections, tracks, alerts, pictures, counts, uploads, audit } = *self;
        [detections, tracks, alerts, pictures, counts, uploads, audit]
    }

    /// As it is stored; names the field that is wrong.
    pub(super) fn checked(&self, state: &ApiState) -> Result<Days, Problem> {
        let values = self.values();
        for (kind, days) in DataKind::ALL.into_iter().zip(values) {
            let Some(days) = days else { continue };
            let most = state.config.retention.most_days(kind);
            if !(1..=most).contains(&days) {
                return Err(Problem::field(
                    kind.word(),
                    format!("is not between 1 and {most}, the days that the service keeps it"),
                ));
            }
            // Their pictures would be left behind.
            if matches!(kind, DataKind::Alerts | DataKind::Pictures) && state.data_jobs.is_none() {
                let detail = "this service removes no pictures: its operator must set `data_jobs.enabled`, and the bucket in section `s3`";
                return Err(Problem::conflict(Code::DataJobsNotConfigured, kind.word(), detail));
            }
        }
        Ok(values)
    }
}

impl From<Days> for RetentionDays {
    fn from([detections, tracks, alerts, pictures, counts, uploads, audit]: Days) -> Self {
        Self { detections, tracks, alerts, pictures, counts, uploads, audit }
    }
}

impl SiteRetention {
    pub(super) fn new(found: &retention::SiteRetention, config: &RetentionConfig) -> Self {
        let longest = DataKind::ALL.map(|kind| Some(config.most_days(kind)));
        Self { days: found.days.into(), longest: longest.into() }
    }
}
