use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{
    ConfigBag, Credentials, Intercept, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    RuntimeComponents, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::config::{BucketConfig, check_endpoint};

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
    settings = settings.interceptor(RefuseHttp { allow_http: config.allow_http });
    if other_server {
        // Many servers other than Amazon's do not support trailing checksums: they reject them or store them in the object.
        settings = settings
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    Client::from_conf(settings.build())
}

/// Refuses to send a request without TLS to another machine. The configuration is checked at the start, but the SDK also takes
/// endpoints from the environment and from its own files.
#[derive(Debug)]
struct RefuseHttp {
    allow_http: bool,
}

impl Intercept for RefuseHttp {
    fn name(&self) -> &'static str {
        "refuse http"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        check_endpoint(context.request().uri(), self.allow_http)
            .map_err(|problem| format!("the endpoint {problem}").into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;

    use vru_runtime::report::chain;
    use vru_runtime::secret::Secret;

    use super::super::Bucket;
    use super::*;

    /// As if the endpoint came from the environment, which the configuration's check does not see.
    #[tokio::test]
    async fn no_request_is_sent_without_tls_to_another_machine() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        // An address of this machine that is not a loopback address.
        let config = BucketConfig {
            endpoint: format!("http://0.0.0.0:{port}"),
            access_key: Secret::new("key"),
            secret_key: Secret::new("hunter2"),
            ..BucketConfig::default()
        };
        let error = Bucket::new(&config).await.check().await.unwrap_err();
        assert!(chain(&error).to_string().contains("allow_http"), "{}", chain(&error));
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}
