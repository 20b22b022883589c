//! Reads what ingest reports, as a member of a group of all replicas.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_proto::v1;
use vru_proto::v1::camera_test_report::Outcome as Reported;
use vru_proto::validate::read_camera_test_report;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, KafkaFailure, Record};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::camera_tests::{self, Failure, Outcome};
use vru_storage::postgres::{DatabaseError, Pool};

use super::config::CameraTestsConfig;
use super::seen::Seen;
use crate::metrics::CAMERA_TEST_REPORTS;

/// Reports have a picture each.
const PREFETCH: usize = 4 * 1024 * 1024;
/// A connection that died without a word must not hold the reports for ever.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// Until the stop.
pub(crate) async fn follow(config: CameraTestsConfig, kafka: KafkaConfig, database: Pool, stop: CancellationToken) {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        if let Err(error) = read(&config, &kafka, &database, &mut backoff, &stop).await {
            tracing::warn!(error = %chain(&error), "reports of tests of cameras cannot be read; trying again");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

/// One membership of the group.
async fn read(
    config: &CameraTestsConfig,
    kafka: &KafkaConfig,
    database: &Pool,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<(), KafkaFailure> {
    let topic = kafka.topics().camera_test_reports;
    let mut options = ConsumerOptions::new(&config.group, &[&topic]);
    options.prefetch_bytes = PREFETCH;
    let mut group = GroupConsumer::start(kafka, &options)?;
    let committer = group.committer();
    let mut ended = Ok(());
    while let Some(Some(event)) = stop.run_until_cancelled(group.next()).await {
        let Event::Record(record) = event else { continue };
        if !store_until_stored(config, database, &record, stop).await {
            break;
        }
        backoff.reset();
        ended = committer.commit(&[(record.partition.clone(), record.offset + 1)], false);
        if ended.is_err() {
            break;
        }
    }
    // It joins a thread.
    if let Err(error) = tokio::task::spawn_blocking(move || drop(group)).await {
        tracing::error!(error = %chain(&error), "leaving the group of reports failed");
    }
    ended
}

/// False if the stop ended it.
async fn store_until_stored(
    config: &CameraTestsConfig,
    database: &Pool,
    record: &Record,
    stop: &CancellationToken,
) -> bool {
    let report = match read_camera_test_report(record.payload.clone().unwrap_or_default()) {
        Ok((_, report)) => report,
        Err(error) => {
            CAMERA_TEST_REPORTS.with_label_values(&["invalid"]).inc();
            tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not a report of a test");
            return true;
        }
    };
    let mut backoff = Backoff::default();
    loop {
        let stored =
            tokio::time::timeout(WRITE_DEADLINE, store(config, database, &report)).await.unwrap_or_else(|_| {
                Err(DatabaseError::Timeout {
                    operation: "store what came of a test of a camera",
                    after: WRITE_DEADLINE,
                })
            });
        match stored {
            Ok(()) => {
                CAMERA_TEST_REPORTS.with_label_values(&["stored"]).inc();
                return true;
            }
            Err(error) => {
                tracing::warn!(error = %chain(&error), "what came of a test of a camera waits for the database");
            }
        }
        if !backoff.wait(stop).await {
            return false;
        }
    }
}

async fn store(
    config: &CameraTestsConfig,
    database: &Pool,
    report: &v1::CameraTestReport,
) -> Result<(), DatabaseError> {
    let client = database.get().await?;
    let v1::CameraTestReport { id, host, outcome } = report;
    let outcome = match outcome {
        // Validated.
        None => return Ok(()),
        Some(Reported::Started(v1::StartedTest {})) => {
            return camera_tests::start(&client, id, host, config.wait_for_end()).await;
        }
        Some(Reported::Seen(seen)) => {
            let shown = serde_json::to_value(Seen::from(seen)).unwrap_or_default();
            Outcome::Seen(shown, seen.snapshot.to_vec())
        }
        Some(Reported::Failed(v1::FailedTest { reason, phase, text })) => {
            Outcome::Failed(Failure { reason: reason.clone(), phase: phase.clone(), error: text.clone() })
        }
    };
    camera_tests::finish(&client, id, Some(host), &outcome).await
}
