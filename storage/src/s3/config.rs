use std::time::Duration;

use humantime_serde::Serde;
use serde::de::MapAccess;
use url::{Host, Url};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::secret::Secret;

/// Which bucket to use and how to connect to its server. A service has these keys in a section of its own,
/// beside others; it reads them with [`BucketConfig::read`].
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// Bucket (default `vru`). It must exist.
    pub bucket: String,
    /// Prepended to every key, for example `roads/`; empty by default.
    pub prefix: String,
    /// `http://…` or `https://…` of a server other than Amazon's; empty: Amazon's server for the region. Certificates are verified
    /// against the system's CAs, or those in the file that the environment variable `SSL_CERT_FILE` names.
    pub endpoint: String,
    /// Allow `http://` to a server that is not on this machine (default false). Everybody on the way can then read and change the
    /// objects.
    pub allow_http: bool,
    /// Region (default `us-east-1`).
    pub region: String,
    /// `http://host/bucket/key` instead of `http://bucket.host/key` (default true if `endpoint` is set).
    pub path_style: Option<bool>,
    /// Access key; may be `env:NAME` or `file:PATH`. Empty: the AWS default chain (environment, web identity, container,
    /// instance).
    pub access_key: Secret,
    /// Secret key of `access_key`; may be `env:NAME` or `file:PATH`.
    pub secret_key: Secret,
    /// Time limit for one request (default 20 s).
    pub timeout: Duration,
}

impl Default for BucketConfig {
    fn default() -> Self {
        Self {
            bucket: "vru".to_owned(),
            prefix: String::new(),
            endpoint: String::new(),
            allow_http: false,
            region: "us-east-1".to_owned(),
            path_style: None,
            access_key: Secret::default(),
            secret_key: Secret::default(),
            timeout: Duration::from_secs(20),
        }
    }
}

impl BucketConfig {
    /// Reads the value of `key` from `map` if it is one of these settings; otherwise reads nothing and returns false.
    pub fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        match key {
            "bucket" => self.bucket = map.next_value()?,
            "prefix" => self.prefix = map.next_value()?,
            "endpoint" => self.endpoint = map.next_value()?,
            "allow_http" => self.allow_http = map.next_value()?,
            "region" => self.region = map.next_value()?,
            "path_style" => self.path_style = map.next_value()?,
            "access_key" => self.access_key = map.next_value()?,
            "secret_key" => self.secret_key = map.next_value()?,
            "timeout" => self.timeout = map.next_value::<Serde<Duration>>()?.into_inner(),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl Validate for BucketConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(
            self.bucket.len() >= 3,
            "bucket",
            format!("`{}` is shorter than three characters", self.bucket),
        );
        let prefix_ok = self.prefix.is_empty() || (self.prefix.ends_with('/') && !self.prefix.starts_with('/'));
        problems.require(prefix_ok, "prefix", "must end with a slash and not start with one");
        if !self.endpoint.is_empty()
            && let Err(problem) = check_endpoint(&self.endpoint, self.allow_http)
        {
            problems.at("endpoint", problem);
        }
        problems.require(!self.region.is_empty(), "region", "is empty");
        let pair = self.access_key.is_empty() == self.secret_key.is_empty();
        problems.require(pair, "access_key", "and `secret_key` must both be set or both be empty");
        let limits = Duration::from_millis(500)..=Duration::from_mins(10);
        problems.require(limits.contains(&self.timeout), "timeout", "is not between 500ms and 10m");
    }
}

/// An error continues `endpoint`, and quotes nothing: a URL may contain a password.
pub fn check_endpoint(endpoint: &str, allow_http: bool) -> Result<(), &'static str> {
    let Ok(url) = Url::parse(endpoint) else { return Err("is not a URL") };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains a user: use `access_key` and `secret_key`");
    }
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("names no host"),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback || allow_http => Ok(()),
        "http" => Err("is not encrypted, and its host is not this machine: use https://, or set `allow_http`"),
        _ => Err("does not start with http:// or https://"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unencrypted_endpoint_off_this_machine_is_refused_unless_allowed() {
        for (endpoint, allow_http, accepted) in [
            ("http://127.0.0.1:9000", false, true),
            ("http://localhost:9000", false, true),
            ("http://[::1]:9000", false, true),
            ("https://minio.example", false, true),
            ("http://minio.example", false, false),
            ("http://127.0.0.1.example", false, false),
            ("http://minio.example", true, true),
            ("https://user:hunter2@minio.example", false, false),
            ("ftp://minio.example", true, false),
            ("minio.example:9000", true, false),
        ] {
            let config = BucketConfig { endpoint: endpoint.to_owned(), allow_http, ..BucketConfig::default() };
            let mut problems = Problems::default();
            config.validate(&mut problems);
            assert_eq!(problems.found().is_empty(), accepted, "{endpoint}: {problems:?}");
            assert!(!problems.found().iter().any(|problem| problem.contains("hunter2")), "{problems:?}");
        }
    }
}
