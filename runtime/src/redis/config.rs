use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::config::{Problems, Validate};
use crate::report::chain;
use crate::secret::Secret;
use crate::tls::roots;

const PLAIN: &str = "redis://";
const TLS: &str = "rediss://";

/// Section `redis`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://HOST:PORT`, or `rediss://HOST:PORT` with TLS. Of a cluster several nodes, joined by commas; the others are found by them.
    /// Empty (default): there is no Redis.
    pub url: String,
    /// Whether it is a Redis Cluster (default false).
    pub cluster: bool,
    /// The user to log in as; only with `password` (default: Redis' user `default`).
    pub username: String,
    /// Password; may be `env:NAME` or `file:PATH` (default none: no log-in).
    pub password: Secret,
    /// Allows a password over `redis://` to other machines: the network sees it (default false).
    pub password_without_tls: bool,
    /// PEM file with the CA certificates that servers are verified against; the system's when empty.
    pub tls_ca: PathBuf,
    /// What all keys begin with (default `vru:`).
    pub prefix: String,
    /// Time limit of a command (default 100 ms). Whoever waits for it then goes on without Redis.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Time limit of a connection and its log-in (default 2 s). Nobody waits for it.
    #[serde(with = "humantime_serde")]
    pub connect_timeout: Duration,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            cluster: false,
            username: String::new(),
            password: Secret::default(),
            password_without_tls: false,
            tls_ca: PathBuf::new(),
            prefix: "vru:".to_owned(),
            timeout: Duration::from_millis(100),
            connect_timeout: Duration::from_secs(2),
        }
    }
}

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub host: String,
    pub port: u16,
    pub tls: bool,
}

impl RedisConfig {
    /// Whether there is one.
    pub fn is_configured(&self) -> bool {
        !self.url.is_empty()
    }

    /// An error says what is wrong with the URL, without showing it: it may contain a password.
    pub(super) fn nodes(&self) -> Result<Vec<Node>, &'static str> {
        self.url.split(',').map(|url| node(url.trim())).collect()
    }

    /// Where the servers are, for messages.
    pub(super) fn location(&self) -> String {
        let nodes = self.nodes().unwrap_or_default();
        nodes.iter().map(|node| format!("{}:{}", node.host, node.port)).collect::<Vec<_>>().join(",")
    }
}

fn node(url: &str) -> Result<Node, &'static str> {
    let (tls, address) = match (url.strip_prefix(PLAIN), url.strip_prefix(TLS)) {
        (Some(address), _) => (false, address),
        (_, Some(address)) => (true, address),
        _ => return Err("is not redis://HOST:PORT or rediss://HOST:PORT"),
    };
    if address.contains('@') {
        return Err("contains a login: set `username` and `password`");
    }
    let address = address.trim_end_matches('/');
    if address.contains(['/', '?', '#']) {
        return Err("has more than a host and a port; the database is always 0");
    }
    let (host, port) = address.rsplit_once(':').ok_or("lacks a port")?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = port.parse().ok().filter(|port| *port > 0).ok_or("has no valid port")?;
    if host.is_empty() {
        return Err("lacks a host");
    }
    Ok(Node { host: host.to_owned(), port, tls })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl Validate for RedisConfig {
    fn validate(&self, problems: &mut Problems) {
        let login = !self.username.is_empty() || !self.password.is_empty();
        if self.is_configured() {
            match self.nodes() {
                Err(problem) => problems.at("url", problem),
                Ok(nodes) => self.validate_nodes(&nodes, login, problems),
            }
        } else {
            let unused = "is set, but `url` is not";
            problems.require(!login, "password", unused);
            problems.require(self.tls_ca.as_os_str().is_empty(), "tls_ca", unused);
            problems.require(!self.cluster, "cluster", unused);
        }
        let half = !self.username.is_empty() && self.password.is_empty();
        problems.require(!half, "password", "is missing, but `username` is set");
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
        let valid = self.prefix.len() <= 100 && self.prefix.bytes().all(harmless);
        problems.require(
            valid,
            "prefix",
            "is longer than 100 characters or has others than letters, digits and `:._-`",
        );
        let limits = Duration::from_millis(5)..=Duration::from_secs(5);
        problems.require(limits.contains(&self.timeout), "timeout", "is not between 5ms and 5s");
        let limits = Duration::from_millis(100)..=Duration::from_mins(1);
        problems.require(limits.contains(&self.connect_timeout), "connect_timeout", "is not between 100ms and 1m");
    }

    fn check(&self, problems: &mut Problems) {
        if self.nodes().is_ok_and(|nodes| nodes.iter().any(|node| node.tls))
            && let Err(error) = roots(&self.tls_ca)
        {
            problems.at("tls_ca", chain(&error));
        }
    }
}

impl RedisConfig {
    fn validate_nodes(&self, nodes: &[Node], login: bool, problems: &mut Problems) {
        problems.require(self.cluster || nodes.len() == 1, "url", "names several servers, but `cluster` is not true");
        let tls = nodes.iter().filter(|node| node.tls).count();
        problems.require(tls == 0 || tls == nodes.len(), "url", "names servers with TLS and others without");
        let unused = !self.tls_ca.as_os_str().is_empty() && tls == 0;
        problems.require(!unused, "tls_ca", "is set, but `url` is not rediss://");
        let exposed = login && nodes.iter().any(|node| !node.tls && !is_loopback(&node.host));
        problems.require(
            !exposed || self.password_without_tls,
            "url",
            "would show the password to the network: use rediss://, or set `password_without_tls`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(config: &RedisConfig) -> Vec<String> {
        let mut problems = Problems::default();
        config.validate(&mut problems);
        problems.found().to_vec()
    }

    #[test]
    fn addresses_are_read() {
        let node = |host: &str, port, tls| Node { host: host.to_owned(), port, tls };
        let of = |url: &str| RedisConfig { url: url.to_owned(), ..RedisConfig::default() }.nodes();
        assert_eq!(of("redis://localhost:6379"), Ok(vec![node("localhost", 6379, false)]));
        assert_eq!(of("rediss://[::1]:1/, rediss://b:2"), Ok(vec![node("::1", 1, true), node("b", 2, true)]));
        for url in
            ["localhost:6379", "redis://", "redis://a", "redis://a:0", "redis://:1", "redis://a:1/2", "http://a:1"]
        {
            assert!(of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn mistakes_are_named_and_no_secret_is_shown() {
        let base = RedisConfig { url: "redis://127.0.0.1:6379".to_owned(), ..RedisConfig::default() };
        let password = || Secret::new("hunter2");
        for (config, part) in [
            (RedisConfig { username: "vru".to_owned(), ..base.clone() }, "`username` is set"),
            (RedisConfig { url: "redis://vru:hunter2@a:1".to_owned(), ..base.clone() }, "contains a login"),
            (RedisConfig { url: "redis://redis:6379".to_owned(), password: password(), ..base.clone() }, "network"),
            (RedisConfig { url: String::new(), password: password(), ..base.clone() }, "`url` is not"),
            (RedisConfig { url: "redis://a:1,redis://b:1".to_owned(), ..base.clone() }, "`cluster` is not true"),
            (
                RedisConfig { url: "redis://a:1,rediss://b:1".to_owned(), cluster: true, ..base.clone() },
                "others without",
            ),
            (RedisConfig { tls_ca: "/ca.pem".into(), ..base.clone() }, "rediss://"),
            (RedisConfig { prefix: "a b".to_owned(), ..base.clone() }, "prefix"),
            (RedisConfig { timeout: Duration::ZERO, ..base.clone() }, "timeout"),
        ] {
            let found = problems(&config);
            assert!(found.iter().any(|problem| problem.contains(part)), "{part} is not in {found:?}");
            assert!(!format!("{found:?}{config:?}").replace(&config.url, "").contains("hunter2"), "{found:?}");
        }
        for config in [
            RedisConfig::default(),
            base.clone(),
            RedisConfig { password: password(), ..base },
            RedisConfig { url: "rediss://redis:6379".to_owned(), password: password(), ..RedisConfig::default() },
        ] {
            assert_eq!(problems(&config), Vec::<String>::new());
        }
    }
}
