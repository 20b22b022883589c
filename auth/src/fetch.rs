//! Fetches the key set of an identity provider.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode, Uri, header};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use vru_runtime::report::chain;
use vru_runtime::tls::roots;

use crate::config::parse_url;
use crate::key_source::{DEADLINE, KeySource};
use crate::{JwtConfig, KeyError};

/// The sets of large providers have some ten kilobytes.
const MAX_BYTES: usize = 512 * 1024;

pub(crate) struct Fetcher {
    url: String,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Fetcher {
    pub(crate) fn new(config: &JwtConfig) -> Result<Self, KeyError> {
        let url = config.jwks_url.clone();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| KeyError::Fetch { url: url.clone(), reason: error.to_string() })?
            .with_root_certificates(roots(&config.jwks_ca)?)
            .with_no_client_auth();
        let connector =
            hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        // A connection would be idle for minutes: a new one for each fetch is simpler than one that may have died.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { url, client })
    }

    async fn answer(&self) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
        let uri: Uri = parse_url(&self.url)?.as_str().parse()?;
        let request = Request::get(uri).header(header::ACCEPT, "application/json").body(Empty::new())?;
        let response = self.client.request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered {}", response.status()).into());
        }
        Ok(Limited::new(response.into_body(), MAX_BYTES).collect().await?.to_bytes())
    }
}

impl KeySource for Fetcher {
    fn place(&self) -> &str {
        &self.url
    }

    /// A redirect is an error: the configured URL decides who is trusted.
    fn fetch(&self) -> BoxFuture<'_, Result<Bytes, KeyError>> {
        let fail = |reason: String| KeyError::Fetch { url: self.url.clone(), reason };
        Box::pin(async move {
            match tokio::time::timeout(DEADLINE, self.answer()).await {
                Ok(answer) => answer.map_err(|error| fail(chain(&*error).to_string())),
                Err(_) => Err(fail(format!("no complete answer within {} s", DEADLINE.as_secs()))),
            }
        })
    }
}

/// Whether the configured CA certificates can be used.
pub(crate) fn check_ca(config: &JwtConfig) -> Result<(), KeyError> {
    if !config.jwks_ca.as_os_str().is_empty() {
        roots(&config.jwks_ca)?;
    }
    Ok(())
}
