use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use humantime_serde::Serde;
use rustls::ClientConfig;
use serde::de::MapAccess;
use tokio_postgres::config::Host;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::report::chain;
use vru_runtime::secret::Secret;

use super::tls::{SslMode, TlsFiles, client_config, default_mode};
use super::url;

/// Which database to use and how to connect to it. A service has these keys in a section of its
/// own, beside others; it reads them with [`DatabaseConfig::read`].
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The whole address as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; may be `env:NAME` or `file:PATH`. If set, it
    /// replaces `host`, `port`, `database`, `user` and `password`. It may name several hosts, and may have the parameters `sslmode`,
    /// `sslrootcert`, `sslcert`, `sslkey`, `target_session_attrs`, `load_balance_hosts`, `channel_binding`, `options`,
    /// `application_name`, `keepalives`, `keepalives_idle` and `keepalives_interval`. Any other parameter is an error.
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
    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`, as in libpq. If `url` has `sslmode` too, the stricter of the two
    /// applies. Default: `prefer` if all hosts are on this machine and no certificate is set, else `verify-full`. Unix sockets are
    /// never encrypted.
    pub ssl_mode: Option<SslMode>,
    /// PEM file with the CA certificates that the server's certificate is verified against, or `system`. Default: the system's, for
    /// `verify-full` only.
    pub ssl_ca: PathBuf,
    /// PEM file with the client's certificate (default none).
    pub ssl_cert: PathBuf,
    /// PEM file with the key of `ssl_cert`.
    pub ssl_key: PathBuf,
    /// Time limit for opening a connection (default 5 s).
    pub connect_timeout: Duration,
    /// Time limit for one statement (default 15 s); the server cancels the statement after it.
    pub statement_timeout: Duration,
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
            ssl_mode: None,
            ssl_ca: PathBuf::new(),
            ssl_cert: PathBuf::new(),
            ssl_key: PathBuf::new(),
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
            "ssl_mode" => self.ssl_mode = Some(map.next_value()?),
            "ssl_ca" => self.ssl_ca = map.next_value()?,
            "ssl_cert" => self.ssl_cert = map.next_value()?,
            "ssl_key" => self.ssl_key = map.next_value()?,
            "connect_timeout" => self.connect_timeout = map.next_value::<Serde<Duration>>()?.into_inner(),
            "statement_timeout" => self.statement_timeout = map.next_value::<Serde<Duration>>()?.into_inner(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where and how to connect; `None` after adding the problems. Reads the certificates. `application` is the name shown in
    /// `pg_stat_activity`, unless the URL has another.
    pub(super) fn resolve(&self, application: &str, problems: &mut Problems) -> Option<Target> {
        let mut client = tokio_postgres::Config::new();
        let (mut url_mode, mut url_files, mut keepalives_idle) = (None, TlsFiles::default(), false);
        if self.url.is_empty() {
            client.host(&self.host).port(self.port).dbname(&self.database).user(&self.user);
            if !self.password.is_empty() {
                client.password(self.password.expose());
            }
        } else {
            match url::parse(self.url.expose()) {
                Ok(url) => {
                    client = url.client;
                    (url_mode, url_files, keepalives_idle) = (url.ssl_mode, url.files, url.keepalives_idle);
                }
                Err(found) => {
                    for problem in found {
                        problems.at("url", problem);
                    }
                    return None;
                }
            }
        }
        let known = problems.found().len();
        let files = TlsFiles {
            ca: one_of(&self.ssl_ca, url_files.ca, "ssl_ca", "sslrootcert", problems),
            certificate: one_of(&self.ssl_cert, url_files.certificate, "ssl_cert", "sslcert", problems),
            key: one_of(&self.ssl_key, url_files.key, "ssl_key", "sslkey", problems),
        };
        let hosts = client.get_hosts();
        let sockets = hosts.iter().filter(|host| matches!(host, Host::Unix(_))).count();
        let tls = if sockets == hosts.len() {
            None
        } else {
            problems.require(
                sockets == 0,
                "url",
                "names both Unix sockets and hosts, which need different TLS settings",
            );
            let mode = self.ssl_mode.max(url_mode).unwrap_or_else(|| default_mode(is_loopback(&client), &files));
            client.ssl_mode(match mode {
                SslMode::Disable => tokio_postgres::config::SslMode::Disable,
                SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => tokio_postgres::config::SslMode::Require,
            });
            match client_config(mode, &files) {
                Ok(tls) => tls,
                Err(error) => {
                    problems.at("ssl_mode", chain(&error));
                    return None;
                }
            }
        };
        if problems.found().len() > known {
            return None;
        }
        if client.get_application_name().is_none() {
            client.application_name(application);
        }
        if !keepalives_idle {
            client.keepalives_idle(Duration::from_secs(10));
        }
        // A process that is suspended inside a transaction keeps its row locks. The server ends such a transaction after 5 s.
        // To compile a statement takes 25 ms, which is longer than most searches take.
        let options = format!(
            "-c statement_timeout={0} -c lock_timeout={0} -c idle_in_transaction_session_timeout=5000 -c jit=off \
             -c TimeZone=UTC {1}",
            self.statement_timeout.as_millis(),
            client.get_options().unwrap_or_default()
        );
        client
            .connect_timeout(self.connect_timeout)
            .tcp_user_timeout(self.statement_timeout)
            .options(options.trim_end());
        Some(Target { location: location(&client), client, tls })
    }
}

/// Where and how to connect.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) client: tokio_postgres::Config,
    /// `None`: not encrypted.
    pub(super) tls: Option<ClientConfig>,
    /// `host:port/database`, for messages; contains no secret.
    pub(super) location: String,
}

/// The path that is set in one of two places.
fn one_of(setting: &Path, parameter: PathBuf, name: &str, url_name: &str, problems: &mut Problems) -> PathBuf {
    let neither = setting.as_os_str().is_empty();
    if !neither && !parameter.as_os_str().is_empty() && setting != parameter {
        problems.at(name, format!("differs from the parameter `{url_name}` of `url`: set one of them"));
    }
    if neither { parameter } else { setting.to_owned() }
}

fn is_loopback(client: &tokio_postgres::Config) -> bool {
    let addresses = client.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    client.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
    })
}

fn location(client: &tokio_postgres::Config) -> String {
    let ports = client.get_ports();
    let hosts: Vec<String> = client
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(path) => format!("{}:{port}", path.display()),
            }
        })
        .collect();
    format!("{}/{}", hosts.join(","), client.get_dbname().unwrap_or("-"))
}

impl Validate for DatabaseConfig {
    fn validate(&self, problems: &mut Problems) {
        if self.url.is_empty() {
            problems.require(!self.host.is_empty(), "host", "is empty");
            problems.require(self.port != 0, "port", "is 0");
            problems.require(!self.database.is_empty(), "database", "is empty");
            problems.require(!self.user.is_empty(), "user", "is empty");
        }
        self.resolve("", problems);
        let limits = Duration::from_millis(100)..=Duration::from_mins(10);
        problems.require(limits.contains(&self.connect_timeout), "connect_timeout", "is not between 100ms and 10m");
        problems.require(limits.contains(&self.statement_timeout), "statement_timeout", "is not between 100ms and 10m");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> DatabaseConfig {
        DatabaseConfig { url: Secret::new(url), ..DatabaseConfig::default() }
    }

    fn problems(config: &DatabaseConfig) -> Vec<String> {
        let mut problems = Problems::default();
        config.validate(&mut problems);
        problems.found().to_vec()
    }

    fn target(config: &DatabaseConfig) -> Target {
        let mut problems = Problems::default();
        config.resolve("test", &mut problems).unwrap_or_else(|| panic!("{problems:?}"))
    }

    #[test]
    fn a_url_replaces_the_single_settings() {
        let Target { client, location, .. } = target(&with_url("postgres://u:hunter2@[::1]:6432/roads"));
        assert_eq!(location, "::1:6432/roads");
        assert_eq!((client.get_user(), client.get_password()), (Some("u"), Some(&b"hunter2"[..])));
    }

    #[test]
    fn the_stricter_ssl_mode_of_setting_and_url_applies() {
        use tokio_postgres::config::SslMode::{Disable, Prefer, Require};
        for (setting, url, expected) in [
            (None, "", Prefer),
            (None, "?sslmode=disable", Disable),
            (None, "?sslmode=require", Require),
            (Some(SslMode::Prefer), "?sslmode=require", Require),
            (Some(SslMode::Require), "?sslmode=disable", Require),
            (Some(SslMode::Disable), "?sslmode=prefer", Prefer),
            (Some(SslMode::Disable), "", Disable),
        ] {
            let config = DatabaseConfig { ssl_mode: setting, ..with_url(&format!("postgres://u@localhost/d{url}")) };
            let target = target(&config);
            assert_eq!(target.client.get_ssl_mode(), expected, "{setting:?} {url}");
            assert_eq!(target.tls.is_some(), expected != Disable);
        }
    }

    #[test]
    fn hosts_off_this_machine_are_verified_unless_the_operator_decides_otherwise() {
        for (url, verified) in [
            ("postgres://u@db.example/d", true),
            ("postgres://u@127.0.0.1,db.example/d", true),
            ("postgres://u@localhost/d?hostaddr=192.0.2.7", true),
            ("postgres://u@127.0.0.1,localhost/d", false),
            ("postgres://u@db.example/d?hostaddr=127.0.0.9", false),
            ("postgres://u@db.example/d?sslmode=prefer", false),
        ] {
            let mode = target(&with_url(url)).client.get_ssl_mode();
            assert_eq!(mode == tokio_postgres::config::SslMode::Require, verified, "{url}");
        }
        let single = DatabaseConfig { host: "db.example".to_owned(), ..DatabaseConfig::default() };
        assert_eq!(target(&single).client.get_ssl_mode(), tokio_postgres::config::SslMode::Require);
    }

    #[test]
    fn unix_sockets_are_not_encrypted() {
        let config = with_url("postgres://u@%2Fvar%2Frun%2Fpostgresql/d?sslmode=verify-full");
        assert!(target(&config).tls.is_none());
        assert_eq!(problems(&with_url("postgres://u@%2Fvar%2Frun,db.example/d")).len(), 1);
    }

    #[test]
    fn unusable_tls_settings_are_problems_with_a_name() {
        let url = |text: &str| with_url(&format!("postgres://u:hunter2@db.example/d{text}"));
        let setting = |config: DatabaseConfig| DatabaseConfig { ssl_ca: "/a".into(), ..config };
        for (config, part) in [
            (url("?sslmode=verify-ca"), "`verify-ca` needs `ssl_ca`"),
            (url("?sslrootcert=/no/such/file"), "/no/such/file"),
            (url("?sslcert=/c"), "`ssl_key`"),
            (url("?sslmode=require&sslrootcert=system"), "`verify-full`"),
            (url("?sslmode=disable&sslrootcert=/c"), "`disable`"),
            (setting(url("?sslrootcert=/b")), "`sslrootcert`"),
            (url("?sslcrl=/c"), "`sslcrl`"),
            (with_url("hunter2://"), "postgres://USER"),
        ] {
            let found = problems(&config);
            assert!(found.iter().any(|problem| problem.contains(part)), "{part} is not in {found:?}");
            assert!(!found.iter().any(|problem| problem.contains("hunter2")), "{found:?}");
        }
    }

    #[test]
    fn options_of_the_url_are_kept() {
        let client =
            target(&with_url("postgres://u@localhost/d?options=-c%20search_path%3Droads&application_name=x")).client;
        assert!(client.get_options().unwrap().ends_with("TimeZone=UTC -c search_path=roads"));
        assert_eq!(client.get_application_name(), Some("x"));
    }
}
