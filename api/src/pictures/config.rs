use std::time::Duration;

use humantime_serde::Serde;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer};
use vru_runtime::config::{Problems, Validate};
use vru_runtime::flat_section::{self, FlatSection};
use vru_storage::s3::{BucketConfig, check_endpoint};

/// Section `s3`: where snapshots and clips are, as the sink writes them. The credentials need only `s3:GetObject`, and more for section
/// `uploads`.
#[derive(Debug, Clone)]
pub struct PicturesSection {
    /// Whether pictures are shown (default false).
    pub enabled: bool,
    /// As in the sink's section, with a `timeout` of 5 s by default.
    pub bucket: BucketConfig,
    /// The endpoint as browsers reach it, if they reach it by another address than the API (default: `endpoint`).
    pub public_endpoint: String,
    /// Whether the API itself passes pictures on, for browsers that do not reach the bucket's server (default false). Addresses are then
    /// paths of the API, for who asked for them. It needs `cameras.secrets_key`, which signs them.
    pub relay: bool,
    /// How long the address of a picture is good (default 5 min).
    pub url_lifetime: Duration,
}

impl Default for PicturesSection {
    fn default() -> Self {
        Self {
            enabled: false,
            bucket: BucketConfig { timeout: Duration::from_secs(5), ..BucketConfig::default() },
            public_endpoint: String::new(),
            relay: false,
            url_lifetime: Duration::from_mins(5),
        }
    }
}

impl FlatSection for PicturesSection {
    const KEYS: &'static [&'static str] = &[
        "enabled",
        "bucket",
        "prefix",
        "endpoint",
        "allow_http",
        "region",
        "path_style",
        "access_key",
        "secret_key",
        "timeout",
        "public_endpoint",
        "relay",
        "url_lifetime",
    ];

    fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error> {
        match key {
            "enabled" => self.enabled = map.next_value()?,
            "public_endpoint" => self.public_endpoint = map.next_value()?,
            "relay" => self.relay = map.next_value()?,
            "url_lifetime" => self.url_lifetime = map.next_value::<Serde<Duration>>()?.into_inner(),
            _ => return self.bucket.read(key, map),
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for PicturesSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        flat_section::deserialize(deserializer)
    }
}

impl Validate for PicturesSection {
    fn validate(&self, problems: &mut Problems) {
        self.bucket.validate(problems);
        if !self.public_endpoint.is_empty()
            && let Err(problem) = check_endpoint(&self.public_endpoint, self.bucket.allow_http)
        {
            problems.at("public_endpoint", problem);
        }
        let either = self.public_endpoint.is_empty() || !self.relay;
        problems.require(either, "public_endpoint", "is set, and with `relay` nobody uses it");
        let limits = Duration::from_secs(1)..=Duration::from_hours(1);
        problems.require(limits.contains(&self.url_lifetime), "url_lifetime", "is not between 1s and 1h");
    }
}
