use std::time::Duration;

use humantime_serde::Serde;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::flat_section::{self, FlatSection};
use vru_runtime::secret::Secret;
use vru_storage::postgres::DatabaseConfig;

/// Section `database`: the settings of the connection, and these.
#[derive(Debug, Clone)]
pub struct DatabaseSection {
    pub connection: DatabaseConfig,
    /// A streaming replica of the same cluster, for reads of what the pipeline stores, as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`;
    /// may be `env:NAME` or `file:PATH` (default none). TLS and time limits are those of the connection above.
    pub replica_url: Secret,
    /// How far the replica may be behind (default 5 s). Beyond that the primary serves its reads.
    pub replica_max_lag: Duration,
    /// How many connections are open at most (default 16); to the replica as many again.
    pub pool_size: usize,
    /// How long a request waits for one (default 3 s).
    pub pool_wait: Duration,
    /// Apply missing migrations at the start (default false: `vru-sink migrate` applies them).
    pub migrate: bool,
}

impl DatabaseSection {
    /// How to connect to the replica; `None` without one.
    pub(super) fn replica(&self) -> Option<DatabaseConfig> {
        let url = self.replica_url.clone();
        (!url.is_empty()).then(|| DatabaseConfig { url, ..self.connection.clone() })
    }
}

impl Default for DatabaseSection {
    fn default() -> Self {
        Self {
            connection: DatabaseConfig::default(),
            replica_url: Secret::default(),
            replica_max_lag: Duration::from_secs(5),
            pool_size: 16,
            pool_wait: Duration::from_secs(3),
            migrate: false,
        }
    }
}

impl FlatSection for DatabaseSection {
    const KEYS: &'static [&'static str] = &[
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
        "replica_url",
        "replica_max_lag",
        "pool_size",
        "pool_wait",
        "migrate",
    ];

    fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        match key {
            "replica_url" => self.replica_url = map.next_value()?,
            "replica_max_lag" => self.replica_max_lag = map.next_value::<Serde<Duration>>()?.into_inner(),
            "pool_size" => self.pool_size = map.next_value()?,
            "pool_wait" => self.pool_wait = map.next_value::<Serde<Duration>>()?.into_inner(),
            "migrate" => self.migrate = map.next_value()?,
            _ => return self.connection.read(key, map),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for DatabaseSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        flat_section::deserialize(deserializer)
    }
}

impl Validate for DatabaseSection {
    fn validate(&self, problems: &mut Problems) {
        self.connection.validate(problems);
        // What is wrong with both connections is told once.
        let of_both = problems_of(&self.connection);
        for problem in self.replica().iter().flat_map(problems_of).filter(|problem| !of_both.contains(problem)) {
            problems.at("replica_url", format_args!("cannot be used: {problem}"));
        }
        let limits = Duration::from_secs(1)..=Duration::from_hours(1);
        problems.require(limits.contains(&self.replica_max_lag), "replica_max_lag", "is not between 1s and 1h");
        problems.require((1..=1000).contains(&self.pool_size), "pool_size", "is not between 1 and 1000");
        let limits = Duration::from_millis(100)..=Duration::from_mins(1);
        problems.require(limits.contains(&self.pool_wait), "pool_wait", "is not between 100ms and 1m");
    }
}

fn problems_of(connection: &DatabaseConfig) -> Vec<String> {
    let mut problems = Problems::default();
    connection.validate(&mut problems);
    problems.found().to_vec()
}
