//! The sink's connection to PostgreSQL. It is opened when needed, and closed when its state is uncertain.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use vru_runtime::kafka::{Partition, TopicId};
use vru_storage::postgres::{DatabaseError, check_schema, connect};

use super::APPLICATION;
use super::config::PostgresConfig;
use super::created_days::CreatedDays;
use super::parse::ParsedRecord;
use super::positions::{self, Claim, ConsumerIdentity};
use super::transaction::{PreparedClient, Written};
use crate::batch::Item;
use crate::error::SinkError;

pub(crate) struct PostgresWriter {
    config: PostgresConfig,
    consumer: ConsumerIdentity,
    client: Option<PreparedClient>,
    days: CreatedDays,
}

impl PostgresWriter {
    pub(crate) fn new(config: PostgresConfig, consumer: ConsumerIdentity) -> Self {
        Self { config, consumer, client: None, days: CreatedDays::default() }
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
        open(&mut self.client, &self.config).await
    }

    /// Takes over the partitions; see [`positions::take_over`].
    pub(crate) async fn take_over(
        &mut self,
        topics: &HashMap<Partition, TopicId>,
    ) -> Result<BTreeMap<Partition, Claim>, DatabaseError> {
        let (consumer, deadline) = (self.consumer.clone(), self.deadline());
        within("take partitions over", deadline, async {
            positions::take_over(self.client().await?.client_mut(), &consumer, topics).await
        })
        .await
    }

    /// Deletes the stored position of a partition whose topic ends before it.
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
            Err(SinkError::Database(error)) => error.is_refusal(),
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
        let Self { config, consumer, client, days } = self;
        let client = open(client, config).await?;
        days.create(client.client_mut(), config, items).await?;
        client.write(consumer, claims, items).await
    }
}

async fn open<'a>(
    client: &'a mut Option<PreparedClient>,
    config: &PostgresConfig,
) -> Result<&'a mut PreparedClient, DatabaseError> {
    match client.take() {
        Some(open) if !open.is_closed() => Ok(client.insert(open)),
        _ => {
            let connected = connect(&config.database, APPLICATION).await?;
            check_schema(&connected).await?.log();
            let opened = PreparedClient::prepare(connected).await?;
            Ok(client.insert(opened))
        }
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
