//! Takes jobs of one kind, one after the other.

use std::time::Duration;

use vru_runtime::report::chain;
use vru_storage::data_jobs::{self, JobKind};

use super::{DataJobs, Going, HOLD, JobError, deletion, export};
use crate::metrics::DATA_JOBS;

/// After a failure.
fn pause(kind: JobKind) -> Duration {
    match kind {
        JobKind::Deletion => Duration::from_secs(10),
        // An export has a limit of attempts.
        JobKind::Export => Duration::from_secs(30),
    }
}

/// Until the stop. Several replicas may do it at once; each job has one at a time.
pub(super) async fn run(jobs: DataJobs, kind: JobKind) {
    loop {
        match round(&jobs, kind).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(kind = kind.word(), error = %chain(&error), "a job waits; trying again later");
            }
        }
        if !jobs.wait(kind).await {
            return;
        }
    }
}

/// Works on the next job; false if there is none.
async fn round(jobs: &DataJobs, kind: JobKind) -> Result<bool, JobError> {
    if jobs.stop.is_cancelled() {
        return Ok(false);
    }
    let Some(job) = data_jobs::claim(&jobs.database.get().await?, kind, HOLD).await? else {
        return Ok(false);
    };
    let count = |outcome| DATA_JOBS.with_label_values(&[kind.word(), outcome]).inc();
    let outcome = match kind {
        JobKind::Deletion => deletion::work(jobs, &job).await,
        JobKind::Export => export::work(jobs, &job).await,
    };
    match outcome {
        Ok(Going::On) => count("done"),
        // Another replica goes on at once, if this one stops.
        Ok(Going::Away) => data_jobs::postpone(&jobs.database.get().await?, job.held(), None, Duration::ZERO).await?,
        Err(error) if kind == JobKind::Export && export::gives_up(&job, &error) => {
            count("failed");
            let problem = chain(&error).to_string();
            tracing::warn!(job = job.id, problem, "an export was given up");
            export::give_up(jobs, &job, &problem).await?;
        }
        Err(error) => {
            count("postponed");
            let problem = format!("it is tried again: {}", chain(&error));
            data_jobs::postpone(&jobs.database.get().await?, job.held(), Some(&problem), pause(kind)).await?;
            return Err(error);
        }
    }
    Ok(true)
}
