//! Secrets that tests give to services. No log of a service may have one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use parking_lot::Mutex;

/// A shorter one is part of other words.
const SHORTEST: usize = 8;
/// How the last part of a configuration key ends that is a secret.
const KEYS: [&str; 5] = ["password", "secret", "secret_key", "secrets_key", "token"];

/// Secret → what it is. Cameras get theirs by Kafka, so that any service may read them.
static SHARED: LazyLock<Mutex<BTreeMap<String, String>>> = LazyLock::new(Mutex::default);

/// The log of no service that ends from now on may have the text.
pub fn share(secret: &str, what: &str) {
    if is_secret(secret) {
        SHARED.lock().insert(secret.to_owned(), what.to_owned());
    }
}

/// References, and texts that could be a part of something else, are none.
fn is_secret(text: &str) -> bool {
    text.len() >= SHORTEST && !["env:", "file:", "sealed:"].iter().any(|start| text.starts_with(start))
}

/// The secret in a setting: its value, or the password in its URL.
pub(super) fn of_setting(key: &str, value: &str) -> Option<String> {
    let secret = if KEYS.iter().any(|end| key.ends_with(end)) {
        value
    } else {
        let (_, rest) = value.split_once("://")?;
        let (login, _) = rest.split('/').next()?.rsplit_once('@')?;
        login.split_once(':')?.1
    };
    is_secret(secret).then(|| secret.to_owned())
}

/// What the log shows of these secrets and the shared ones. Never the secrets themselves.
pub(super) fn shown(log: &str, secrets: &BTreeMap<String, String>) -> Vec<String> {
    let shared = SHARED.lock();
    secrets
        .iter()
        .chain(shared.iter())
        .filter(|(secret, _)| log.contains(*secret))
        .map(|(_, what)| what.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_settings_are_found_and_references_and_short_ones_are_none() {
        let found = |key, value| of_setting(key, value);
        assert_eq!(found("s3.secret_key", "long enough"), Some("long enough".to_owned()));
        assert_eq!(found("alerts.jwt.secret", "long enough"), Some("long enough".to_owned()));
        assert_eq!(
            found("postgres.url", "postgres://vru:long-enough@127.0.0.1:5432/a"),
            Some("long-enough".to_owned())
        );
        for (key, value) in [
            ("kafka.sasl_password", "file:/etc/password"),
            ("kafka.sasl_password", "short"),
            ("postgres.url", "postgres://vru@127.0.0.1:5432/a"),
            ("s3.endpoint", "http://127.0.0.1:9000/a@b:c"),
            ("group", "long enough"),
        ] {
            assert_eq!(found(key, value), None, "{key}");
        }
    }

    #[test]
    fn a_log_with_a_secret_is_told_by_what_it_is() {
        let secrets = BTreeMap::from([("long enough".to_owned(), "s3.secret_key".to_owned())]);
        assert_eq!(shown("a line\nsecret=long enough\n", &secrets), ["s3.secret_key"]);
        assert_eq!(shown("a line\nsecret=***\n", &secrets), [""; 0]);
    }
}
