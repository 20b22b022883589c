use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::secret::Secret;

/// A token that is typed or pasted must not be found by trying.
const MIN_TOKEN_BYTES: usize = 16;

/// Section `page`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageConfig {
    /// Address of the page (default `127.0.0.1:3000`). Any other than loopback needs `token` and `allow_plaintext`.
    pub listen: SocketAddr,
    /// The token to log in with, at least 16 bytes; may be `env:NAME` or `file:PATH`. Without it, everybody who reaches the page sees it,
    /// which is allowed on a loopback address only.
    pub token: Secret,
    /// The page speaks HTTP without TLS: whoever sees the traffic can log in. True accepts that on an address that is not loopback (default
    /// false). Better: leave the page on loopback, behind a proxy that ends TLS, and name the proxy in `hosts`.
    pub allow_plaintext: bool,
    /// Host names under which browsers open the page, beside `localhost` and IP addresses. Others are refused, so that a foreign site cannot
    /// read the page by giving its own name our address.
    pub hosts: Vec<String>,
}

impl Default for PageConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            token: Secret::default(),
            allow_plaintext: false,
            hosts: Vec::new(),
        }
    }
}

impl Validate for PageConfig {
    fn validate(&self, problems: &mut Problems) {
        let loopback = self.listen.ip().is_loopback();
        let length = self.token.expose().len();
        let how =
            "set it to a long random text, for example `openssl rand -hex 16`, in an environment variable or a file";
        if length == 0 {
            problems.require(
                loopback || length > 0,
                "token",
                format!(
                    "is empty, and a page without a log-in is allowed on loopback only, but `listen` is {}: {how}",
                    self.listen
                ),
            );
        } else {
            problems.require(
                length >= MIN_TOKEN_BYTES,
                "token",
                format!("has fewer than {MIN_TOKEN_BYTES} bytes: {how}"),
            );
        }
        problems.require(
            loopback || self.allow_plaintext,
            "allow_plaintext",
            format!(
                "is false, but `listen` is {} and the page has no TLS: leave it on loopback behind a proxy that ends TLS, or accept that \
                 the token can be read on the way with `allow_plaintext = true`",
                self.listen
            ),
        );
        for host in &self.hosts {
            let valid =
                !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
            problems.require(valid, "hosts", format!("`{host}` is not a host name; it has no port and no scheme"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_off_loopback_needs_a_token_and_the_consent_to_plaintext() {
        let open = SocketAddr::from(([0, 0, 0, 0], 3000));
        let token = || Secret::new("0123456789abcdef");
        let hosts = |host: &str| PageConfig { hosts: vec![host.to_owned()], ..PageConfig::default() };
        for (config, wanted) in [
            (PageConfig::default(), &[][..]),
            (PageConfig { token: token(), ..PageConfig::default() }, &[]),
            (PageConfig { listen: open, token: token(), allow_plaintext: true, ..PageConfig::default() }, &[]),
            (PageConfig { listen: open, ..PageConfig::default() }, &["token: is empty", "allow_plaintext"]),
            (PageConfig { listen: open, allow_plaintext: true, ..PageConfig::default() }, &["token: is empty"]),
            (PageConfig { listen: open, token: token(), ..PageConfig::default() }, &["allow_plaintext"]),
            (PageConfig { token: Secret::new("short"), ..PageConfig::default() }, &["fewer than 16"]),
            (hosts("cameras.example"), &[]),
            (hosts("https://cameras.example"), &["hosts"]),
            (hosts("*"), &["hosts"]),
        ] {
            let mut problems = Problems::default();
            config.validate(&mut problems);
            let found = problems.found().join("\n");
            assert_eq!(problems.found().len(), wanted.len(), "{found}");
            assert!(wanted.iter().all(|part| found.contains(part)), "{wanted:?}: {found}");
        }
    }
}
