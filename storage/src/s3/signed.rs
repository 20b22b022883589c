//! Addresses of objects that are good for a while, for readers who have no credentials.

use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;

use super::client::client;
use super::config::BucketConfig;
use super::error::BucketError;

/// Makes addresses. Keys are relative to the configured prefix.
#[derive(Debug, Clone)]
pub struct SignedUrls {
    /// Asks the server.
    client: Client,
    /// Signs for the endpoint as readers reach it, and sends nothing.
    signer: Client,
    name: String,
    prefix: String,
}

/// What the server says about an object. It needs the permission to read it (`s3:GetObject`) and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    Present,
    Missing,
    /// The server says nothing about it. Amazon's says so of a missing object to who may not list the bucket.
    Refused,
}

impl SignedUrls {
    /// Makes no request. `public_endpoint` is the endpoint as readers reach it; empty: that of the configuration.
    pub async fn new(config: &BucketConfig, public_endpoint: &str) -> Self {
        let mut public = config.clone();
        if !public_endpoint.is_empty() {
            public_endpoint.clone_into(&mut public.endpoint);
        }
        Self {
            client: client(config).await,
            signer: client(&public).await,
            name: config.bucket.clone(),
            prefix: config.prefix.clone(),
        }
    }

    pub async fn presence(&self, key: &str) -> Result<Presence, BucketError> {
        let key = format!("{}{key}", self.prefix);
        let Err(error) = self.client.head_object().bucket(&self.name).key(&key).send().await else {
            return Ok(Presence::Present);
        };
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(404) => Ok(Presence::Missing),
            Some(403) => Ok(Presence::Refused),
            _ => Err(self.failure("look for", &key, error)),
        }
    }

    /// The address with which everybody can read the object for that long.
    pub async fn url(&self, key: &str, lifetime: Duration) -> Result<String, BucketError> {
        let key = format!("{}{key}", self.prefix);
        let expiry = PresigningConfig::expires_in(lifetime).map_err(|error| self.failure("sign", &key, error))?;
        let request = self.signer.get_object().bucket(&self.name).key(&key).presigned(expiry).await;
        request.map(|request| request.uri().to_owned()).map_err(|error| self.failure("sign", &key, error))
    }

    fn failure(&self, operation: &'static str, key: &str, source: impl Error + Send + Sync + 'static) -> BucketError {
        BucketError { operation, bucket: self.name.clone(), key: key.to_owned(), source: Box::new(source) }
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::secret::Secret;

    use super::*;

    fn config(endpoint: &str) -> BucketConfig {
        BucketConfig {
            endpoint: endpoint.to_owned(),
            prefix: "roads/".to_owned(),
            access_key: Secret::new("key"),
            secret_key: Secret::new("hunter2"),
            ..BucketConfig::default()
        }
    }

    #[tokio::test]
    async fn an_address_is_that_of_the_endpoint_as_readers_reach_it_and_needs_no_header() {
        for (endpoint, public, host) in [
            ("", "", "https://vru.s3.us-east-1.amazonaws.com/roads/a.jpg?"),
            ("http://127.0.0.1:9000", "", "http://127.0.0.1:9000/vru/roads/a.jpg?"),
            ("http://127.0.0.1:9000", "https://pictures.example.org", "https://pictures.example.org/vru/roads/a.jpg?"),
        ] {
            let urls = SignedUrls::new(&config(endpoint), public).await;
            let url = urls.url("a.jpg", Duration::from_secs(90)).await.unwrap();
            assert!(url.starts_with(host), "{url}");
            assert!(url.contains("X-Amz-Expires=90") && url.contains("X-Amz-SignedHeaders=host&"), "{url}");
            assert!(!url.contains("hunter2") && !url.contains("checksum"), "{url}");
        }
    }
}
