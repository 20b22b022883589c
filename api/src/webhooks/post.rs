//! One attempt to deliver.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::Webhooks;
use super::signature::Signed;
use crate::outbound::Failure;

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("vru-webhooks/", env!("CARGO_PKG_VERSION")));

impl Webhooks {
    /// The status with which the target accepted the request: 2xx. The rest of the answer is not read: the status says all.
    pub(crate) async fn post(&self, url: &str, signed: &Signed, body: String) -> Result<u16, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in signed.headers() {
            let value = HeaderValue::try_from(value);
            let value = value.map_err(|error| Failure::new("target", format!("no request can be made: {error}")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let answer = self.outbound.exchange(url, Method::POST, &headers, body, None).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(status.as_u16());
        }
        let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let text = if status.is_redirection() {
            format!("it answered {status}: redirects are not followed, set the address that it leads to")
        } else {
            format!("it answered {status}")
        };
        Err(Failure {
            status: Some(status.as_u16()),
            retry_after: retry_after.map(Duration::from_secs),
            ..Failure::new(if status == StatusCode::REQUEST_TIMEOUT { "timeout" } else { "status" }, text)
        })
    }
}
