//! Section `postgres`: where the database is, when a batch is written, and what is kept.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio_postgres::config::{Host, SslMode};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::retry::BackoffConfig;
use vru_runtime::secret::Secret;

use crate::batch::BatchConfig;

/// Section `postgres`: frames, detections and alerts as rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostgresConfig {
    /// Whether this sink runs when `vru-sink` is started for all (default true).
    pub enabled: bool,
    /// The whole address as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; may be `env:NAME` or `file:PATH`. Given, it stands
    /// for `host`, `port`, `database`, `user` and `password`.
    pub url: Secret,
    /// Host name, address, or the folder of a Unix socket (default `127.0.0.1`).
    pub host: String,
    /// Port (default 5432).
    pub port: u16,
    /// Database (default `vru`).
    pub database: String,
    /// User (default `vru`).
    pub user: String,
    /// Password; may be `env:NAME` or `file:PATH` (default none).
    pub password: Secret,
    /// `disable`, `prefer` (default) or `require`. With TLS the server's certificate and name are always verified.
    pub ssl_mode: SslChoice,
    /// CA certificates (PEM) that sign the server's; the system's when empty.
    pub ssl_ca: PathBuf,
    /// How long to wait for a connection (default 5 s).
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// How long one statement may take (default 15 s); the server ends it then.
    #[serde(with = "humantime_serde")]
    pub statement_timeout: Duration,
    /// Apply missing migrations at start (default false: `vru-sink migrate` does).
    pub migrate: bool,
    /// Name of the consumer, for Kafka's group and for `sink_positions` (default `vru-sink-postgres`).
    pub group: String,
    /// When a batch is written.
    pub batch: BatchConfig,
    /// Rows older than this are dropped (default 30 days): whole days by capture time; rows whose capture time is outside of
    /// the days kept, by the time they were stored. Zero keeps everything.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// How many days' partitions are made ahead (default 3).
    pub days_ahead: u16,
    /// How often partitions are made and dropped (default 10 min).
    #[serde(with = "humantime_serde")]
    pub maintenance_interval: Duration,
    /// Waits between attempts.
    pub retry: BackoffConfig,
}

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SslChoice {
    /// Never.
    Disable,
    /// When the server offers it.
    Prefer,
    /// Always.
    Require,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            url: Secret::default(),
            host: "127.0.0.1".to_owned(),
            port: 5432,
            database: "vru".to_owned(),
            user: "vru".to_owned(),
            password: Secret::default(),
            ssl_mode: SslChoice::Prefer,
            ssl_ca: PathBuf::new(),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
            migrate: false,
            group: "vru-sink-postgres".to_owned(),
            batch: BatchConfig::default(),
            retention: Duration::from_hours(30 * 24),
            days_ahead: 3,
            maintenance_interval: Duration::from_mins(10),
            retry: BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(5) },
        }
    }
}

impl PostgresConfig {
    /// The client's settings, with the server-side time-outs of a session.
    pub(crate) fn client(&self) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
        let mut client = if self.url.is_empty() { self.address() } else { self.url.expose().parse()? };
        client
            .application_name("vru-sink")
            .connect_timeout(self.connect_timeout)
            .keepalives_idle(Duration::from_secs(10))
            .tcp_user_timeout(self.statement_timeout)
            .ssl_mode(match self.ssl_mode {
                SslChoice::Disable => SslMode::Disable,
                SslChoice::Prefer => SslMode::Prefer,
                SslChoice::Require => SslMode::Require,
            })
            // A process that is stopped in a transaction holds its positions' locks: the server must not wait for it.
            .options(format!(
                "-c statement_timeout={0} -c lock_timeout={0} -c idle_in_transaction_session_timeout=5000 -c TimeZone=UTC",
                self.statement_timeout.as_millis()
            ));
        Ok(client)
    }

    fn address(&self) -> tokio_postgres::Config {
        let mut client = tokio_postgres::Config::new();
        client.host(&self.host).port(self.port).dbname(&self.database).user(&self.user);
        if !self.password.is_empty() {
            client.password(self.password.expose());
        }
        client
    }

    /// Where it connects to, without secrets.
    pub(crate) fn place(&self) -> String {
        let Ok(client) = self.client() else { return "an address that cannot be read".to_owned() };
        let hosts: Vec<String> = client
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let port = client.get_ports().first().copied().unwrap_or(5432);
        format!("{}:{port}/{}", hosts.join(","), client.get_dbname().unwrap_or("-"))
    }
}

impl Validate for PostgresConfig {
    fn validate(&self, problems: &mut Problems) {
        if self.url.is_empty() {
            problems.require(!self.host.is_empty(), "host", "is empty");
            problems.require(self.port != 0, "port", "is 0");
            problems.require(!self.database.is_empty(), "database", "is empty");
            problems.require(!self.user.is_empty(), "user", "is empty");
        } else if self.client().is_err() {
            // The parser's message may quote the password.
            problems.at("url", "is not postgres://USER:PASSWORD@HOST:PORT/DATABASE");
        }
        problems.require(!self.group.is_empty(), "group", "is empty");
        let sane = Duration::from_millis(100)..=Duration::from_mins(10);
        problems.require(sane.contains(&self.connect_timeout), "connect_timeout", "is not between 100ms and 10m");
        problems.require(sane.contains(&self.statement_timeout), "statement_timeout", "is not between 100ms and 10m");
        let sane = Duration::from_secs(1)..=Duration::from_hours(24);
        problems.require(sane.contains(&self.maintenance_interval), "maintenance_interval", "is not between 1s and 1d");
        let day = Duration::from_hours(24);
        let kept = self.retention.is_zero() || (day..=day * 3_660).contains(&self.retention);
        problems.require(kept, "retention", "is neither 0s nor between 1 day and 10 years");
        problems.require(self.days_ahead <= 60, "days_ahead", format!("is {}, more than 60", self.days_ahead));
        if !self.ssl_ca.as_os_str().is_empty() {
            let readable = std::fs::File::open(&self.ssl_ca);
            if let Err(error) = readable {
                problems.at("ssl_ca", format!("{} cannot be read: {error}", self.ssl_ca.display()));
            }
        }
        problems.section("batch", &self.batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> PostgresConfig {
        PostgresConfig { url: Secret::new(url), ..PostgresConfig::default() }
    }

    #[test]
    fn a_url_stands_for_the_single_settings() {
        let config = with_url("postgres://u:hunter2@db.example:6432/roads");
        assert_eq!(config.place(), "db.example:6432/roads");
        let client = config.client().unwrap();
        assert_eq!((client.get_user(), client.get_password()), (Some("u"), Some(&b"hunter2"[..])));
    }

    #[test]
    fn a_broken_url_is_a_problem_that_does_not_quote_it() {
        let mut problems = Problems::default();
        with_url("hunter2://").validate(&mut problems);
        assert_eq!(problems.found().len(), 1, "{problems:?}");
        assert!(!problems.found()[0].contains("hunter2"));
    }
}
