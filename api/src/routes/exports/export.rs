//! An export as answers have it.

use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::data_jobs::{self, DataJob, JobKind, JobState};
use vru_storage::postgres::PooledClient;

use crate::http::Problem;
use crate::routes::data_range::DataCounts;
use crate::routes::text::time;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Export {
    id: String,
    site_id: String,
    camera_id: String,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    to: String,
    state: ExportState,
    /// What is being written; absent when nothing is.
    #[serde(skip_serializing_if = "String::is_empty")]
    step: String,
    exported: Exported,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the state changed last.
    #[schema(format = DateTime)]
    changed_at: String,
    /// Size of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<i64>,
    /// Of the archive, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// When the archive is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// Why it failed, or for what it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ExportState {
    Queued,
    Running,
    /// The archive can be downloaded.
    Done,
    Failed,
    /// The archive was removed.
    Expired,
}

/// How many the archive has; while it is written, of the kinds that are complete.
#[derive(Debug, Serialize, ToSchema)]
struct Exported {
    #[serde(flatten)]
    counts: DataCounts,
    /// Pictures that alerts name and that are not stored.
    missing_pictures: i64,
}

impl From<DataJob> for Export {
    fn from(job: DataJob) -> Self {
        let exported = Exported { counts: DataCounts::from(&job), missing_pictures: job.count("missing_pictures") };
        Self {
            id: job.id,
            site_id: job.site_id,
            camera_id: job.camera_id,
            from: time(job.range.from),
            to: time(job.range.to),
            state: match job.state {
                JobState::Queued => ExportState::Queued,
                JobState::Running => ExportState::Running,
                JobState::Done => ExportState::Done,
                JobState::Failed => ExportState::Failed,
                JobState::Expired => ExportState::Expired,
            },
            step: job.step,
            exported,
            created_at: time(job.created_at),
            changed_at: time(job.changed_at),
            bytes: job.bytes,
            sha256: job.sha256,
            expires_at: job.expires_at.map(time),
            problem: job.problem,
        }
    }
}

/// For routes that answer with 404.
pub(super) async fn find(client: &PooledClient, site_id: &str, id: &str) -> Result<DataJob, Problem> {
    data_jobs::find(client, site_id, JobKind::Export, id).await?.ok_or_else(|| Problem::not_found("export"))
}
