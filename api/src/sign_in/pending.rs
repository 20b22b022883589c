//! A sign-in that has begun: what must come back with the answer of the provider. It travels in a cookie of the browser, encrypted, so that
//! every replica can go on with it, and nobody makes us keep anything by beginning.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use vru_runtime::cameras::SealingKey;
use vru_runtime::secret::Secret;

use crate::auth::cookies_named;

/// Its name makes browsers refuse it unless it is sent over TLS (or from this machine), for this host only.
const COOKIE: &str = "__Host-vru_sign_in";
/// Lax, because the provider's page leads the browser back here.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";
/// In which somebody logs in at the provider.
const LIFETIME: Duration = Duration::from_mins(10);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending {
    pub(super) provider: String,
    pub(super) state: String,
    pub(super) nonce: String,
    /// Of PKCE.
    pub(super) verifier: String,
    /// The token of the link with which it began.
    pub(super) invitation: Option<String>,
    /// Seconds since the Unix epoch.
    begun: u64,
}

impl Pending {
    pub(super) fn new(
        provider: &str,
        state: String,
        nonce: String,
        verifier: String,
        invitation: Option<String>,
    ) -> Self {
        Self { provider: provider.to_owned(), state, nonce, verifier, invitation, begun: seconds(SystemTime::now()) }
    }

    /// The cookie. `None` if it cannot be encrypted.
    pub(super) fn cookie(&self, key: &SealingKey) -> Option<HeaderValue> {
        let text = serde_json::to_string(self).ok()?;
        let sealed = key.seal(&Secret::new(text))?;
        HeaderValue::try_from(format!("{COOKIE}={sealed}; Max-Age={}; {ATTRIBUTES}", LIFETIME.as_secs())).ok()
    }

    /// What a request brings back to that provider; `None` if it has no cookie, several, one that was changed, or one that is too old.
    pub(super) fn of_request(headers: &HeaderMap, key: &SealingKey, provider: &str, now: SystemTime) -> Option<Self> {
        let mut cookies = cookies_named(headers, COOKIE);
        let (Some(sealed), None) = (cookies.next(), cookies.next()) else { return None };
        let pending: Self = serde_json::from_str(key.open(sealed).ok()?.expose()).ok()?;
        let young = seconds(now) <= pending.begun.saturating_add(LIFETIME.as_secs());
        (young && pending.provider == provider).then_some(pending)
    }
}

pub(crate) fn clear_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-vru_sign_in=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax")
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    fn key(digit: &str) -> SealingKey {
        SealingKey::parse(&Secret::new(digit.repeat(64))).unwrap().of_sign_ins()
    }

    fn headers(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|cookie| (header::COOKIE, cookie.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_unchanged_cookie_of_the_provider_brings_it_back_and_only_for_a_while() {
        let text = |text: &str| text.to_owned();
        let pending = Pending::new("company", text("s"), text("n"), text("v"), Some(text("i")));
        let cookie = pending.cookie(&key("a")).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.ends_with("; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        let now = SystemTime::now();
        let read = |cookies: &[&str], digit: &str, provider: &str, now| {
            Pending::of_request(&headers(cookies), &key(digit), provider, now).map(|pending| pending.state)
        };
        assert_eq!(read(&["other=1", cookie], "a", "company", now), Some(text("s")));
        assert_eq!(read(&[cookie], "a", "company", now + Duration::from_mins(9)), Some(text("s")));
        assert_eq!(read(&[cookie], "a", "company", now + Duration::from_mins(11)), None);
        assert_eq!(read(&[cookie], "a", "other", now), None);
        assert_eq!(read(&[cookie], "b", "company", now), None);
        assert_eq!(read(&[cookie, cookie], "a", "company", now), None);
        assert_eq!(read(&[], "a", "company", now), None);
        let last = if cookie.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{last}", &cookie[..cookie.len() - 1]);
        assert_eq!(read(&[&changed], "a", "company", now), None);
        let of_camera = SealingKey::parse(&Secret::new("a".repeat(64))).unwrap().seal(&Secret::new("{}")).unwrap();
        assert_eq!(read(&[&format!("{COOKIE}={of_camera}")], "a", "company", now), None);
    }
}
