//! Jobs that delete or export a range of time of a camera's data.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};
use vru_storage::data_jobs::{DataJob, JobKind, TimeRange};
use vru_storage::postgres::{DatabaseError, PooledClient};
use vru_storage::{cameras, data_jobs};

use super::text;
use crate::auth::Permitted;
use crate::data_jobs::DataJobs;
use crate::http::{Code, Problem};
use crate::state::ApiState;

const LONGEST: Duration = Duration::from_hours(366 * 24);
/// Of a site, of one kind.
const MOST_WAITING: i64 = 20;
const MINUTE_US: i64 = 60_000_000;

/// Of capture time, in whole minutes, at most 366 days.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DataRange {
    /// From this moment on: RFC 3339.
    #[schema(format = DateTime)]
    from: String,
    /// Before this moment, which is not in the future.
    #[schema(format = DateTime)]
    to: String,
}

impl DataRange {
    fn checked(&self) -> Result<TimeRange, Problem> {
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        if from >= to {
            return Err(Problem::field("to", "is not after `from`"));
        }
        if to > SystemTime::now() {
            return Err(Problem::field("to", "is in the future"));
        }
        if to.duration_since(from).is_ok_and(|length| length > LONGEST) {
            return Err(Problem::field("to", "is more than 366 days after `from`"));
        }
        Ok(TimeRange { from, to })
    }
}

fn time(field: &str, text: &str) -> Result<SystemTime, Problem> {
    let time: Timestamp =
        text.parse().map_err(|_| Problem::field(field, "is not a time such as 2027-01-31T00:00:00Z"))?;
    if !vru_proto::validate::CAPTURE_TIME_US.contains(&time.as_microsecond()) {
        return Err(Problem::field(field, "is not between the years 2000 and 2200"));
    }
    // Counts are kept in minutes.
    if time.as_nanosecond() % (i128::from(MINUTE_US) * 1000) != 0 {
        return Err(Problem::field(field, "is no whole minute"));
    }
    SystemTime::try_from(time).map_err(|_| Problem::field(field, "is not a time that this service can keep"))
}

/// What does jobs, if the operator has configured it.
pub(super) fn configured(state: &ApiState) -> Result<&DataJobs, Problem> {
    state.data_jobs.as_ref().ok_or_else(|| {
        let detail = "this service deletes and exports no data by time: its operator must set `data_jobs.enabled`, and the bucket in section `s3`";
        Problem::conflict(Code::DataJobsNotConfigured, "", detail)
    })
}

/// The answer to a job that was made, with its path.
pub(super) type Accepted<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

/// Makes a job of this kind for the camera of the path. It begins within seconds.
pub(super) async fn create_job<P, T: From<DataJob>>(
    state: &ApiState,
    who: &Permitted<P>,
    range: &DataRange,
    kind: JobKind,
) -> Result<Accepted<T>, Problem> {
    let (action, folder) = match kind {
        JobKind::Deletion => ("camera.delete_data", "deletions"),
        JobKind::Export => ("camera.export_data", "exports"),
    };
    let jobs = configured(state)?;
    let (site_id, camera_id) = (&who.site_id, &who.object_id);
    let range = range.checked()?;
    let mut client = state.database.get().await?;
    check(&client, (site_id, camera_id), kind).await?;
    let failed = DatabaseError::statement("make a job");
    let transaction = client.transaction().await.map_err(failed)?;
    let job = data_jobs::create(&transaction, kind, (site_id, camera_id), range).await?;
    let details = json!({ "job": job.id, "from": text::time(range.from), "to": text::time(range.to) });
    let entry = Entry { action, site_id, object: camera_id, details };
    audit::record(&transaction, &who.caller.actor(), entry).await?;
    transaction.commit().await.map_err(failed)?;
    jobs.wake(kind);
    let path = format!("/api/v1/sites/{site_id}/{folder}/{}", job.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, path)], Json(job.into())))
}

/// The camera is the site's, perhaps one that is deleted, and the site has not too many jobs that wait.
async fn check(client: &PooledClient, (site_id, camera_id): (&str, &str), kind: JobKind) -> Result<(), Problem> {
    cameras::find(client, site_id, camera_id).await?.ok_or_else(|| Problem::not_found("camera"))?;
    if data_jobs::waiting(client, site_id, kind).await? >= MOST_WAITING {
        let detail = format!("{MOST_WAITING} jobs of the site wait, which is as many as may wait");
        return Err(Problem::conflict(Code::TooManyJobs, "", detail));
    }
    Ok(())
}

/// How many rows and pictures of each kind, in the range.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DataCounts {
    frames: i64,
    detections: i64,
    /// Those that were seen in the range at all.
    tracks: i64,
    alerts: i64,
    /// Reviews of these alerts.
    reviews: i64,
    comments: i64,
    /// Crossings of lines and visits of zones.
    passages: i64,
    /// Rows with the counts of a minute. After a deletion, those of quarters of an hour are made anew from what is left.
    count_bins: i64,
    /// Rows with the watched time of a minute.
    watched_bins: i64,
    snapshots: i64,
    clips: i64,
}

impl From<&DataJob> for DataCounts {
    fn from(job: &DataJob) -> Self {
        Self {
            frames: job.count("frames"),
            detections: job.count("detections"),
            tracks: job.count("tracks"),
            alerts: job.count("alerts"),
            reviews: job.count("reviews"),
            comments: job.count("comments"),
            passages: job.count("passages"),
            count_bins: job.count("count_bins"),
            watched_bins: job.count("watched_bins"),
            snapshots: job.count("snapshots"),
            clips: job.count("clips"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_whole_minutes_of_the_past() {
        for (from, to, field) in [
            ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z", ""),
            ("2026-03-01T12:00:00+05:30", "2026-03-01T12:00:00Z", ""),
            ("yesterday", "2026-03-01T12:01:00Z", "from"),
            ("2026-03-01T12:00:30Z", "2026-03-01T12:01:00Z", "from"),
            ("2026-03-01T12:00:00Z", "2026-03-01T12:01:00.000000001Z", "to"),
            ("1999-03-01T12:00:00Z", "2026-03-01T12:01:00Z", "from"),
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", "to"),
            ("2024-03-01T12:00:00Z", "2026-03-01T12:00:00Z", "to"),
            ("2026-03-01T12:00:00Z", "2190-03-01T12:00:00Z", "to"),
        ] {
            let range = DataRange { from: from.to_owned(), to: to.to_owned() }.checked();
            let found = range.err().and_then(|problem| problem.wrong_field().map(str::to_owned)).unwrap_or_default();
            assert_eq!(found, field, "{from} {to}");
        }
    }
}
