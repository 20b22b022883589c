//! Short-lived tokens of programs (JWT, EdDSA), which they get with client credentials, and the keys that sign them
//! ([decision 59](../../../docs/decisions/0059-tokens-of-programs.md)).

mod config;
mod keyring;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::body::Bytes;
use axum::http::StatusCode;
use vru_auth::policy::Scope;
use vru_auth::{AuthError, Grant, Identity, JwtConfig, JwtVerifier, Pace, TokenVerifier as _};
use vru_runtime::admin::ReadyFlag;
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;
use vru_storage::api_keys::ApiKey;
use vru_storage::audit::Actor;
use vru_storage::postgres::{Pool, PooledClient};

use config::API_AUDIENCE;
pub use config::TokensConfig;
use keyring::{Keyring, OwnKeys};
pub(crate) use keyring::{RotationError, Wanted};

use crate::config::ApiConfig;
use crate::http::{Code, Problem};

/// How old the keys of a replica are at most, unless the database does not answer.
const KEYS_FROM_DATABASE: Pace = Pace { every: Duration::from_secs(5), unknown_key: Duration::from_secs(1) };
/// Verifiers may keep the key set so long.
const LONGEST_CACHE: Duration = Duration::from_mins(5);

/// Signs and verifies tokens. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct Tokens {
    /// `None` without the key that encrypts signing keys.
    parts: Option<(Keyring, Arc<JwtVerifier>)>,
    config: TokensConfig,
    issuer: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.issuer)
    }
}

/// A token that was just made.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) lifetime: Duration,
}

impl Tokens {
    /// Makes the first key, and rotates and follows them until the stop.
    pub(crate) async fn start(config: &ApiConfig, database: &Pool, ready: ReadyFlag, shutdown: &Shutdown) -> Self {
        let issuer = config.tokens.issuer(config.http.address());
        let Some(sealing) = config.cameras.sealing() else {
            ready.ready();
            return Self { parts: None, config: config.tokens.clone(), issuer };
        };
        let keyring = Keyring::new(&sealing, &config.tokens);
        keyring.keep_once(database).await;
        // It is published from the first request on. If it cannot be read now, it will be.
        if let Err(error) = keyring.read(database).await {
            tracing::warn!(error = %chain(&error), "the keys for tokens cannot be read; trying again");
        }
        let stop = &shutdown.soft;
        shutdown.spawn_essential("the rotation of signing keys", keyring.clone().keep(database.clone(), stop.clone()));
        let rules = JwtConfig { issuer: issuer.clone(), audience: API_AUDIENCE.to_owned(), ..JwtConfig::default() };
        let own = OwnKeys { keyring: keyring.clone(), database: database.clone() };
        let verifier = JwtVerifier::of_source(&rules, Box::new(own), KEYS_FROM_DATABASE, ready, stop.clone());
        Self { parts: Some((keyring, Arc::new(verifier))), config: config.tokens.clone(), issuer }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether tokens can be signed at all.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        self.keyring().map(drop)
    }

    /// The public keys, and how long they may be kept.
    pub(crate) fn key_set(&self) -> (Bytes, Duration) {
        let none = || Bytes::from_static(br#"{"keys":[]}"#);
        let keys = self.parts.as_ref().map_or_else(none, |(keyring, _)| keyring.published());
        (keys, (self.config.publish_ahead / 2).min(LONGEST_CACHE))
    }

    /// A token for a client.
    pub(crate) async fn issue(
        &self,
        database: &PooledClient,
        client: &ApiKey,
        scopes: &[Scope],
    ) -> Result<Issued, Problem> {
        let Some(key) = self.keyring()?.signing(database).await? else { return Err(unavailable()) };
        let scope = scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(" ");
        // Who knows no sites must not accept what is good for one.
        let audience: &[&str] =
            if client.site_id.is_none() { &[API_AUDIENCE, &self.config.audience] } else { &[API_AUDIENCE] };
        let lifetime = self.config.lifetime;
        let grant = Grant { issuer: &self.issuer, audience, client: &client.id, scope: &scope, lifetime };
        let token = key.sign(grant).map_err(|error| {
            tracing::error!(error = %chain(&error), "a token cannot be signed");
            Problem::internal()
        })?;
        Ok(Issued { token, lifetime })
    }

    /// The client that the token identifies.
    pub(crate) async fn verify(&self, token: &str) -> Result<Identity, Problem> {
        let Some((_, verifier)) = &self.parts else { return Err(invalid()) };
        verifier.verify(token).await.map_err(|error| match error {
            AuthError::NoKeys => unavailable(),
            error => {
                tracing::debug!(error = %chain(&error), "a token was refused");
                invalid()
            }
        })
    }

    /// Makes a key that signs; `None` if there is one already that will.
    pub(crate) async fn rotate(
        &self,
        database: &mut PooledClient,
        wanted: Wanted,
        actor: &Actor,
    ) -> Result<Option<String>, Problem> {
        match self.keyring()?.rotate(database, wanted, actor).await {
            Ok(kid) => Ok(kid),
            Err(RotationError::Database(error)) => Err(error.into()),
            Err(error) => {
                tracing::error!(error = %chain(&error), "no signing key can be made");
                Err(Problem::internal())
            }
        }
    }

    fn keyring(&self) -> Result<&Keyring, Problem> {
        self.parts.as_ref().map(|(keyring, _)| keyring).ok_or_else(|| {
            let detail = "this service signs no tokens: its operator must set `cameras.secrets_key`";
            Problem::conflict(Code::NoSecretsKey, "", detail)
        })
    }
}

pub(crate) fn invalid() -> Problem {
    let detail = "the token is expired, of another issuer or audience, or signed with a key that is not known here";
    Problem::new(StatusCode::UNAUTHORIZED, Code::TokenInvalid, detail)
}

fn unavailable() -> Problem {
    let detail = "no key for tokens can be used now; the log says why";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::TokensUnavailable, detail).retry_after(Duration::from_secs(1))
}

/// The command: makes a key that signs when every verifier knows it, or at once.
pub async fn rotate_signing_key(config: &ApiConfig, at_once: bool) -> anyhow::Result<()> {
    let sealing = config.cameras.sealing().context("the setting cameras.secrets_key is empty")?;
    let section = &config.database;
    let pool = Pool::new(&section.connection, "vru-api", 1, section.pool_wait)?;
    let wanted = if at_once { Wanted::AtOnce } else { Wanted::Next };
    let keyring = Keyring::new(&sealing, &config.tokens);
    let made = keyring.rotate(&mut pool.get().await?, wanted, &Actor::default()).await?;
    anyhow::ensure!(made.is_some(), "the next key is published already, and signs soon");
    Ok(())
}
