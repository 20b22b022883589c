//! Where the keys come from, and how a service follows them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};
use vru_runtime::watched_files::{Contents, ReadError, WatchedFiles};

use crate::fetch::Fetcher;
use crate::key::VerificationKey;
use crate::key_set::KeySet;
use crate::key_source::{DEADLINE, KeySource, Pace};
use crate::{JwtConfig, KeyError, jwks, metrics};

/// Tokens with unknown keys make us fetch the set of a URL at most this often: anybody can send such tokens.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(10);
/// A token with an unknown key waits so long for the next fetch.
const PATIENCE: Duration = Duration::from_secs(1);
/// After a failed fetch.
const RETRY: BackoffConfig = BackoffConfig { initial: Duration::from_secs(1), max: Duration::from_mins(1) };

/// The current keys, and a way to ask for newer ones. Clones share them.
#[derive(Clone)]
pub(crate) struct Keys {
    /// None until the first set was fetched.
    current: watch::Sender<Option<Arc<KeySet>>>,
    /// Only a [`KeySource`] can be asked.
    requests: Option<Arc<Requests>>,
}

/// Fetches that verifications ask for.
pub(crate) struct Requests {
    wanted: Notify,
    /// When the last fetch ended, and none while one is under way.
    last: watch::Sender<Option<Instant>>,
    pace: Pace,
}

impl Keys {
    fn new(requests: Option<Arc<Requests>>) -> Self {
        Self { current: watch::Sender::new(None), requests }
    }

    pub(crate) fn current(&self) -> Option<Arc<KeySet>> {
        self.current.borrow().clone()
    }

    fn replace(&self, keys: Vec<VerificationKey>) {
        self.current.send_modify(|current| {
            let before = current.take().unwrap_or_default();
            let now = before.refreshed(keys);
            metrics::refreshed(now.len());
            *current = Some(Arc::new(now));
        });
    }

    /// Asks for newer keys, because a token names one that is not known, and waits for them. Does not wait when they were fetched a
    /// moment ago and will not be for some seconds: the client may try again.
    pub(crate) async fn renew(&self) {
        let Some(requests) = &self.requests else { return };
        let mut last = requests.last.subscribe();
        let fetched = *last.borrow_and_update();
        requests.wanted.notify_one();
        if fetched.is_some_and(|at| at.elapsed() + PATIENCE < requests.pace.unknown_key) {
            return;
        }
        let fetched = last.wait_for(|at| at.is_some() && *at != fetched);
        // A fetch has a deadline itself. This one holds if the task has ended with the service.
        tokio::time::timeout(DEADLINE * 2, fetched).await.ok();
    }
}

/// Whether the configured file holds keys.
pub(crate) fn check_file(config: &JwtConfig) -> Result<(), KeyError> {
    let (path, parse) = file(config);
    parse_file(WatchedFiles::new([path]).contents(), path, parse).map(drop)
}

/// Loads the keys and starts a task that follows them. Keys from a file are there when this returns; `ready` becomes ready when there are
/// keys.
pub(crate) fn start(config: &JwtConfig, ready: ReadyFlag) -> Result<(Keys, Option<Following>), KeyError> {
    if !config.secret.is_empty() {
        let keys = Keys::new(None);
        keys.replace(vec![VerificationKey::from_secret(&config.secret)]);
        ready.ready();
        return Ok((keys, None));
    }
    if !config.jwks_url.is_empty() {
        let pace = Pace { every: config.jwks_refresh, unknown_key: UNKNOWN_KEY_INTERVAL };
        let (keys, following) = follow(Box::new(Fetcher::new(config)?), pace, ready);
        return Ok((keys, Some(following)));
    }
    let (path, parse) = file(config);
    let files = WatchedFiles::new([path]);
    let keys = Keys::new(None);
    keys.replace(parse_file(files.contents(), path, parse)?);
    ready.ready();
    let following = Following::File { files, path: path.to_owned(), parse, keys: keys.clone() };
    Ok((keys, Some(following)))
}

/// The keys of a source, which has none yet.
pub(crate) fn follow(source: Box<dyn KeySource>, pace: Pace, ready: ReadyFlag) -> (Keys, Following) {
    let requests = Arc::new(Requests { wanted: Notify::new(), last: watch::Sender::new(None), pace });
    let keys = Keys::new(Some(requests.clone()));
    ready.not_ready(format!("the keys for bearer tokens are not fetched yet from {}", source.place()));
    let following = Following::Source { source, requests, ready, keys: keys.clone() };
    (keys, following)
}

type Parse = fn(&[u8], &str) -> Result<Vec<VerificationKey>, KeyError>;

fn file(config: &JwtConfig) -> (&Path, Parse) {
    if config.jwks_file.as_os_str().is_empty() { (&config.public_key, pem) } else { (&config.jwks_file, jwks::parse) }
}

fn pem(text: &[u8], place: &str) -> Result<Vec<VerificationKey>, KeyError> {
    let key = VerificationKey::from_pem(text);
    Ok(vec![key.map_err(|reason| KeyError::Pem { place: place.to_owned(), reason })?])
}

fn parse_file(
    contents: &Result<Contents<1>, ReadError>,
    path: &Path,
    parse: Parse,
) -> Result<Vec<VerificationKey>, KeyError> {
    let [text] = contents.as_ref().map_err(Clone::clone)?;
    parse(text, &path.display().to_string())
}

/// What a task does to follow the keys.
pub(crate) enum Following {
    File { files: WatchedFiles<1>, path: std::path::PathBuf, parse: Parse, keys: Keys },
    Source { source: Box<dyn KeySource>, requests: Arc<Requests>, ready: ReadyFlag, keys: Keys },
}

impl Following {
    /// Never ends.
    pub(crate) async fn run(self) {
        match self {
            Self::File { files, path, parse, keys } => follow_file(files, &path, parse, &keys).await,
            Self::Source { source, requests, ready, keys } => follow_source(&*source, &requests, &ready, &keys).await,
        }
    }
}

async fn follow_file(mut files: WatchedFiles<1>, path: &Path, parse: Parse, keys: &Keys) {
    loop {
        match parse_file(files.changed().await, path, parse) {
            Ok(new) => {
                tracing::info!(file = %path.display(), keys = new.len(), "keys for bearer tokens reloaded");
                keys.replace(new);
            }
            Err(error) => refused(&error),
        }
    }
}

async fn follow_source(source: &dyn KeySource, requests: &Requests, ready: &ReadyFlag, keys: &Keys) {
    let Pace { every, unknown_key } = requests.pace;
    let mut backoff = Backoff::new(RETRY);
    loop {
        requests.last.send_replace(None);
        let fetched = source.fetch().await.and_then(|text| jwks::parse(&text, source.place()));
        let wait = match fetched {
            Ok(new) => {
                keys.replace(new);
                ready.ready();
                backoff.reset();
                // Services that started together do not fetch together.
                every.mul_f64(rand::rng().random_range(0.8..=1.0))
            }
            Err(error) => {
                refused(&error);
                if keys.current().is_none() {
                    ready.not_ready(chain(&error).to_string());
                }
                backoff.next_delay().min(every)
            }
        };
        let ended = Instant::now();
        requests.last.send_replace(Some(ended));
        tokio::select! {
            () = tokio::time::sleep_until(ended + wait) => {}
            () = requests.wanted.notified() => tokio::time::sleep_until(ended + unknown_key.min(wait)).await,
        }
    }
}

fn refused(error: &KeyError) {
    metrics::refresh_failed();
    tracing::error!(error = %chain(error), "keys for bearer tokens not refreshed, those of the last success stay in use");
}
