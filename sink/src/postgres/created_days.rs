//! Creates the partitions that a batch needs and that maintenance does not create: those of past days.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use tokio_postgres::Client;
use vru_proto::time::utc;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};
use vru_storage::postgres::DatabaseError;

use super::config::PostgresConfig;
use super::parse::ParsedRecord;
use super::partitions::{PartitionDays, TABLES, create_partition, database_clock};
use crate::batch::Item;
use crate::metrics::{ERRORS, POSTGRES_SINK};

/// How long what is known about the days is used. Midnight comes, and operators drop and detach partitions.
const KNOWN_FOR: Duration = Duration::from_mins(1);
/// A failed attempt holds locks that other writers wait for, so attempts are rare.
const RETRY: BackoffConfig = BackoffConfig { initial: Duration::from_secs(2), max: Duration::from_mins(2) };

/// Which days have partitions, as far as this writer knows.
#[derive(Debug, Default)]
pub(super) struct CreatedDays {
    kept: Option<(PartitionDays, Instant)>,
    created: BTreeSet<Date>,
    failed: BTreeMap<Date, Failed>,
}

#[derive(Debug)]
struct Failed {
    backoff: Backoff,
    next_attempt: Instant,
}

impl CreatedDays {
    /// Creates the missing partitions of the batch. If one cannot be created, the rows of its day go to the default partition. They
    /// move when a later attempt succeeds.
    pub(super) async fn create(
        &mut self,
        client: &mut Client,
        config: &PostgresConfig,
        items: &[Item<ParsedRecord>],
    ) -> Result<(), DatabaseError> {
        let kept = self.kept(client, config).await?;
        let days: BTreeSet<Date> = items
            .iter()
            .filter_map(|item| match &item.value {
                ParsedRecord::Frame { detections, .. } => Some(utc(detections.captured_at_us).date()),
                _ => None,
            })
            .filter(|day| kept.contains(*day) && self.is_due(*day))
            .collect();
        for day in days {
            self.create_day(client, day).await?;
        }
        Ok(())
    }

    async fn kept(&mut self, client: &Client, config: &PostgresConfig) -> Result<PartitionDays, DatabaseError> {
        if let Some((kept, since)) = self.kept
            && since.elapsed() < KNOWN_FOR
        {
            return Ok(kept);
        }
        let kept = PartitionDays::at(database_clock(client).await?, config.retention, config.days_ahead);
        self.kept = Some((kept, Instant::now()));
        self.created.clear();
        self.failed.retain(|day, _| kept.contains(*day));
        Ok(kept)
    }

    fn is_due(&self, day: Date) -> bool {
        !self.created.contains(&day) && self.failed.get(&day).is_none_or(|failed| failed.next_attempt <= Instant::now())
    }

    async fn create_day(&mut self, client: &mut Client, day: Date) -> Result<(), DatabaseError> {
        for table in TABLES {
            let Err(error) = create_partition(client, table, day).await else { continue };
            if client.is_closed() {
                return Err(error);
            }
            ERRORS.with_label_values(&[POSTGRES_SINK, error.operation()]).inc();
            let retry = || Failed { backoff: Backoff::new(RETRY), next_attempt: Instant::now() };
            let failed = self.failed.entry(day).or_insert_with(retry);
            failed.next_attempt = Instant::now() + failed.backoff.next_delay();
            let (attempt, error) = (failed.backoff.attempts(), chain(&error));
            tracing::warn!(table, %day, attempt, %error, "cannot create the partition of a day, retrying later");
            return Ok(());
        }
        self.failed.remove(&day);
        self.created.insert(day);
        Ok(())
    }
}
