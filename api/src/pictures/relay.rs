//! Pictures that this service passes on. An address is a path of the API with an end and a signature. It opens one object, for the one who
//! asked for it, at the site where they asked.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use url::form_urlencoded;
use utoipa::IntoParams;
use vru_runtime::cameras::SealingKey;
use vru_runtime::report::chain;
use vru_storage::s3::{Bucket, BucketConfig, BucketError, OpenObject, Opened};

use super::{missing, refused, unavailable};
use crate::http::{Code, Problem};
use crate::metrics::PICTURES;

/// Pictures and videos that are passed on at once; each is a connection to the bucket's server.
const MOST_AT_ONCE: usize = 256;
/// How long a client may take nothing. A player that is paused asks again for where it stopped.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pieces that are read ahead of the client.
const AHEAD: usize = 2;

/// Who asked for an address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) site_id: Option<&'a str>,
    /// The person or the key.
    pub(crate) subject: &'a str,
}

/// The parameters of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayedAddress {
    key: String,
    /// Seconds since 1970.
    expires: u64,
    signature: String,
}

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(super) struct Relay {
    bucket: Bucket,
    signing: SealingKey,
    places: Arc<Semaphore>,
    /// How long the bucket's server may send nothing.
    timeout: Duration,
}

impl Relay {
    pub(super) async fn new(bucket: &BucketConfig, signing: SealingKey) -> Self {
        let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
        Self { bucket: Bucket::new(bucket).await, signing, places, timeout: bucket.timeout }
    }

    /// A path, with everything that it needs but the log-in or key of the reader.
    pub(super) fn address(&self, reader: Reader<'_>, key: &str, expires_at: SystemTime) -> String {
        let expires = seconds(expires_at);
        let signature = self.signing.sign_address(&signed_text(reader, key, expires));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("key", key).append_pair("expires", &expires.to_string()).append_pair("signature", &signature);
        let place = reader.site_id.map(|site| format!("/sites/{site}")).unwrap_or_default();
        format!("/api/v1{place}/object?{}", query.finish())
    }

    pub(super) async fn answer(
        &self,
        reader: Reader<'_>,
        address: &RelayedAddress,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let RelayedAddress { key, expires, signature } = address;
        if !self.signing.has_signed_address(&signed_text(reader, key, *expires), signature) {
            let detail = "the address is not one that this service gave to you: ask for the picture again";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::AddressRefused, detail));
        }
        if seconds(SystemTime::now()) >= *expires {
            let detail = "the address was good until `expires`: ask for the picture again";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::AddressExpired, detail).at("expires"));
        }
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            let detail = "too many pictures are sent at once; try again";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::Overloaded, detail)
                .retry_after(Duration::from_secs(1)));
        };
        let object = match self.bucket.open(key, range(headers)).await.map_err(|error| unavailable(&error))? {
            Opened::Object(object) => *object,
            Opened::Missing => return Err(missing()),
            Opened::Refused => return Err(refused(key)),
            Opened::NoSuchRange => {
                let detail = "the picture ends before the range begins";
                return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, Code::NoSuchRange, detail).at("range"));
            }
        };
        PICTURES.with_label_values(&["relayed"]).inc();
        let answer = head(key, &object)?;
        let (to_client, pieces) = mpsc::channel(AHEAD);
        let read_within = self.timeout;
        tokio::spawn(async move {
            pass_on(object, &to_client, read_within).await;
            drop(place);
        });
        Ok(answer.map(|()| Body::from_stream(ReceiverStream::new(pieces))))
    }
}

/// Until the end, or until one of both sides is too slow. The client then sees a body that is shorter than announced.
async fn pass_on(mut object: OpenObject, to_client: &mpsc::Sender<Result<Bytes, BucketError>>, read_within: Duration) {
    loop {
        let piece = match timeout(read_within, object.next()).await {
            Ok(Some(piece)) => piece,
            Ok(None) => return,
            Err(_) => {
                tracing::warn!("the store of pictures stopped sending one");
                return;
            }
        };
        if let Err(error) = &piece {
            tracing::warn!(error = %chain(error), "the store of pictures broke off while it sent one");
        }
        let ends = piece.is_err();
        if !matches!(timeout(PATIENCE, to_client.send(piece)).await, Ok(Ok(()))) || ends {
            return;
        }
    }
}

/// The answer without its body. What is neither a picture nor a video is only for saving, so that nothing that somebody uploaded is
/// ever a page of ours.
fn head(key: &str, object: &OpenObject) -> Result<Response<()>, Problem> {
    let shown = ["image/", "video/"].iter().any(|kind| object.content_type.starts_with(kind));
    let shown = shown && !object.content_type.contains("svg");
    let kind = if shown { object.content_type.as_str() } else { "application/octet-stream" };
    let (status, range) = match &object.content_range {
        Some(range) => (StatusCode::PARTIAL_CONTENT, Some(range.clone())),
        None => (StatusCode::OK, None),
    };
    let name = key.rsplit('/').next().unwrap_or_default();
    let saved = (!shown).then(|| format!("attachment; filename=\"{name}\""));
    let mut answer = Response::builder().status(status);
    let headers: [(HeaderName, Option<&str>); 8] = [
        (header::CONTENT_TYPE, Some(kind)),
        (header::CONTENT_RANGE, range.as_deref()),
        (header::CONTENT_DISPOSITION, saved.as_deref()),
        (header::ACCEPT_RANGES, Some("bytes")),
        (header::CACHE_CONTROL, Some("private, no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, Some("nosniff")),
        (header::CONTENT_SECURITY_POLICY, Some("default-src 'none'; img-src 'self'; media-src 'self'; sandbox")),
        (HeaderName::from_static("cross-origin-resource-policy"), Some("same-origin")),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            answer = answer.header(name, HeaderValue::from_str(value).map_err(|_| Problem::internal())?);
        }
    }
    answer.header(header::CONTENT_LENGTH, object.length).body(()).map_err(|_| Problem::internal())
}

/// One range of bytes. Several, other units, and ranges of another version of the object are answered with the whole, as HTTP allows.
fn range(headers: &HeaderMap) -> Option<&str> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let is_number = |text: &str| text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    let one = is_number(from) && is_number(to) && !(from.is_empty() && to.is_empty());
    (one && !headers.contains_key(header::IF_RANGE)).then_some(range)
}

/// No part of it can be read as belonging to another.
fn signed_text(Reader { site_id, subject }: Reader<'_>, key: &str, expires: u64) -> String {
    format!("{}\n{subject}\n{expires}\n{key}", site_id.unwrap_or_default())
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_range_of_bytes_is_asked_of_the_store() {
        let of = |pairs: &[(HeaderName, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
            range(&headers).map(str::to_owned)
        };
        for asked in ["bytes=0-", "bytes=5-9", "bytes=-3"] {
            assert_eq!(of(&[(header::RANGE, asked)]).as_deref(), Some(asked));
            assert_eq!(of(&[(header::RANGE, asked), (header::IF_RANGE, "\"a\"")]), None);
        }
        for asked in ["bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=1", "bytes=0-9999999999999999999"] {
            assert_eq!(of(&[(header::RANGE, asked)]), None, "{asked}");
        }
        assert_eq!(of(&[]), None);
    }
}
