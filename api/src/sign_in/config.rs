use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;
use vru_runtime::config::{Problems, Validate};
use vru_runtime::networks::Network;
use vru_runtime::secret::Secret;

/// Section `sign_in`: people sign in with identity providers (OpenID Connect). It needs `cameras.secrets_key`, with which the cookie of a
/// sign-in is encrypted.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInConfig {
    /// `[[sign_in.providers]]`, one for each (default none).
    pub providers: Vec<ProviderConfig>,
    /// Networks in which providers may be although they are not public, such as `10.1.0.0/16` (default none). Only within a loopback
    /// network that stands here may a provider be `http://`.
    pub allowed_networks: Vec<Network>,
    /// CA certificates (PEM) for the providers, instead of the system's (default: the system's). Read at the start.
    pub ca: PathBuf,
    /// Time limit for all that one request asks of a provider (default 10 s). It must be shorter than `http.timeout`.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How many requests wait for providers at once (default 16). More are refused, so that a slow provider keeps nobody else waiting.
    pub concurrent: usize,
    /// How long the link of an invitation is good (default 3 days).
    #[serde(with = "humantime_serde")]
    pub invitation: Duration,
}

impl Default for SignInConfig {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            allowed_networks: Vec::new(),
            ca: PathBuf::new(),
            timeout: Duration::from_secs(10),
            concurrent: 16,
            invitation: Duration::from_hours(3 * 24),
        }
    }
}

/// One provider. At the provider, register the redirect URI `ADDRESS/api/v1/sign-in/ID/callback`, where ADDRESS is the first of
/// `http.origins`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Names it in addresses: small letters, digits and `-`.
    pub id: String,
    /// As people see it (default: the id).
    #[serde(default)]
    pub name: String,
    /// Its address, exactly as its tokens say it in `iss`. Below it is `/.well-known/openid-configuration`.
    pub issuer: String,
    /// How it knows us.
    pub client_id: String,
    /// May be `env:NAME` or `file:PATH`. Empty (default): the provider knows us as a public client.
    #[serde(default)]
    pub client_secret: Secret,
    /// What else to ask for besides `openid`, such as `profile`, with which new users have a name to show (default none).
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether everybody who can sign in there becomes a user here, who may do nothing until somebody lets them (default false: only users
    /// whom an admin linked or invited).
    #[serde(default)]
    pub create_users: bool,
}

impl ProviderConfig {
    pub(super) fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

impl Validate for SignInConfig {
    fn validate(&self, problems: &mut Problems) {
        let (mut ids, mut issuers) = (BTreeSet::new(), BTreeSet::new());
        for (at, provider) in self.providers.iter().enumerate() {
            let key = |name: &str| format!("providers[{at}].{name}");
            let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let valid = (1..=40).contains(&provider.id.len()) && provider.id.bytes().all(letters);
            problems.require(valid, &key("id"), "is not 1 to 40 small letters, digits and `-`");
            problems.require(ids.insert(&provider.id), &key("id"), "is that of another provider too");
            problems.require(issuers.insert(&provider.issuer), &key("issuer"), "is that of another provider too");
            problems.require(provider.name.chars().count() <= 100, &key("name"), "has more than 100 characters");
            if let Err(problem) = check_issuer(&provider.issuer) {
                problems.at(&key("issuer"), problem);
            }
            problems.require(!provider.client_id.is_empty(), &key("client_id"), "is empty");
            let plain = provider
                .scopes
                .iter()
                .all(|scope| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic()));
            problems.require(plain, &key("scopes"), "has one that is empty, or has a space in it");
        }
        let limits = Duration::from_millis(100)..=Duration::from_mins(1);
        problems.require(limits.contains(&self.timeout), "timeout", "is not between 100ms and 1m");
        problems.require((1..=1000).contains(&self.concurrent), "concurrent", "is not between 1 and 1000");
        let limits = Duration::from_mins(1)..=Duration::from_hours(30 * 24);
        problems.require(limits.contains(&self.invitation), "invitation", "is not between 1m and 30d");
    }
}

fn check_issuer(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an address such as https://id.example.org")?;
    if !["https", "http"].contains(&url.scheme()) || url.host().is_none() {
        return Err("is not an address such as https://id.example.org");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("has more than a host and a path");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> ProviderConfig {
        ProviderConfig {
            id: "company".to_owned(),
            name: String::new(),
            issuer: "https://id.example.org/realm".to_owned(),
            client_id: "vru".to_owned(),
            client_secret: Secret::default(),
            scopes: Vec::new(),
            create_users: false,
        }
    }

    fn problems(providers: Vec<ProviderConfig>) -> String {
        let mut problems = Problems::default();
        SignInConfig { providers, ..SignInConfig::default() }.validate(&mut problems);
        problems.found().join("\n")
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        assert_eq!(problems(vec![provider()]), "");
        let twice = problems(vec![provider(), provider()]);
        assert!(twice.contains("providers[1].id") && twice.contains("providers[1].issuer"), "{twice}");
        for (changed, wanted) in [
            (ProviderConfig { id: "Company".to_owned(), ..provider() }, "providers[0].id"),
            (ProviderConfig { id: String::new(), ..provider() }, "providers[0].id"),
            (ProviderConfig { issuer: "id.example.org".to_owned(), ..provider() }, "providers[0].issuer"),
            (ProviderConfig { issuer: "https://id.example.org/?a".to_owned(), ..provider() }, "providers[0].issuer"),
            (ProviderConfig { issuer: "https://u:p@id.example.org".to_owned(), ..provider() }, "providers[0].issuer"),
            (ProviderConfig { client_id: String::new(), ..provider() }, "providers[0].client_id"),
            (ProviderConfig { scopes: vec!["a b".to_owned()], ..provider() }, "providers[0].scopes"),
        ] {
            let found = problems(vec![changed]);
            assert!(found.contains(wanted), "{wanted} is not in {found}");
        }
    }
}
