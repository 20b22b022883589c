//! The sink's session with PostgreSQL: opened when needed, thrown away when anything about it is in doubt.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use vru_runtime::clock::now_us;
use vru_runtime::kafka::Partition;
use vru_runtime::report::chain;

use super::config::PostgresConfig;
use super::connection::connect;
use super::error::PostgresError;
use super::partitions::{Day, TABLES, Window, day_of, ensure};
use super::positions::{self, Claim, Consumer};
use super::write::{Session, Value, Written};
use crate::batch::Item;

pub(crate) struct Service {
    config: PostgresConfig,
    consumer: Consumer,
    session: Option<Session>,
    /// Days whose partitions were seen to.
    days: HashSet<Day>,
}

impl Service {
    pub(crate) fn new(config: PostgresConfig, consumer: Consumer) -> Self {
        Self { config, consumer, session: None, days: HashSet::new() }
    }

    /// Connects unless it is connected.
    pub(crate) async fn connect(&mut self) -> Result<(), PostgresError> {
        let deadline = self.deadline();
        within("prepare a session", deadline, self.session()).await.map(drop)
    }

    /// The server ends a statement after its own time-out; this one is for a server that does not answer at all.
    fn deadline(&self) -> Duration {
        self.config.statement_timeout.saturating_mul(2) + Duration::from_secs(1)
    }

    async fn session(&mut self) -> Result<&mut Session, PostgresError> {
        match self.session.take() {
            Some(session) if !session.client.is_closed() => Ok(self.session.insert(session)),
            _ => {
                let session = Session::prepare(connect(&self.config).await?).await?;
                Ok(self.session.insert(session))
            }
        }
    }

    /// Takes the partitions over; see [`positions::take_over`].
    pub(crate) async fn take_over(
        &mut self,
        partitions: &[Partition],
    ) -> Result<BTreeMap<Partition, Claim>, PostgresError> {
        let (consumer, deadline) = (self.consumer.clone(), self.deadline());
        within("take partitions over", deadline, async {
            let client = &mut self.session().await?.client;
            positions::take_over(client, &consumer, partitions).await
        })
        .await
    }

    /// Forgets the stored position of a partition whose offsets started anew.
    pub(crate) async fn forget(&mut self, partition: &Partition, claim: Claim) -> Result<(), PostgresError> {
        let (consumer, deadline) = (self.consumer.clone(), self.deadline());
        within("forget a position", deadline, async {
            let client = &self.session().await?.client;
            positions::forget(client, &consumer, partition, claim).await
        })
        .await
    }

    /// Writes a batch. After an error whose outcome is open the connection is thrown away; calling again with the same batch
    /// is right whatever happened, because the database knows what it stored.
    pub(crate) async fn write(
        &mut self,
        claims: &BTreeMap<Partition, Claim>,
        items: &[Item<Value>],
    ) -> Result<Written, PostgresError> {
        let deadline = self.deadline();
        let result = within("write a batch", deadline, self.write_once(claims, items)).await;
        if result.as_ref().is_err_and(|error| !error.is_data() && !error.is_duplicate()) {
            self.session = None;
        }
        result
    }

    async fn write_once(
        &mut self,
        claims: &BTreeMap<Partition, Claim>,
        items: &[Item<Value>],
    ) -> Result<Written, PostgresError> {
        self.ensure_days(items).await?;
        let consumer = self.consumer.clone();
        self.session().await?.write(&consumer, claims, items).await
    }

    /// Makes the partitions that the batch needs and that maintenance did not make: days that are past.
    async fn ensure_days(&mut self, items: &[Item<Value>]) -> Result<(), PostgresError> {
        let window = Window::at(now_us(), self.config.retention, self.config.days_ahead);
        self.days.retain(|day| window.contains(*day));
        let days: HashSet<Day> = items
            .iter()
            .filter_map(|item| match &item.value {
                Value::Frame { detections, .. } => Some(day_of(detections.captured_at_us)),
                _ => None,
            })
            .filter(|day| window.contains(*day) && !self.days.contains(day))
            .collect();
        for day in days {
            for table in TABLES {
                let client = &mut self.session().await?.client;
                match ensure(client, table, day).await {
                    Ok(_) => {}
                    Err(error) if client.is_closed() => return Err(error),
                    // Without its day a row goes to the default partition, and moves when the day is made after all.
                    Err(error) => tracing::warn!(table, error = %chain(&error), "a day's partition could not be made"),
                }
            }
            self.days.insert(day);
        }
        Ok(())
    }
}

async fn within<T>(
    operation: &'static str,
    deadline: Duration,
    work: impl Future<Output = Result<T, PostgresError>>,
) -> Result<T, PostgresError> {
    match tokio::time::timeout(deadline, work).await {
        Ok(result) => result,
        Err(_) => Err(PostgresError::Timeout { operation, after: deadline }),
    }
}
