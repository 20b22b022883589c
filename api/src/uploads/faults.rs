//! Reads what ingest says about files that it cannot read, as a member of a group of all replicas.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_proto::names::is_file_fault_key;
use vru_proto::v1::FileFault;
use vru_proto::validate::read_file_fault;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, KafkaFailure, Record};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::audit::Actor;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::uploads::{self, State};

use super::end_job;
use crate::metrics::FILE_FAULTS;

const PREFETCH: usize = 1024 * 1024;
/// A connection that died without a word must not hold the records for ever.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Positions of files come each second; their offsets need not be committed as often.
const COMMIT_EVERY: i64 = 100;

/// Until the stop.
pub(super) async fn follow(group: String, kafka: KafkaConfig, database: Pool, stop: CancellationToken) {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        if let Err(error) = read(&group, &kafka, &database, &mut backoff, &stop).await {
            tracing::warn!(error = %chain(&error), "what ingest says about files cannot be read; trying again");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

/// One membership of the group.
async fn read(
    group: &str,
    kafka: &KafkaConfig,
    database: &Pool,
    backoff: &mut Backoff,
    stop: &CancellationToken,
) -> Result<(), KafkaFailure> {
    let topic = kafka.topics().file_positions;
    let mut options = ConsumerOptions::new(group, &[&topic]);
    options.prefetch_bytes = PREFETCH;
    let mut group = GroupConsumer::start(kafka, &options)?;
    let committer = group.committer();
    let mut ended = Ok(());
    while let Some(Some(event)) = stop.run_until_cancelled(group.next()).await {
        let Event::Record(record) = event else { continue };
        let is_fault = record.key.as_deref().is_some_and(is_file_fault_key) && record.payload.is_some();
        if is_fault && !store_until_stored(database, &record, stop).await {
            break;
        }
        backoff.reset();
        if !is_fault && record.offset % COMMIT_EVERY != 0 {
            continue;
        }
        ended = committer.commit(&[(record.partition.clone(), record.offset + 1)], false);
        if ended.is_err() {
            break;
        }
    }
    // It joins a thread.
    if let Err(error) = tokio::task::spawn_blocking(move || drop(group)).await {
        tracing::error!(error = %chain(&error), "leaving the group of uploads failed");
    }
    ended
}

/// False if the stop ended it.
async fn store_until_stored(database: &Pool, record: &Record, stop: &CancellationToken) -> bool {
    let fault = match read_file_fault(record.payload.clone().unwrap_or_default()) {
        Ok(fault) => fault,
        Err(error) => {
            FILE_FAULTS.with_label_values(&["invalid"]).inc();
            tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not a fault of a file");
            return true;
        }
    };
    let mut backoff = Backoff::default();
    loop {
        let stored = tokio::time::timeout(WRITE_DEADLINE, store(database, &fault)).await.unwrap_or_else(|_| {
            Err(DatabaseError::Timeout { operation: "store what is wrong with an upload", after: WRITE_DEADLINE })
        });
        match stored {
            Ok(()) => {
                FILE_FAULTS.with_label_values(&["stored"]).inc();
                return true;
            }
            Err(error) => tracing::warn!(error = %chain(&error), "what is wrong with an upload waits for the database"),
        }
        if !backoff.wait(stop).await {
            return false;
        }
    }
}

async fn store(database: &Pool, fault: &FileFault) -> Result<(), DatabaseError> {
    let FileFault { camera_id, session, is_final, text } = fault;
    let mut client = database.get().await?;
    // Validated.
    let session = i64::try_from(*session).unwrap_or(i64::MAX);
    let Some(upload) = uploads::of_session(&client, camera_id, session).await? else { return Ok(()) };
    if *is_final {
        end_job(&mut client, &Actor::default(), &upload, State::Failed, None, Some(text)).await?;
    } else {
        uploads::set_waiting(&client, &upload.id, text).await?;
    }
    Ok(())
}
