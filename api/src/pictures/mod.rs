//! Snapshots and clips: who may see one gets an address that is good for a while. The picture itself comes from the bucket's server, or, if
//! browsers do not reach that, through this service.

mod config;
mod relay;

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures::future::try_join_all;
use url::Url;
use vru_runtime::cameras::SealingKey;
use vru_runtime::report::chain;
use vru_storage::s3::{BucketError, Presence, SignedUrls};

use crate::http::{Code, Problem};
use crate::metrics::PICTURES;
use relay::Relay;

pub use config::PicturesSection;
pub(crate) use relay::{Reader, RelayedAddress};

/// A key under which nobody stores anything.
const NO_OBJECT: &str = "probe-of-the-api";

/// Of a list of pictures, how many the store is asked for at once.
const ASKED_AT_ONCE: usize = 10;

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    /// `None`: there are none.
    urls: Option<SignedUrls>,
    /// `None`: readers ask the bucket's server.
    relay: Option<Relay>,
    lifetime: Duration,
}

/// Holds the right to see the picture: not for logs.
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) expires_at: SystemTime,
}

impl Pictures {
    /// `key` signs the addresses of relayed pictures.
    pub(crate) async fn new(section: &PicturesSection, key: Option<SealingKey>) -> Self {
        let (mut urls, mut relay) = (None, None);
        if section.enabled {
            urls = Some(SignedUrls::new(&section.bucket, &section.public_endpoint).await);
            if let Some(key) = key.filter(|_| section.relay) {
                relay = Some(Relay::new(&section.bucket, key).await);
            }
        }
        Self { urls, relay, lifetime: section.url_lifetime }
    }

    /// Where browsers find pictures; `None` if there are none, or if they are found here.
    pub(crate) async fn origin(&self) -> Option<String> {
        if self.relay.is_some() {
            return None;
        }
        let address = self.urls.as_ref()?.url(NO_OBJECT, self.lifetime).await.ok()?;
        Some(Url::parse(&address).ok()?.origin().ascii_serialization())
    }

    /// Passes on what is behind an address that [`Pictures::address`] gave to the same reader.
    pub(crate) async fn relayed(
        &self,
        reader: Reader<'_>,
        address: &RelayedAddress,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let Some(relay) = &self.relay else {
            let detail = "this service passes no pictures on: its operator may set `s3.relay`";
            return Err(Problem::new(StatusCode::NOT_FOUND, Code::RelayNotConfigured, detail));
        };
        relay.answer(reader, address, headers).await
    }

    /// `key`: of the object; empty if there is none.
    pub(crate) async fn address(&self, reader: Reader<'_>, key: &str) -> Result<Address, Problem> {
        let urls = self.urls()?;
        if key.is_empty() {
            let detail = "no picture was taken of it";
            return Err(Problem::new(StatusCode::NOT_FOUND, Code::NoPicture, detail));
        }
        let expires_at = SystemTime::now() + self.lifetime;
        self.address_until(urls, reader, key, expires_at).await?.ok_or_else(not_stored)
    }

    /// The addresses of several objects, in the order of their keys, all with one end; `None` of those that are not stored.
    pub(crate) async fn addresses(
        &self,
        reader: Reader<'_>,
        keys: &[&str],
    ) -> Result<(Vec<Option<String>>, SystemTime), Problem> {
        let urls = self.urls()?;
        let expires_at = SystemTime::now() + self.lifetime;
        let mut found = Vec::with_capacity(keys.len());
        for some in keys.chunks(ASKED_AT_ONCE) {
            let asked: Vec<_> = some.iter().map(|key| self.address_until(urls, reader, key, expires_at)).collect();
            found.extend(try_join_all(asked).await?.into_iter().map(|address| address.map(|address| address.url)));
        }
        Ok((found, expires_at))
    }

    fn urls(&self) -> Result<&SignedUrls, Problem> {
        let detail = "this service shows no pictures: its operator must set `s3.enabled`";
        self.urls.as_ref().ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, Code::PicturesNotConfigured, detail))
    }

    /// `None`: it is not stored.
    async fn address_until(
        &self,
        urls: &SignedUrls,
        reader: Reader<'_>,
        key: &str,
        expires_at: SystemTime,
    ) -> Result<Option<Address>, Problem> {
        // Signed before it is known to exist, so that it is never good for longer than it says.
        let url = if let Some(relay) = &self.relay {
            relay.address(reader, key, expires_at)
        } else {
            let lifetime = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
            // The store counts whole seconds, from the begin of the one that goes on, and refuses an address that is good for none.
            let seconds = lifetime.as_secs() + u64::from(lifetime.subsec_nanos() > 0);
            let lifetime = Duration::from_secs(seconds.max(1));
            urls.url(key, lifetime).await.map_err(|error| unavailable(&error))?
        };
        match urls.presence(key).await.map_err(|error| unavailable(&error))? {
            Presence::Present => {
                PICTURES.with_label_values(&["signed"]).inc();
                return Ok(Some(Address { url, expires_at }));
            }
            Presence::Missing => PICTURES.with_label_values(&["missing"]).inc(),
            Presence::Refused => drop(refused(key)),
        }
        Ok(None)
    }

    /// Whether the bucket's server answers; `None` if there is none.
    pub(crate) async fn probe(&self) -> Option<Result<(), String>> {
        let answer = self.urls.as_ref()?.presence(NO_OBJECT).await;
        // Who may not see a bucket's list is told the same of objects that are missing: that is an answer.
        Some(answer.map(drop).map_err(|error| chain(&error).to_string()))
    }
}

fn missing() -> Problem {
    PICTURES.with_label_values(&["missing"]).inc();
    not_stored()
}

fn not_stored() -> Problem {
    let detail = "the picture is not stored: not yet, not any more, or it could not be made";
    Problem::new(StatusCode::NOT_FOUND, Code::PictureMissing, detail)
}

fn refused(key: &str) -> Problem {
    PICTURES.with_label_values(&["refused"]).inc();
    tracing::warn!(
        key,
        "a picture is missing, or its bucket refuses to show it: grant s3:GetObject; with s3:ListBucket it would say which"
    );
    not_stored()
}

fn unavailable(error: &BucketError) -> Problem {
    PICTURES.with_label_values(&["unavailable"]).inc();
    tracing::error!(error = %chain(error), "the store of pictures does not answer");
    let detail = "the store of pictures does not answer; try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::PicturesUnavailable, detail).retry_after(Duration::from_secs(1))
}
