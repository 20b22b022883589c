//! Reads alerts as a member of a group of all replicas. Their deliveries are in the database before their offsets are committed, so that a
//! death at any moment loses none; those that are read again are known by webhook and event.

use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;
use vru_proto::validate::read_alert;
use vru_runtime::kafka::{ConsumerOptions, Event, GroupConsumer, KafkaConfig, Partition, Record};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::webhooks::{self, Queued};

use super::config::WebhooksConfig;
use super::event::of_record;
use crate::metrics::{WEBHOOK_DEAD, WEBHOOK_QUEUED, WEBHOOK_SKIPPED};
use crate::reader_positions::{PositionError, ReaderPositions};

/// How many alerts are queued in one transaction.
const BATCH: usize = 200;
/// Alerts have a picture each.
const PREFETCH: usize = 8 * 1024 * 1024;
/// A connection that died without a word must not hold the batch for ever.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);

/// Until the stop.
pub(super) async fn run(config: WebhooksConfig, kafka: KafkaConfig, database: Pool, stop: CancellationToken) {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let reader = Reader { config: &config, database: &database, stop: &stop };
        if let Err(error) = reader.read(&kafka, &mut backoff).await {
            tracing::warn!(error = %chain(&error), "events for webhooks cannot be read; trying again");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

struct Reader<'a> {
    config: &'a WebhooksConfig,
    database: &'a Pool,
    stop: &'a CancellationToken,
}

impl Reader<'_> {
    /// One membership of the group.
    async fn read(&self, kafka: &KafkaConfig, backoff: &mut Backoff) -> Result<(), PositionError> {
        let topic = kafka.topics().alerts;
        let mut options = ConsumerOptions::new(&self.config.group, &[&topic]);
        options.prefetch_bytes = PREFETCH;
        options.choose_start = true;
        let mut positions = ReaderPositions::new(kafka, self.database, self.stop, &self.config.group).await?;
        let mut group = GroupConsumer::start(kafka, &options)?;
        let ended = self.follow(&mut group, &mut positions, backoff).await;
        // It joins a thread.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(group)).await {
            tracing::error!(error = %chain(&error), "leaving the group of webhooks failed");
        }
        ended
    }

    async fn follow(
        &self,
        group: &mut GroupConsumer,
        positions: &mut ReaderPositions<'_>,
        backoff: &mut Backoff,
    ) -> Result<(), PositionError> {
        let committer = group.committer();
        let mut batch = Vec::new();
        loop {
            let first = tokio::select! {
                event = group.next() => event,
                () = self.stop.cancelled() => return Ok(()),
            };
            let mut next = first;
            // A revocation waits for the batch: what comes after it in the loop drops it. So does an assignment.
            let (mut revoked, mut assigned) = (None, None);
            loop {
                match next {
                    None => return Ok(()),
                    Some(Event::Record(record)) => batch.push(record),
                    Some(Event::Assigned(assignment)) => {
                        assigned = Some(assignment);
                        break;
                    }
                    Some(Event::Revoked(revocation)) => {
                        revoked = Some(revocation);
                        break;
                    }
                }
                if batch.len() >= BATCH {
                    break;
                }
                let Some(waiting) = group.next().now_or_never() else { break };
                next = waiting;
            }
            if let Some(assignment) = assigned {
                positions.assigned(assignment, &committer).await?;
            }
            if batch.is_empty() {
                continue;
            }
            if !self.queue_until_stored(&batch).await {
                return Ok(());
            }
            backoff.reset();
            positions.advance(&next_offsets(&batch)).await?;
            let lost = revoked.as_ref().filter(|revocation| revocation.lost);
            let mut offsets = next_offsets(&batch);
            offsets.retain(|(partition, _)| !lost.is_some_and(|lost| lost.partitions.contains(partition)));
            batch.clear();
            committer.commit(&offsets, false)?;
        }
    }

    /// False if the stop ended it.
    async fn queue_until_stored(&self, batch: &[Record]) -> bool {
        let mut backoff = Backoff::default();
        loop {
            let written = tokio::time::timeout(WRITE_DEADLINE, self.queue(batch)).await.unwrap_or_else(|_| {
                Err(DatabaseError::Timeout { operation: "queue events for webhooks", after: WRITE_DEADLINE })
            });
            match written {
                Ok(Queued { pending, dead, without_site }) => {
                    WEBHOOK_QUEUED.with_label_values(&[] as &[&str]).inc_by(pending + dead);
                    WEBHOOK_DEAD.with_label_values(&[] as &[&str]).inc_by(dead);
                    WEBHOOK_SKIPPED.with_label_values(&["no_site"]).inc_by(without_site);
                    return true;
                }
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "events for webhooks wait for the database");
                }
            }
            if !backoff.wait(self.stop).await {
                return false;
            }
        }
    }

    async fn queue(&self, batch: &[Record]) -> Result<Queued, DatabaseError> {
        let events: Vec<webhooks::Event> = batch.iter().filter_map(read).collect();
        let mut client = self.database.get().await?;
        let failed = DatabaseError::statement("queue events for webhooks");
        let transaction = client.transaction().await.map_err(failed)?;
        let queued = webhooks::queue(&transaction, &events, self.config.retention).await?;
        transaction.commit().await.map_err(failed)?;
        Ok(queued)
    }
}

fn read(record: &Record) -> Option<webhooks::Event> {
    let skip = |why: String| {
        // The sink that stores alerts sends it to the dead-letter topic.
        WEBHOOK_SKIPPED.with_label_values(&["unreadable"]).inc();
        tracing::warn!(partition = %record.partition, offset = record.offset, why, "not an alert that webhooks can be told of");
        None
    };
    let Some(payload) = record.payload.clone() else { return skip("the record is empty".to_owned()) };
    match read_alert(payload) {
        Ok((_, alert)) => match of_record(&alert, record.timestamp_ms) {
            Ok(event) => Some(event),
            Err(error) => skip(error.to_string()),
        },
        Err(error) => skip(chain(&error).to_string()),
    }
}

/// The offset after the last record of each partition.
fn next_offsets(batch: &[Record]) -> Vec<(Partition, i64)> {
    let mut offsets: Vec<(Partition, i64)> = Vec::new();
    for Record { partition, offset, .. } in batch {
        match offsets.iter_mut().find(|(known, _)| known == partition) {
            Some((_, next)) => *next = offset + 1,
            None => offsets.push((partition.clone(), offset + 1)),
        }
    }
    offsets
}
