//! Section `postgres`: the database, when a batch is written, and how long rows are kept.

use std::time::Duration;

use humantime_serde::Serde;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::flat_section::{self, FlatSection};
use vru_runtime::kafka::{Needs, Topics};
use vru_runtime::retry::BackoffConfig;
use vru_storage::postgres::DatabaseConfig;

use crate::batch::BatchConfig;

/// Section `postgres`: frames, detections and alerts as rows.
#[derive(Debug, Clone)]
pub struct PostgresConfig {
    /// Whether this sink runs when `vru-sink` is started without a command, or with `all` (default true).
    pub enabled: bool,
    /// Keys `url`, `host`, `port`, `database`, `user`, `password`, `ssl_mode`, `ssl_ca`, `ssl_cert`, `ssl_key`,
    /// `connect_timeout`, `statement_timeout`.
    pub database: DatabaseConfig,
    /// Apply missing migrations at the start (default false: `vru-sink migrate` applies them).
    pub migrate: bool,
    /// Name of the consumer: its Kafka group, and its rows in `sink_positions` (default `vru-sink-postgres`).
    pub group: String,
    /// When a batch is written.
    pub batch: BatchConfig,
    /// Rows older than this are dropped (default 30 days): whole days by capture time; rows whose capture time is outside of
    /// the days with partitions, by the time at which they were stored. The database's clock decides. Nothing is dropped while it
    /// is an hour or more from this host's clock. Zero keeps everything.
    pub retention: Duration,
    /// How many days one round of maintenance drops at most (default 2), the oldest first.
    pub retention_days_per_round: u16,
    /// Bins of counts and of watched time older than this are deleted (default 730 days), by the same rules. Zero keeps everything.
    pub counts_retention: Duration,
    /// Drop old rows also when no frame is as recent as the retention (default false). By default nothing is dropped then, because
    /// what is stored is the last that there is: the site was off, no camera delivers, or all clocks are wrong.
    pub retention_drops_all: bool,
    /// For how many days after today partitions are created in advance (default 3).
    pub days_ahead: u16,
    /// How often partitions are created and dropped (default 10 min).
    pub maintenance_interval: Duration,
    /// Backoff between attempts.
    pub retry: BackoffConfig,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            database: DatabaseConfig::default(),
            migrate: false,
            group: "vru-sink-postgres".to_owned(),
            batch: BatchConfig::default(),
            retention: Duration::from_hours(30 * 24),
            retention_days_per_round: 2,
            counts_retention: Duration::from_hours(730 * 24),
            retention_drops_all: false,
            days_ahead: 3,
            maintenance_interval: Duration::from_mins(10),
            retry: BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(5) },
        }
    }
}

impl PostgresConfig {
    /// Adds what this sink needs in Kafka.
    pub(crate) fn needs(&self, needs: Needs, topics: &Topics) -> Needs {
        needs.read(&topics.detections).read(&topics.alerts).join(&self.group).write(&topics.dead_letters)
    }
}

impl Validate for PostgresConfig {
    fn validate(&self, problems: &mut Problems) {
        self.database.validate(problems);
        problems.require(!self.group.is_empty(), "group", "is empty");
        let limits = Duration::from_secs(1)..=Duration::from_hours(24);
        problems.require(
            limits.contains(&self.maintenance_interval),
            "maintenance_interval",
            "is not between 1s and 1d",
        );
        let day = Duration::from_hours(24);
        for (key, retention) in [("retention", self.retention), ("counts_retention", self.counts_retention)] {
            let valid = retention.is_zero() || (day..=day * 3_660).contains(&retention);
            problems.require(valid, key, "is neither 0s nor between 1 day and 10 years");
        }
        let valid = (1..=366).contains(&self.retention_days_per_round);
        problems.require(valid, "retention_days_per_round", "is not between 1 and 366");
        problems.require(self.days_ahead <= 60, "days_ahead", format!("is {}, more than 60", self.days_ahead));
        problems.section("batch", &self.batch);
    }
}

impl FlatSection for PostgresConfig {
    const KEYS: &'static [&'static str] = &[
        "enabled",
        "url",
        "host",
        "port",
        "database",
        "user",
        "password",
        "ssl_mode",
        "ssl_ca",
        "ssl_cert",
        "ssl_key",
        "connect_timeout",
        "statement_timeout",
        "migrate",
        "group",
        "batch",
        "retention",
        "counts_retention",
        "retention_days_per_round",
        "retention_drops_all",
        "days_ahead",
        "maintenance_interval",
        "retry",
    ];

    fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        match key {
            "enabled" => self.enabled = map.next_value()?,
            "migrate" => self.migrate = map.next_value()?,
            "group" => self.group = map.next_value()?,
            "batch" => self.batch = map.next_value()?,
            "retention" => self.retention = map.next_value::<Serde<Duration>>()?.into_inner(),
            "counts_retention" => self.counts_retention = map.next_value::<Serde<Duration>>()?.into_inner(),
            "retention_days_per_round" => self.retention_days_per_round = map.next_value()?,
            "retention_drops_all" => self.retention_drops_all = map.next_value()?,
            "days_ahead" => self.days_ahead = map.next_value()?,
            "maintenance_interval" => {
                self.maintenance_interval = map.next_value::<Serde<Duration>>()?.into_inner();
            }
            "retry" => self.retry = map.next_value()?,
            _ => return self.database.read(key, map),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PostgresConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        flat_section::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::config::{Layers, load};

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Config {
        postgres: PostgresConfig,
    }

    impl Validate for Config {
        fn validate(&self, problems: &mut Problems) {
            problems.section("postgres", &self.postgres);
        }
    }

    fn read(flags: &[&str]) -> Result<PostgresConfig, Vec<String>> {
        let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        let loaded = load::<Config>(&Layers { flags, ..Layers::default() });
        loaded.map(|config| config.postgres).map_err(|error| error.problems)
    }

    #[test]
    fn every_key_of_the_section_is_accepted() {
        for key in PostgresConfig::KEYS {
            // The value may be wrong, but the key is known.
            let problems = read(&[&format!("postgres.{key}={{ x = 1 }}")]).err().unwrap_or_default();
            assert!(!problems.iter().any(|problem| problem.contains(&format!("found `{key}`"))), "{problems:#?}");
        }
        let config = read(&["postgres.port=6432", "postgres.connect_timeout=1s", "postgres.retention=2days"]).unwrap();
        assert_eq!((config.database.port, config.database.connect_timeout), (6432, Duration::from_secs(1)));
        assert_eq!(config.retention, Duration::from_hours(48));
    }

    #[test]
    fn every_mistake_in_the_section_names_its_key() {
        let flags = ["postgres.hots=x", "postgres.port=many", "postgres.retention=1s", "postgres.user="];
        let problems = read(&flags).unwrap_err();
        assert_eq!(problems.len(), flags.len(), "{problems:#?}");
        assert!(problems.iter().any(|problem| problem.contains("unknown field: found `hots`")), "{problems:#?}");
        for key in ["hots", "port", "retention", "user"] {
            let named = problems.iter().filter(|problem| problem.contains(&format!("postgres.{key}:"))).count();
            assert_eq!(named, 1, "{key} in {problems:#?}");
        }
    }
}
