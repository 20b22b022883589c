//! The keys that sign tokens. All replicas share them by the database: each one publishes what stands there, and any of them may rotate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vru_auth::{KeyError, KeySource, SigningKey};
use vru_runtime::cameras::SealingKey;
use vru_runtime::report::chain;
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::postgres::{DatabaseError, Pool, PooledClient};
use vru_storage::signing_keys::{self, Due, NewSigningKey};

use super::config::{LONGEST_LIFETIME, TokensConfig};

/// The allowed difference of clocks is at most so much in every verifier.
const MOST_LEEWAY: Duration = Duration::from_mins(5);
/// Between two looks whether a rotation is due.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Makes, opens and publishes keys. Cloning it shares it.
#[derive(Debug, Clone)]
pub(super) struct Keyring {
    sealing: SealingKey,
    config: TokensConfig,
    /// The key set as it was read last.
    published: watch::Sender<Bytes>,
    /// The key that was used last, decrypted.
    opened: Arc<Mutex<Option<SigningKey>>>,
}

/// No key was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RotationError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Key(#[from] vru_auth::SigningError),
    #[error("the key cannot be encrypted")]
    Seal,
}

/// When a new key is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// By the schedule.
    IfDue,
    /// It signs when every verifier knows it.
    Next,
    /// It signs now, and the others are withdrawn.
    AtOnce,
}

impl Keyring {
    pub(super) fn new(sealing: &SealingKey, config: &TokensConfig) -> Self {
        let published = watch::Sender::new(Bytes::from_static(br#"{"keys":[]}"#));
        Self { sealing: sealing.of_signing_keys(), config: config.clone(), published, opened: Arc::default() }
    }

    /// The key set, as it was read some seconds ago at most.
    pub(super) fn published(&self) -> Bytes {
        self.published.borrow().clone()
    }

    /// The key that signs now; `None` if there is none that this service can decrypt.
    pub(super) async fn signing(&self, client: &PooledClient) -> Result<Option<SigningKey>, DatabaseError> {
        let Some((kid, sealed)) = signing_keys::signing(client).await? else { return Ok(None) };
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = opened.filter(|key| key.kid() == kid) {
            return Ok(Some(key));
        }
        let opened = self.sealing.open(&sealed);
        let why = opened.as_ref().err().map_or("is not a key".to_owned(), ToString::to_string);
        let key = opened.ok().and_then(|secret| SigningKey::from_secret(&secret).ok());
        let key = key.filter(|key| key.kid() == kid);
        if let Some(key) = &key {
            *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        } else {
            tracing::error!(
                kid,
                why,
                "no token can be signed: the signing key cannot be decrypted; set the key that it was encrypted with, or make a new one \
                 with `vru-api rotate-signing-key --at-once`"
            );
        }
        Ok(key)
    }

    /// Makes a key. Returns its `kid`; `None` if none is due, or if the next one is published already.
    pub(super) async fn rotate(
        &self,
        client: &mut PooledClient,
        wanted: Wanted,
        actor: &Actor,
    ) -> Result<Option<String>, RotationError> {
        let failed = DatabaseError::statement("rotate the signing key");
        let transaction = client.transaction().await.map_err(failed)?;
        signing_keys::lock(&transaction).await?;
        let TokensConfig { rotate_every, publish_ahead, .. } = self.config;
        let next_waits = || async {
            let keys = signing_keys::list(&transaction).await?;
            Ok::<_, DatabaseError>(keys.last().is_some_and(|newest| !newest.signs))
        };
        let ahead = match (wanted, signing_keys::due(&transaction, rotate_every, publish_ahead).await?) {
            (Wanted::IfDue, Due::NotYet) => return Ok(None),
            (Wanted::Next, Due::NotYet) if next_waits().await? => return Ok(None),
            (Wanted::AtOnce, _) | (_, Due::First) => Duration::ZERO,
            (Wanted::IfDue | Wanted::Next, Due::Next | Due::NotYet) => publish_ahead,
        };
        let (key, secret) = SigningKey::generate()?;
        let (public, sealed) = (key.public()?, self.sealing.seal(&secret).ok_or(RotationError::Seal)?);
        let new = NewSigningKey { kid: key.kid(), public: &public, sealed: &sealed, ahead };
        signing_keys::add(&transaction, new).await?;
        let withdrawn = match wanted {
            Wanted::AtOnce => signing_keys::delete_others(&transaction, key.kid()).await?,
            Wanted::IfDue | Wanted::Next => Vec::new(),
        };
        let details = json!({ "signs_after_seconds": ahead.as_secs(), "withdrawn": withdrawn });
        let entry = Entry { action: "signing_key.create", site_id: "", object: key.kid(), details };
        audit::record(&transaction, actor, entry).await?;
        transaction.commit().await.map_err(failed)?;
        tracing::info!(kid = key.kid(), ?ahead, ?withdrawn, "a signing key was made");
        Ok(Some(key.kid().to_owned()))
    }

    /// Rotates by the schedule, and deletes what is dead, until the stop.
    pub(super) async fn keep(self, database: Pool, stop: CancellationToken) {
        let pause = (self.config.publish_ahead / 4).min(LONGEST_PAUSE);
        while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
            self.keep_once(&database).await;
        }
    }

    pub(super) async fn keep_once(&self, database: &Pool) {
        let kept = async {
            let mut client = database.get().await?;
            signing_keys::delete_dead(&client, LONGEST_LIFETIME + MOST_LEEWAY).await?;
            // Most of the time nothing is due: that needs no lock.
            match signing_keys::due(&client, self.config.rotate_every, self.config.publish_ahead).await? {
                Due::NotYet => Ok(None),
                Due::First | Due::Next => self.rotate(&mut client, Wanted::IfDue, &Actor::default()).await,
            }
        };
        if let Err(error) = kept.await {
            tracing::error!(error = %chain(&error), "signing keys cannot be rotated; trying again");
        }
    }

    /// What is published from now on.
    pub(super) async fn read(&self, database: &Pool) -> Result<Bytes, DatabaseError> {
        let keys = signing_keys::list(&database.get().await?).await?;
        let public: Vec<_> = keys.into_iter().map(|key| key.public).collect();
        let text = Bytes::from(json!({ "keys": public }).to_string());
        self.published.send_replace(text.clone());
        Ok(text)
    }
}

/// The keys for those who verify tokens in this process.
pub(super) struct OwnKeys {
    pub(super) keyring: Keyring,
    pub(super) database: Pool,
}

impl KeySource for OwnKeys {
    fn place(&self) -> &'static str {
        "the database"
    }

    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, KeyError>> {
        let failed =
            |error: DatabaseError| KeyError::Fetch { url: self.place().to_owned(), reason: chain(&error).to_string() };
        Box::pin(async move { self.keyring.read(&self.database).await.map_err(failed) })
    }
}
