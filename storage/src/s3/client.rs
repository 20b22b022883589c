use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::config::BucketConfig;

/// A client for the bucket's server. It does not retry: the callers retry with jitter until shutdown.
pub async fn client(config: &BucketConfig) -> Client {
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(config.region.clone()))
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(config.timeout.min(Duration::from_secs(5)))
                .operation_attempt_timeout(config.timeout)
                .build(),
        );
    if !config.access_key.is_empty() {
        let (key, secret) = (config.access_key.expose(), config.secret_key.expose());
        loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "configuration"));
    }
    let other_server = !config.endpoint.is_empty();
    if other_server {
        loader = loader.endpoint_url(&config.endpoint);
    }
    let shared = loader.load().await;
    let mut settings =
        aws_sdk_s3::config::Builder::from(&shared).force_path_style(config.path_style.unwrap_or(other_server));
    if other_server {
        // Many servers other than Amazon's do not support trailing checksums: they reject them or store them in the object.
        settings = settings
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    Client::from_conf(settings.build())
}
