//! The sink's connection to PostgreSQL. It is opened when needed, and closed when its state is uncertain.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::civil::Date;
use vru_proto::time::utc;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::Partition;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseError, connect};

use super::APPLICATION;
use super::config::PostgresConfig;
use super::parse::ParsedRecord;
use super::partitions::{PartitionDays, TABLES, create_partition};
use super::positions::{self, Claim, ConsumerIdentity};
use super::transaction::{PreparedClient, Written};
use crate::batch::Item;
use crate::error::SinkError;

pub(crate) struct PostgresWriter {
    config: PostgresConfig,
    consumer: ConsumerIdentity,
    client: Option<PreparedClient>,
    /// Days whose partitions exist or could not be created.
    days: HashSet<Date>,
}

impl PostgresWriter {
    pub(crate) fn new(config: PostgresConfig, consumer: ConsumerIdentity) -> Self {
        Self { config, consumer, client: None, days: HashSet::new() }
    }

    /// Opens the connection if there is none.
    pub(crate) async fn connect(&mut self) -> Result<(), DatabaseError> {
        let deadline = self.deadline();
        within("prepare a session", deadline, self.client()).await.map(drop)
    }

    /// The server cancels a statement after `statement_timeout`. This deadline is for a server that does not answer at all.
    fn deadline(&self) -> Duration {
        self.config.database.statement_timeout.saturating_mul(2) + Duration::from_secs(1)
    }

    async fn client(&mut self) -> Result<&mut PreparedClient, DatabaseError> {
        match self.client.take() {
            Some(client) if !client.is_closed() => Ok(self.client.insert(client)),
            _ => {
                let client = PreparedClient::prepare(connect(&self.config.database, APPLICATION).await?).await?;
                Ok(self.client.insert(client))
            }
        }
    }

    /// Takes over the partitions; see [`positions::take_over`].
    pub(crate) async fn take_over(
        &mut self,
        partitions: &[Partition],
    ) -> Result<BTreeMap<Partition, Claim>, DatabaseError> {
        let (consumer, deadline) = (self.consumer.clone(), self.deadline());
        within("take partitions over", deadline, async {
            positions::take_over(self.client().await?.client_mut(), &consumer, partitions).await
        })
        .await
    }

    /// Deletes the stored position of a partition whose topic was recreated.
    pub(crate) async fn forget(&mut self, partition: &Partition, claim: Claim) -> Result<(), DatabaseError> {
        let (consumer, deadline) = (self.consumer.clone(), self.deadline());
        within("forget a position", deadline, async {
            positions::forget(self.client().await?.client_mut(), &consumer, partition, claim).await
        })
        .await
    }

    /// Writes a batch. After an error that leaves the outcome open, the connection is closed. The same batch may be written again
    /// after any error: stored positions show what was written before.
    pub(crate) async fn write(
        &mut self,
        claims: &BTreeMap<Partition, Claim>,
        items: &[Item<ParsedRecord>],
    ) -> Result<Written, SinkError> {
        let deadline = self.deadline();
        let result = within("write a batch", deadline, self.write_once(claims, items)).await;
        let connection_intact = match &result {
            Ok(_) => true,
            Err(SinkError::Database(error)) => error.is_data() || error.is_duplicate(),
            Err(_) => false,
        };
        if !connection_intact {
            self.client = None;
        }
        result
    }

    async fn write_once(
        &mut self,
        claims: &BTreeMap<Partition, Claim>,
        items: &[Item<ParsedRecord>],
    ) -> Result<Written, SinkError> {
        self.create_partitions(items).await?;
        let consumer = self.consumer.clone();
        self.client().await?.write(&consumer, claims, items).await
    }

    /// Creates the partitions that the batch needs and that maintenance does not create: those of past days.
    async fn create_partitions(&mut self, items: &[Item<ParsedRecord>]) -> Result<(), DatabaseError> {
        let kept = PartitionDays::at(now_us(), self.config.retention, self.config.days_ahead);
        self.days.retain(|day| kept.contains(*day));
        let days: HashSet<Date> = items
            .iter()
            .filter_map(|item| match &item.value {
                ParsedRecord::Frame { detections, .. } => Some(utc(detections.captured_at_us).date()),
                _ => None,
            })
            .filter(|day| kept.contains(*day) && !self.days.contains(day))
            .collect();
        for day in days {
            for table in TABLES {
                let client = self.client().await?.client_mut();
                match create_partition(client, table, day).await {
                    Ok(_) => {}
                    Err(error) if client.is_closed() => return Err(error),
                    // The rows go to the default partition, and move when the day's partition is created later.
                    Err(error) => {
                        tracing::warn!(table, %day, error = %chain(&error), "cannot create the partition of a day");
                    }
                }
            }
            self.days.insert(day);
        }
        Ok(())
    }
}

async fn within<T, E: From<DatabaseError>>(
    operation: &'static str,
    deadline: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match tokio::time::timeout(deadline, work).await {
        Ok(result) => result,
        Err(_) => Err(DatabaseError::Timeout { operation, after: deadline }.into()),
    }
}
