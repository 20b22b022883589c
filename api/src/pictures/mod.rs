//! Snapshots and clips: who may see one gets an address that is good for a while. The picture itself comes from the bucket's server.

mod config;

use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use url::Url;
use vru_runtime::report::chain;
use vru_storage::s3::{BucketError, Presence, SignedUrls};

use crate::http::Problem;
use crate::metrics::PICTURES;

pub use config::PicturesSection;

/// A key under which nobody stores anything.
const NO_OBJECT: &str = "probe-of-the-api";

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Pictures {
    /// `None`: there are none.
    urls: Option<SignedUrls>,
    lifetime: Duration,
}

/// Holds the right to see the picture: not for logs.
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) expires_at: SystemTime,
}

impl Pictures {
    pub(crate) async fn new(section: &PicturesSection) -> Self {
        let urls =
            if section.enabled { Some(SignedUrls::new(&section.bucket, &section.public_endpoint).await) } else { None };
        Self { urls, lifetime: section.url_lifetime }
    }

    /// Where browsers find pictures; `None` if there are none.
    pub(crate) async fn origin(&self) -> Option<String> {
        let address = self.urls.as_ref()?.url(NO_OBJECT, self.lifetime).await.ok()?;
        Some(Url::parse(&address).ok()?.origin().ascii_serialization())
    }

    /// `key`: of the object; empty if there is none.
    pub(crate) async fn address(&self, key: &str) -> Result<Address, Problem> {
        let Some(urls) = &self.urls else {
            let detail = "this service shows no pictures: its operator must set `s3.enabled`";
            return Err(Problem::new(StatusCode::NOT_FOUND, "pictures_not_configured", detail));
        };
        if key.is_empty() {
            let detail = "no picture was taken of it";
            return Err(Problem::new(StatusCode::NOT_FOUND, "no_picture", detail));
        }
        // Signed before it is known to exist, so that it is never good for longer than it says.
        let expires_at = SystemTime::now() + self.lifetime;
        let url = urls.url(key, self.lifetime).await.map_err(|error| unavailable(&error))?;
        match urls.presence(key).await.map_err(|error| unavailable(&error))? {
            Presence::Present => {
                PICTURES.with_label_values(&["signed"]).inc();
                Ok(Address { url, expires_at })
            }
            Presence::Missing => {
                PICTURES.with_label_values(&["missing"]).inc();
                Err(missing())
            }
            Presence::Refused => {
                PICTURES.with_label_values(&["refused"]).inc();
                tracing::warn!(
                    key,
                    "a picture is missing, or its bucket refuses to show it: grant s3:GetObject; with s3:ListBucket it would say which"
                );
                Err(missing())
            }
        }
    }

    /// Whether the bucket's server answers; `None` if there is none.
    pub(crate) async fn probe(&self) -> Option<Result<(), String>> {
        let answer = self.urls.as_ref()?.presence(NO_OBJECT).await;
        // Who may not see a bucket's list is told the same of objects that are missing: that is an answer.
        Some(answer.map(drop).map_err(|error| chain(&error).to_string()))
    }
}

fn missing() -> Problem {
    let detail = "the picture is not stored: not yet, not any more, or it could not be made";
    Problem::new(StatusCode::NOT_FOUND, "picture_missing", detail)
}

fn unavailable(error: &BucketError) -> Problem {
    PICTURES.with_label_values(&["unavailable"]).inc();
    tracing::error!(error = %chain(error), "the store of pictures does not answer");
    let detail = "the store of pictures does not answer; try again";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "pictures_unavailable", detail).retry_after(Duration::from_secs(1))
}
