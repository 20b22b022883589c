//! One provider: where its endpoints and keys are, and what it says about somebody. Every answer is checked by the library; which hosts are
//! reached, for how long and for how many bytes, is ours.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, SignatureVerificationError, TokenResponse as _,
};
use tokio::time::Instant;
use url::Url;
use vru_runtime::report::chain;

use super::config::ProviderConfig;
use crate::outbound::{Failure, Outbound};

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The largest answer: key sets of large providers have some ten kilobytes.
const MOST_BYTES: usize = 512 * 1024;
/// How long endpoints and keys are kept.
const FRESH: Duration = Duration::from_mins(5);
/// A token with an unknown key brings about a look at the keys if the last one is as old as this.
const STALE: Duration = Duration::from_secs(10);
/// With keys that only the provider has. A shared secret would let everybody who knows it write tokens.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

pub(super) struct Provider {
    pub(super) config: ProviderConfig,
    redirect: RedirectUrl,
    known: Mutex<Option<(Instant, CoreProviderMetadata)>>,
}

/// Where the browser goes, and what must come back.
pub(super) struct Begun {
    pub(super) url: Url,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// Somebody as the provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// For people; nothing is decided by it.
    pub(crate) name: String,
}

/// Why nobody is signed in. The texts are for the log.
#[derive(Debug)]
pub(super) enum Refused {
    /// The provider does not answer, or not as the standard says.
    Provider(String),
    /// What came with the browser, or the token that the provider gave for it, is not good.
    Answer(String),
}

impl Provider {
    /// `address`: of the API.
    pub(super) fn new(config: &ProviderConfig, address: &str) -> anyhow::Result<Self> {
        let redirect = RedirectUrl::new(format!("{address}/api/v1/sign-in/{}/callback", config.id))?;
        Ok(Self { config: config.clone(), redirect, known: Mutex::new(None) })
    }

    pub(super) async fn begin(&self, outbound: &Outbound) -> Result<Begun, Refused> {
        let client = self.client(self.metadata(outbound, FRESH).await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        let (url, state, nonce) = request.url();
        Ok(Begun { url, state: state.into_secret(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() })
    }

    /// Who has signed in, for the code that the provider gave to the browser.
    pub(super) async fn account(
        &self,
        outbound: &Outbound,
        code: String,
        nonce: String,
        verifier: String,
    ) -> Result<Account, Refused> {
        let client = self.client(self.metadata(outbound, FRESH).await?);
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| provider(&error))?;
        let answer = request
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&Http(outbound.clone()))
            .await
            .map_err(|error| match &error {
                openidconnect::RequestTokenError::ServerResponse(_) => Refused::Answer(chain(&error).to_string()),
                _ => provider(&error),
            })?;
        let token = answer.id_token().ok_or_else(|| Refused::Provider("it gave no ID token".to_owned()))?;
        let nonce = Nonce::new(nonce);
        let claims = match token.claims(&client.id_token_verifier().set_allowed_algs(ALGORITHMS), &nonce) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                // The provider may have a new key.
                let newer = self.client(self.metadata(outbound, STALE).await?);
                let verifier = newer.id_token_verifier().set_allowed_algs(ALGORITHMS);
                token.claims(&verifier, &nonce).cloned()
            }
            claims => claims.cloned(),
        };
        let claims = claims.map_err(|error| Refused::Answer(chain(&error).to_string()))?;
        let subject = claims.subject().as_str();
        // As the standard bounds it; PostgreSQL refuses zero bytes.
        if !(1..=255).contains(&subject.len()) || subject.contains('\0') {
            return Err(Refused::Answer("its `sub` is empty, too long, or has a zero byte".to_owned()));
        }
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
        let name = name.or(claims.preferred_username().map(|name| name.as_str())).unwrap_or_default();
        Ok(Account {
            issuer: self.config.issuer.clone(),
            subject: subject.to_owned(),
            name: name.chars().filter(|letter| !letter.is_control()).take(200).collect(),
        })
    }

    /// Endpoints and keys, which are not older than that.
    async fn metadata(&self, outbound: &Outbound, fresh: Duration) -> Result<CoreProviderMetadata, Refused> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, metadata)) = known
            && at.elapsed() < fresh
        {
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(|error| provider(&error))?;
        let found = CoreProviderMetadata::discover_async(issuer, &Http(outbound.clone())).await;
        let metadata = found.map_err(|error| provider(&error))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    fn client(&self, metadata: CoreProviderMetadata) -> Client {
        let methods = metadata.token_endpoint_auth_methods_supported();
        let basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret = &self.config.client_secret;
        let secret = (!secret.is_empty()).then(|| ClientSecret::new(secret.expose().to_owned()));
        CoreClient::from_provider_metadata(metadata, ClientId::new(self.config.client_id.clone()), secret)
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(if basic { AuthType::BasicAuth } else { AuthType::RequestBody })
    }
}

fn provider(error: &(dyn Error + 'static)) -> Refused {
    Refused::Provider(chain(error).to_string())
}

/// What the library asks the provider with.
struct Http(Outbound);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Failure;
    type Future = BoxFuture<'c, Result<HttpResponse, Failure>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let url = head.uri.to_string();
            let answer = self.0.exchange(&url, head.method, &head.headers, body, Some(MOST_BYTES)).await?;
            Ok(answer.map(Vec::from))
        })
    }
}
