//! Reads records of a topic as a member of a group of all replicas, and stores each before it is committed: a death at any moment loses
//! none.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, Record};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::postgres::{DatabaseError, Pool};

use crate::reader_positions::{PositionError, ReaderPositions};

/// A connection that died without a word must not hold the records for ever.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// Offsets of records that nobody stores need not be committed one by one.
const COMMIT_EVERY: i64 = 100;

/// What is read, and how it is stored.
pub(crate) trait Reports: Sync {
    /// For the log, and for errors.
    const WHAT: &'static str;
    const PREFETCH_BYTES: usize;
    type Report: Sync;

    /// `None` if there is nothing to store: it is not one of these reports, or it was counted as unreadable.
    fn read(&self, record: &Record) -> Option<Self::Report>;

    fn store(&self, database: &Pool, report: &Self::Report) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

/// Until the stop.
pub(crate) async fn follow<R: Reports>(
    reports: R,
    (group, topic): (String, String),
    kafka: KafkaConfig,
    database: Pool,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let follower = Follower { reports: &reports, database: &database, stop: &stop };
        if let Err(error) = follower.membership(&kafka, &group, &topic, &mut backoff).await {
            tracing::warn!(error = %chain(&error), what = R::WHAT, "records cannot be read; trying again");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

struct Follower<'a, R> {
    reports: &'a R,
    database: &'a Pool,
    stop: &'a CancellationToken,
}

impl<R: Reports> Follower<'_, R> {
    /// One membership of the group.
    async fn membership(
        &self,
        kafka: &KafkaConfig,
        group: &str,
        topic: &str,
        backoff: &mut Backoff,
    ) -> Result<(), PositionError> {
        let mut options = ConsumerOptions::new(group, &[topic]);
        options.prefetch_bytes = R::PREFETCH_BYTES;
        options.choose_start = true;
        let mut positions = ReaderPositions::new(kafka, self.database, self.stop, group).await?;
        let mut group = GroupConsumer::start(kafka, &options)?;
        let committer = group.committer();
        let mut ended = Ok(());
        while let Some(Some(event)) = self.stop.run_until_cancelled(group.next()).await {
            let record = match event {
                Event::Record(record) => record,
                Event::Assigned(assignment) => {
                    ended = positions.assigned(assignment, &committer).await;
                    if ended.is_err() {
                        break;
                    }
                    continue;
                }
                Event::Revoked(_) => continue,
            };
            let report = self.reports.read(&record);
            let stored = report.is_some();
            if let Some(report) = report
                && !self.store_until_stored(&report).await
            {
                break;
            }
            backoff.reset();
            if !stored && record.offset % COMMIT_EVERY != 0 {
                continue;
            }
            let next = [(record.partition.clone(), record.offset + 1)];
            ended = positions.advance(&next).await.and_then(|()| Ok(committer.commit(&next, false)?));
            if ended.is_err() {
                break;
            }
        }
        // It joins a thread.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(group)).await {
            tracing::error!(error = %chain(&error), what = R::WHAT, "leaving a group failed");
        }
        ended
    }

    /// False if the stop ended it.
    async fn store_until_stored(&self, report: &R::Report) -> bool {
        let mut backoff = Backoff::default();
        loop {
            let stored = tokio::time::timeout(WRITE_DEADLINE, self.reports.store(self.database, report));
            let stored = stored
                .await
                .unwrap_or_else(|_| Err(DatabaseError::Timeout { operation: R::WHAT, after: WRITE_DEADLINE }));
            match stored {
                Ok(()) => return true,
                Err(error) => {
                    tracing::warn!(error = %chain(&error), what = R::WHAT, "records wait for the database");
                }
            }
            if !backoff.wait(self.stop).await {
                return false;
            }
        }
    }
}
