//! A deletion as answers have it.

use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::data_jobs::{DataJob, JobState};

use crate::routes::data_range::DataCounts;
use crate::routes::text::time;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Deletion {
    id: String,
    site_id: String,
    camera_id: String,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    state: DeletionState,
    /// What is being deleted: `rows`, `pictures` or `archives` (Parquet objects). Absent when nothing is.
    #[serde(skip_serializing_if = "String::is_empty")]
    step: String,
    deleted: Deleted,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the state changed last.
    #[schema(format = DateTime)]
    changed_at: String,
    /// When it looks again for objects that are written late. Absent when it has looked for the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    looks_again_at: Option<String>,
    /// For what it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum DeletionState {
    Queued,
    Running,
    /// All that was there is gone, and nothing is stored any more that was captured in the range.
    Done,
}

/// How many were deleted so far.
#[derive(Debug, Serialize, ToSchema)]
struct Deleted {
    #[serde(flatten)]
    counts: DataCounts,
    /// Who has seen which of these alerts.
    seen_marks: i64,
    /// Events about these alerts that were sent to webhooks.
    webhook_deliveries: i64,
    /// Rows of Parquet objects.
    parquet_rows: i64,
    /// Objects that hold other cameras' or other times' rows, and were written again with these alone.
    parquet_objects_rewritten: i64,
    /// Objects that had no other rows.
    parquet_objects_removed: i64,
}

impl From<DataJob> for Deletion {
    fn from(job: DataJob) -> Self {
        let deleted = Deleted {
            counts: DataCounts::from(&job),
            seen_marks: job.count("seen_marks"),
            webhook_deliveries: job.count("webhook_deliveries"),
            parquet_rows: job.count("parquet_rows"),
            parquet_objects_rewritten: job.count("parquet_objects_rewritten"),
            parquet_objects_removed: job.count("parquet_objects_removed"),
        };
        let state = match job.state {
            JobState::Queued => DeletionState::Queued,
            JobState::Done => DeletionState::Done,
            JobState::Running | JobState::Failed | JobState::Expired => DeletionState::Running,
        };
        let looks_again_at = job.due_at.filter(|_| job.state == JobState::Done).map(time);
        Self {
            id: job.id,
            site_id: job.site_id,
            camera_id: job.camera_id,
            from: time(job.range.from),
            to: time(job.range.to),
            state,
            step: job.step,
            deleted,
            created_at: time(job.created_at),
            changed_at: time(job.changed_at),
            looks_again_at,
            problem: job.problem,
        }
    }
}
