//! Signing in with identity providers (OpenID Connect, authorization code with PKCE;
//! [decision 60](../../../docs/decisions/0060-sign-in-with-providers.md)).

mod config;
mod pending;
mod provider;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use futures::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;
use vru_runtime::cameras::SealingKey;

pub use config::{ProviderConfig, SignInConfig};
use pending::Pending;
pub(crate) use pending::clear_cookie;
pub(crate) use provider::Account;
use provider::{Provider, Refused};

use crate::auth::is_same;
use crate::config::ApiConfig;
use crate::http::{Code, Problem};
use crate::metrics::SIGN_INS;
use crate::outbound::{Outbound, Reach};

/// Signs people in. Cloning it shares it.
#[derive(Clone)]
pub(crate) struct SignIn {
    providers: Arc<BTreeMap<String, Provider>>,
    /// Encrypts what a browser keeps meanwhile.
    key: Option<SealingKey>,
    outbound: Outbound,
    timeout: Duration,
    places: Arc<Semaphore>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignIn({:?})", self.providers.keys())
    }
}

/// What the provider sent along with the browser.
#[derive(Debug, Default)]
pub(crate) struct ProviderAnswer {
    pub(crate) state: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
    /// The issuer (RFC 9207).
    pub(crate) issuer: Option<String>,
}

/// Somebody who has signed in, and the invitation with which they came.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) account: Account,
    pub(crate) invitation: Option<String>,
}

impl SignIn {
    pub(crate) fn new(config: &ApiConfig) -> anyhow::Result<Self> {
        let section = &config.sign_in;
        let reach = Reach::new(&section.allowed_networks, "sign_in.allowed_networks");
        let address = config.http.address();
        let providers = section
            .providers
            .iter()
            .map(|provider| Provider::new(provider, &address).map(|made| (provider.id.clone(), made)));
        Ok(Self {
            providers: Arc::new(providers.collect::<anyhow::Result<_>>()?),
            key: config.cameras.sealing().map(|key| key.of_sign_ins()),
            outbound: Outbound::new(&section.ca, reach, section.timeout)?,
            timeout: section.timeout,
            places: Arc::new(Semaphore::new(section.concurrent)),
        })
    }

    /// Id and name of each provider.
    pub(crate) fn providers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.providers.values().map(|provider| (provider.config.id.as_str(), provider.config.label()))
    }

    /// The provider's `iss`.
    pub(crate) fn issuer(&self, id: &str) -> Result<&str, Problem> {
        self.provider(id).map(|provider| provider.config.issuer.as_str())
    }

    /// Its id, if it is configured.
    pub(crate) fn provider_of(&self, issuer: &str) -> Option<&str> {
        self.providers.values().find(|provider| provider.config.issuer == issuer).map(|known| known.config.id.as_str())
    }

    pub(crate) fn creates_users(&self, id: &str) -> Result<bool, Problem> {
        self.provider(id).map(|provider| provider.config.create_users)
    }

    /// Where the browser goes to sign in, and the cookie that it brings back.
    pub(crate) async fn begin(&self, id: &str, invitation: Option<String>) -> Result<(Url, HeaderValue), Problem> {
        let provider = self.provider(id)?;
        let key = self.key.as_ref().ok_or_else(Problem::internal)?;
        let _place = self.place()?;
        let begun = self.within(provider, Box::pin(provider.begin(&self.outbound))).await?;
        let pending = Pending::new(id, begun.state, begun.nonce, begun.verifier, invitation);
        let cookie = pending.cookie(key).ok_or_else(Problem::internal)?;
        Ok((begun.url, cookie))
    }

    /// Who has come back from the provider.
    pub(crate) async fn finish(
        &self,
        id: &str,
        headers: &HeaderMap,
        answer: ProviderAnswer,
    ) -> Result<SignedIn, Problem> {
        let provider = self.provider(id)?;
        let key = self.key.as_ref().ok_or_else(Problem::internal)?;
        let elsewhere = || {
            SIGN_INS.with_label_values(&["refused"]).inc();
            let detail = "this sign-in was begun in another browser, or too long ago: begin again";
            Problem::new(StatusCode::UNAUTHORIZED, Code::SignInExpired, detail)
        };
        let pending = Pending::of_request(headers, key, id, SystemTime::now()).ok_or_else(elsewhere)?;
        if !answer.state.is_some_and(|state| is_same(&pending.state, &state)) {
            return Err(elsewhere());
        }
        if answer.issuer.is_some_and(|issuer| issuer != provider.config.issuer) {
            return Err(failed(provider, "the answer comes from another issuer"));
        }
        if let Some(error) = answer.error {
            SIGN_INS.with_label_values(&["refused"]).inc();
            tracing::info!(provider = id, error, "the provider refused a sign-in");
            let detail = "the identity provider did not let you in, or you cancelled";
            return Err(Problem::new(StatusCode::FORBIDDEN, Code::SignInRefused, detail));
        }
        let code = answer.code.ok_or_else(|| failed(provider, "the answer has no code"))?;
        let _place = self.place()?;
        let account = provider.account(&self.outbound, code, pending.nonce, pending.verifier);
        let account = self.within(provider, Box::pin(account)).await?;
        Ok(SignedIn { account, invitation: pending.invitation })
    }

    fn provider(&self, id: &str) -> Result<&Provider, Problem> {
        self.providers.get(id).ok_or_else(|| Problem::not_found("identity provider"))
    }

    /// A slow provider holds up so many requests, and no log-in with a password.
    fn place(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.places.try_acquire().map_err(|_| {
            SIGN_INS.with_label_values(&["failed"]).inc();
            let detail = "too many people wait for identity providers; try again, or log in with your password";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::ProviderUnavailable, detail).retry_after(self.timeout)
        })
    }

    async fn within<T>(&self, provider: &Provider, asked: BoxFuture<'_, Result<T, Refused>>) -> Result<T, Problem> {
        let refused = match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(refused)) => refused,
            Err(_) => Refused::Provider(format!("no answer within {:?}", self.timeout)),
        };
        match refused {
            Refused::Answer(why) => Err(failed(provider, &why)),
            Refused::Provider(why) => {
                SIGN_INS.with_label_values(&["failed"]).inc();
                tracing::error!(provider = provider.config.id, why, "an identity provider cannot be used");
                let name = provider.config.label();
                let detail = format!(
                    "the identity provider {name} does not answer as it should, the log says why; try again, or log in with your password"
                );
                let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::ProviderUnavailable, detail);
                Err(problem.retry_after(Duration::from_secs(5)))
            }
        }
    }
}

fn failed(provider: &Provider, why: &str) -> Problem {
    SIGN_INS.with_label_values(&["refused"]).inc();
    tracing::warn!(provider = provider.config.id, why, "a sign-in was refused");
    let detail = "what the identity provider says cannot be accepted: begin again";
    Problem::new(StatusCode::UNAUTHORIZED, Code::SignInFailed, detail)
}
