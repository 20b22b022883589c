//! The section `http` of the configuration.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::networks::Network;
use vru_runtime::tls::TlsConfig;

use super::origin::Origin;

/// Section `http`: where the API is served, and what bounds a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Default `127.0.0.1:8000`. Any other than loopback needs `tls` or `tls_at_proxy`, and what browsers see in `origins`.
    pub listen: SocketAddr,
    /// Certificate and key. They are read again when they change. Without them it serves plain HTTP. `vru up` makes them itself where it
    /// does not listen on loopback alone.
    pub tls: TlsConfig,
    /// Lets it serve plain HTTP on an address that is not loopback (default false): for a proxy that ends TLS in front of it. Whoever sees
    /// the traffic between the two can use the sessions.
    pub tls_at_proxy: bool,
    /// The addresses of the web app as browsers see them: `https://vru.example.org`. Only they may change something with a cookie.
    /// Default: none but loopback, on the port of `listen`.
    pub origins: Vec<Origin>,
    /// The folder with the built web app, which is served at every path that is not the API's. Empty (default): there is none.
    pub web_folder: PathBuf,
    /// The addresses, or networks such as `10.0.0.0/16`, of proxies that are trusted to say, in `X-Forwarded-For`, whom they serve (default
    /// none). A load balancer has no fixed address: name its subnets, and let nothing else in them reach `listen`.
    pub proxies: Vec<Network>,
    /// Size of a request's body (default 1 MiB).
    pub max_body_bytes: usize,
    /// Time limit for a request and its answer (default 20 s).
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How many requests are served at once (default 512). More are refused with 503.
    pub max_concurrent: usize,
    /// How long a connection may wait for the whole head of its next request (default 30 s). Then it is closed, as is one whose client takes
    /// nothing of an answer for twice as long.
    #[serde(with = "humantime_serde")]
    pub idle: Duration,
    /// How many connections are open at once (default 4096). More wait to be accepted.
    pub max_connections: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            tls: TlsConfig::default(),
            tls_at_proxy: false,
            origins: Vec::new(),
            web_folder: PathBuf::new(),
            proxies: Vec::new(),
            max_body_bytes: 1024 * 1024,
            timeout: Duration::from_secs(20),
            max_concurrent: 512,
            idle: Duration::from_secs(30),
            max_connections: 4096,
        }
    }
}

impl HttpConfig {
    /// The address at which others find the API, without a slash at its end: the first of `origins`, or the one on this machine.
    pub fn address(&self) -> String {
        self.origins.first().map_or_else(|| self.local_address(), |origin| origin.text().to_owned())
    }

    /// The same for programs on this machine.
    pub fn local_address(&self) -> String {
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("{}://{}", self.scheme(), SocketAddr::new(ip, self.listen.port()))
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_on() { "https" } else { "http" }
    }

    /// Whether what is sent could be read on the way, and nobody said that a proxy prevents that.
    pub fn is_exposed(&self) -> bool {
        !self.listen.ip().is_loopback() && !self.tls.is_on() && !self.tls_at_proxy
    }
}

impl Validate for HttpConfig {
    fn validate(&self, problems: &mut Problems) {
        for origin in &self.origins {
            let detail = format!("has {}: off loopback only https keeps a log-in secret", origin.text());
            problems.require(!origin.exposed, "origins", detail);
        }
        problems.section("tls", &self.tls);
        let limits = 1024..=64 * 1024 * 1024;
        problems.require(limits.contains(&self.max_body_bytes), "max_body_bytes", "is not between 1 KiB and 64 MiB");
        let limits = Duration::from_secs(1)..=Duration::from_mins(10);
        problems.require(limits.contains(&self.timeout), "timeout", "is not between 1s and 10m");
        problems.require((1..=100_000).contains(&self.max_concurrent), "max_concurrent", "is not between 1 and 100000");
        let limits = Duration::from_secs(1)..=Duration::from_hours(1);
        problems.require(limits.contains(&self.idle), "idle", "is not between 1s and 1h");
        let limits = 1..=1_000_000;
        problems.require(limits.contains(&self.max_connections), "max_connections", "is not between 1 and 1000000");
    }

    fn check(&self, problems: &mut Problems) {
        let empty = self.web_folder.as_os_str().is_empty();
        let detail = format!("{} has no index.html: build the web app there", self.web_folder.display());
        problems.require(empty || self.web_folder.join("index.html").is_file(), "web_folder", detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_found_at_its_origin_or_on_this_machine() {
        let http = |listen: &str| HttpConfig { listen: listen.parse().unwrap(), ..HttpConfig::default() };
        assert_eq!(http("127.0.0.1:8000").address(), "http://127.0.0.1:8000");
        assert_eq!(http("0.0.0.0:8000").address(), "http://127.0.0.1:8000");
        assert_eq!(http("[::]:8000").address(), "http://[::1]:8000");
        let origins = vec!["https://vru.example.org".to_owned().try_into().unwrap()];
        let behind_proxy = HttpConfig { origins, ..http("0.0.0.0:8000") };
        assert_eq!(behind_proxy.address(), "https://vru.example.org");
        assert_eq!(behind_proxy.local_address(), "http://127.0.0.1:8000");
        let tls = TlsConfig { certificate: "a".into(), key: "b".into() };
        assert_eq!(HttpConfig { tls, ..http("0.0.0.0:8000") }.address(), "https://127.0.0.1:8000");
    }
}
