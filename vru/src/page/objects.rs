//! Pictures of alerts from the object store.

use bytes::Bytes;
use vru_runtime::report::chain;
use vru_sink::s3::S3Config;

/// Reads objects.
#[derive(Debug, Clone)]
pub struct Objects {
    client: aws_sdk_s3::Client,
    bucket: String,
    prefix: String,
}

impl Objects {
    /// Of the store that the sink writes to.
    pub async fn new(config: &S3Config) -> Self {
        let http = aws_smithy_http_client::Builder::new();
        let rustls = aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        );
        let mut loader = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region(aws_sdk_s3::config::Region::new(config.region.clone()))
            .http_client(http.tls_provider(rustls).build_https());
        if !config.access_key.is_empty() {
            let (access, secret) = (config.access_key.expose(), config.secret_key.expose());
            loader = loader.credentials_provider(aws_sdk_s3::config::Credentials::new(
                access,
                secret,
                None,
                None,
                "configuration",
            ));
        }
        let shared = loader.load().await;
        let path_style = config.path_style.unwrap_or(!config.endpoint.is_empty());
        let mut settings = aws_sdk_s3::config::Builder::from(&shared).force_path_style(path_style);
        if !config.endpoint.is_empty() {
            settings = settings.endpoint_url(&config.endpoint);
        }
        let client = aws_sdk_s3::Client::from_conf(settings.build());
        Self { client, bucket: config.bucket.clone(), prefix: config.prefix.clone() }
    }

    /// An object whole; none where there is none (yet).
    pub async fn get(&self, key: &str) -> Option<Bytes> {
        let key = format!("{}{key}", self.prefix);
        let sent = self.client.get_object().bucket(&self.bucket).key(&key).send().await;
        let object = sent.inspect_err(|error| tracing::debug!(key, error = %chain(error), "no such object")).ok()?;
        let read = object.body.collect().await;
        read.inspect_err(|error| tracing::debug!(key, error = %chain(error), "an object was cut"))
            .ok()
            .map(aws_sdk_s3::primitives::AggregatedBytes::into_bytes)
    }
}
