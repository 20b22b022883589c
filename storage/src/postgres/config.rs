use std::path::PathBuf;
use std::time::Duration;

use humantime_serde::Serde;
use serde::Deserialize;
use serde::de::MapAccess;
use tokio_postgres::config::Host;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::secret::Secret;

/// Which database to use and how to connect to it. A service has these keys in a section of its
/// own, beside others; it reads them with [`DatabaseConfig::read`].
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The whole address as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; may be `env:NAME` or `file:PATH`. If set, it
    /// replaces `host`, `port`, `database`, `user` and `password`.
    pub url: Secret,
    /// Host name, IP address, or the folder of a Unix socket (default `127.0.0.1`).
    pub host: String,
    /// Port (default 5432).
    pub port: u16,
    /// Database (default `vru`).
    pub database: String,
    /// User (default `vru`).
    pub user: String,
    /// Password; may be `env:NAME` or `file:PATH` (default none).
    pub password: Secret,
    /// `disable`, `prefer` (default) or `require`. With TLS, the server's certificate and host name are always verified.
    pub ssl_mode: SslMode,
    /// PEM file with the CA certificates that the server's certificate is verified against; empty: the system's.
    pub ssl_ca: PathBuf,
    /// Time limit for opening a connection (default 5 s).
    pub connect_timeout: Duration,
    /// Time limit for one statement (default 15 s); the server cancels the statement after it.
    pub statement_timeout: Duration,
}

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SslMode {
    /// Never.
    Disable,
    /// If the server supports it.
    Prefer,
    /// Always; connecting fails if the server does not support it.
    Require,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            host: "127.0.0.1".to_owned(),
            port: 5432,
            database: "vru".to_owned(),
            user: "vru".to_owned(),
            password: Secret::default(),
            ssl_mode: SslMode::Prefer,
            ssl_ca: PathBuf::new(),
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(15),
        }
    }
}

impl DatabaseConfig {
    /// Reads the value of `key` from `map` if it is one of these settings; otherwise reads nothing and returns false.
    pub fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        match key {
            "url" => self.url = map.next_value()?,
            "host" => self.host = map.next_value()?,
            "port" => self.port = map.next_value()?,
            "database" => self.database = map.next_value()?,
            "user" => self.user = map.next_value()?,
            "password" => self.password = map.next_value()?,
            "ssl_mode" => self.ssl_mode = map.next_value()?,
            "ssl_ca" => self.ssl_ca = map.next_value()?,
            "connect_timeout" => self.connect_timeout = map.next_value::<Serde<Duration>>()?.into_inner(),
            "statement_timeout" => self.statement_timeout = map.next_value::<Serde<Duration>>()?.into_inner(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Settings for `tokio_postgres`, with the server-side time-outs of the connection. `application` is the name shown in
    /// `pg_stat_activity`.
    pub(super) fn client_config(&self, application: &str) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
        let mut client = self.address()?;
        client
            .application_name(application)
            .connect_timeout(self.connect_timeout)
            .keepalives_idle(Duration::from_secs(10))
            .tcp_user_timeout(self.statement_timeout)
            .ssl_mode(match self.ssl_mode {
                SslMode::Disable => tokio_postgres::config::SslMode::Disable,
                SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
                SslMode::Require => tokio_postgres::config::SslMode::Require,
            })
            // A process that is suspended inside a transaction keeps its row locks. The server ends such a transaction after 5 s.
            .options(format!(
                "-c statement_timeout={0} -c lock_timeout={0} -c idle_in_transaction_session_timeout=5000 -c TimeZone=UTC",
                self.statement_timeout.as_millis()
            ));
        Ok(client)
    }

    fn address(&self) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
        if !self.url.is_empty() {
            return self.url.expose().parse();
        }
        let mut client = tokio_postgres::Config::new();
        client.host(&self.host).port(self.port).dbname(&self.database).user(&self.user);
        if !self.password.is_empty() {
            client.password(self.password.expose());
        }
        Ok(client)
    }

    /// `host:port/database`, for messages; contains no secret.
    pub(super) fn location(&self) -> String {
        let Ok(client) = self.address() else { return "an invalid address".to_owned() };
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

impl Validate for DatabaseConfig {
    fn validate(&self, problems: &mut Problems) {
        if self.url.is_empty() {
            problems.require(!self.host.is_empty(), "host", "is empty");
            problems.require(self.port != 0, "port", "is 0");
            problems.require(!self.database.is_empty(), "database", "is empty");
            problems.require(!self.user.is_empty(), "user", "is empty");
        } else if self.address().is_err() {
            // The parser's message may quote the password.
            problems.at("url", "is not postgres://USER:PASSWORD@HOST:PORT/DATABASE");
        }
        let limits = Duration::from_millis(100)..=Duration::from_mins(10);
        problems.require(limits.contains(&self.connect_timeout), "connect_timeout", "is not between 100ms and 10m");
        problems.require(limits.contains(&self.statement_timeout), "statement_timeout", "is not between 100ms and 10m");
        if !self.ssl_ca.as_os_str().is_empty()
            && let Err(error) = std::fs::File::open(&self.ssl_ca)
        {
            problems.at("ssl_ca", format!("{} cannot be read: {error}", self.ssl_ca.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> DatabaseConfig {
        DatabaseConfig { url: Secret::new(url), ..DatabaseConfig::default() }
    }

    #[test]
    fn a_url_replaces_the_single_settings() {
        let config = with_url("postgres://u:hunter2@db.example:6432/roads");
        assert_eq!(config.location(), "db.example:6432/roads");
        let client = config.client_config("test").unwrap();
        assert_eq!((client.get_user(), client.get_password()), (Some("u"), Some(&b"hunter2"[..])));
    }

    #[test]
    fn a_malformed_url_is_reported_without_quoting_it() {
        let mut problems = Problems::default();
        with_url("hunter2://").validate(&mut problems);
        assert_eq!(problems.found().len(), 1, "{problems:?}");
        assert!(!problems.found()[0].contains("hunter2"));
    }
}
