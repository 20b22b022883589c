//! Secrets as the API stores and publishes them: encrypted with a key that only it and ingest have, so that neither the database nor the
//! topic shows them.

use std::fmt;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::config::Problems;
use crate::secret::Secret;

/// What a sealed secret begins with.
pub(super) const PREFIX: &str = "sealed:";
const KEY_BYTES: usize = 32;

/// Encrypts secrets, and decrypts them.
#[derive(Clone)]
pub struct SealingKey {
    key: Arc<LessSafeKey>,
    purpose: Purpose,
}

/// A ciphertext of one purpose is none of another, although the key is the same.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Camera,
    Webhook,
    SigningKey,
    SignIn,
}

impl Purpose {
    fn aad(self) -> Aad<&'static [u8]> {
        Aad::from(match self {
            Self::Camera => b"vru camera secret 1",
            Self::Webhook => b"vru webhook secret 1",
            Self::SigningKey => b"vru signing key 1",
            Self::SignIn => b"vru sign-in 1",
        })
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(***)")
    }
}

impl SealingKey {
    /// For secrets of cameras, from 64 hexadecimal digits.
    pub fn parse(text: &Secret) -> Result<Self, &'static str> {
        let bytes = hex::decode(text.expose()).unwrap_or_default();
        if bytes.len() != KEY_BYTES {
            return Err("is not a key: write 64 hexadecimal digits, such as `openssl rand -hex 32` makes");
        }
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| "cannot be used as a key")?;
        Ok(Self { key: Arc::new(LessSafeKey::new(key)), purpose: Purpose::Camera })
    }

    /// The same key for secrets of webhooks.
    #[must_use]
    pub fn of_webhooks(&self) -> Self {
        Self { key: self.key.clone(), purpose: Purpose::Webhook }
    }

    /// The same key for the keys that sign tokens.
    #[must_use]
    pub fn of_signing_keys(&self) -> Self {
        Self { key: self.key.clone(), purpose: Purpose::SigningKey }
    }

    /// The same key for what a browser keeps while somebody signs in.
    #[must_use]
    pub fn of_sign_ins(&self) -> Self {
        Self { key: self.key.clone(), purpose: Purpose::SignIn }
    }

    /// The key of a setting, `None` if it is empty. For `Validate`, which reports what is wrong with it.
    pub fn check(text: &Secret, name: &str, problems: &mut Problems) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        match Self::parse(text) {
            Ok(key) => Some(key),
            Err(problem) => {
                problems.at(name, problem.to_owned());
                None
            }
        }
    }

    /// `sealed:…`; another text each time. `None` if the cipher refuses, as for texts of gigabytes.
    pub fn seal(&self, secret: &Secret) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut text = secret.expose().as_bytes().to_vec();
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), self.purpose.aad(), &mut text).ok()?;
        Some(format!("{PREFIX}{}{}", hex::encode(nonce), hex::encode(text)))
    }

    /// The secret in a text that [`SealingKey::seal`] made with the same key.
    pub fn open(&self, sealed: &str) -> Option<Secret> {
        let bytes = hex::decode(sealed.strip_prefix(PREFIX)?).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let mut text = text.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.key.open_in_place(nonce, self.purpose.aad(), &mut text).ok()?;
        std::str::from_utf8(opened).ok().map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: &str) -> SealingKey {
        SealingKey::parse(&Secret::new(digit.repeat(64))).unwrap()
    }

    #[test]
    fn only_the_same_key_opens_what_was_sealed_and_only_unchanged() {
        let secret = Secret::new("geheim ü");
        let sealed = key("a").seal(&secret).unwrap();
        assert_ne!(sealed, key("a").seal(&secret).unwrap());
        assert_eq!(key("a").open(&sealed), Some(secret));
        assert_eq!(key("b").open(&sealed), None);
        assert_eq!(key("a").of_webhooks().open(&sealed), None);
        assert_eq!(key("a").of_signing_keys().open(&sealed), None);
        let last = if sealed.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{last}", &sealed[..sealed.len() - 1]);
        for text in [&changed, "sealed:", "sealed:00", "sealed:zz", &sealed[7..], ""] {
            assert_eq!(key("a").open(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_has_64_digits_and_prints_nothing() {
        for text in ["", "aa", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
            assert!(SealingKey::parse(&Secret::new(text)).is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", key("a")), "SealingKey(***)");
    }
}
