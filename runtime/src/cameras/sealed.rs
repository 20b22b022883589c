//! Secrets as the API stores and publishes them: encrypted with a key that only it and ingest have, so that neither the database nor the
//! topic shows them. `sealed:ID:…` names the key, so that keys can be replaced.

use std::fmt;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{digest, hmac};

use crate::config::Problems;
use crate::secret::Secret;

/// What a sealed secret begins with.
pub(super) const PREFIX: &str = "sealed:";
const KEY_BYTES: usize = 32;
/// Of the id of a key.
const ID_BYTES: usize = 4;

/// Encrypts secrets with the newest key, and decrypts them with whichever they were encrypted with.
#[derive(Clone)]
pub struct SealingKey {
    /// The newest one first.
    keys: Arc<[Key]>,
    purpose: Purpose,
}

struct Key {
    id: String,
    cipher: LessSafeKey,
    /// Signs addresses, and is made of the same bytes.
    addresses: hmac::Key,
}

/// A ciphertext of one purpose is none of another, although the key is the same.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Camera,
    Webhook,
    SigningKey,
    SignIn,
}

/// Why a sealed secret cannot be opened. For people, after the name of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    #[error(
        "was encrypted with the key {id}, which is neither `cameras.secrets_key` nor one of `cameras.old_secrets_keys`"
    )]
    MissingKey { id: String },
    #[error("is not what any key of `cameras.secrets_key` and `cameras.old_secrets_keys` has encrypted")]
    NotOurs,
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

impl Key {
    fn parse(text: &Secret) -> Result<Self, &'static str> {
        let bytes = hex::decode(text.expose()).unwrap_or_default();
        if bytes.len() != KEY_BYTES {
            return Err("is not a key: write 64 hexadecimal digits, such as `openssl rand -hex 32` makes");
        }
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| "cannot be used as a key")?;
        let digest = digest::digest(&digest::SHA256, &[b"vru key id 1".as_slice(), &bytes].concat());
        let addresses = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), b"vru key of addresses 1");
        Ok(Self {
            id: hex::encode(&digest.as_ref()[..ID_BYTES]),
            cipher: LessSafeKey::new(key),
            addresses: hmac::Key::new(hmac::HMAC_SHA256, addresses.as_ref()),
        })
    }

    fn open(&self, hex_digits: &str, purpose: Purpose) -> Option<Secret> {
        let bytes = hex::decode(hex_digits).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let mut text = text.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.cipher.open_in_place(nonce, purpose.aad(), &mut text).ok()?;
        std::str::from_utf8(opened).ok().map(Secret::new)
    }
}

impl SealingKey {
    /// For secrets of cameras, from 64 hexadecimal digits.
    pub fn parse(newest: &Secret) -> Result<Self, &'static str> {
        Self::with_old(newest, &[])
    }

    /// `old`: keys that only open what they sealed before.
    pub fn with_old(newest: &Secret, old: &[Secret]) -> Result<Self, &'static str> {
        let keys = std::iter::once(newest).chain(old).map(Key::parse).collect::<Result<Vec<Key>, _>>()?;
        Ok(Self { keys: keys.into(), purpose: Purpose::Camera })
    }

    /// The same keys for secrets of webhooks.
    #[must_use]
    pub fn of_webhooks(&self) -> Self {
        Self { keys: self.keys.clone(), purpose: Purpose::Webhook }
    }

    /// The same keys for the keys that sign tokens.
    #[must_use]
    pub fn of_signing_keys(&self) -> Self {
        Self { keys: self.keys.clone(), purpose: Purpose::SigningKey }
    }

    /// The same keys for what a browser keeps while somebody signs in.
    #[must_use]
    pub fn of_sign_ins(&self) -> Self {
        Self { keys: self.keys.clone(), purpose: Purpose::SignIn }
    }

    /// Of the settings `secrets_key` and `old_secrets_keys`, for `Validate`.
    pub fn check(newest: &Secret, old: &[Secret], problems: &mut Problems) {
        if let Err(problem) = Key::parse(newest)
            && !newest.is_empty()
        {
            problems.at("secrets_key", problem.to_owned());
        }
        problems.require(old.is_empty() || !newest.is_empty(), "old_secrets_keys", "are set, and `secrets_key` is not");
        for (place, key) in old.iter().enumerate() {
            if let Err(problem) = Key::parse(key) {
                problems.at(&format!("old_secrets_keys[{place}]"), problem.to_owned());
            }
        }
    }

    /// The ids of the keys, the newest first. They give nothing of the keys away.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }

    /// What the texts that the newest key seals begin with.
    pub fn newest_prefix(&self) -> String {
        format!("{PREFIX}{}:", self.keys[0].id)
    }

    /// `sealed:…`; another text each time. `None` if the cipher refuses, as for texts of gigabytes.
    pub fn seal(&self, secret: &Secret) -> Option<String> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut text = secret.expose().as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.keys[0].cipher.seal_in_place_append_tag(unique, self.purpose.aad(), &mut text).ok()?;
        Some(format!("{}{}{}", self.newest_prefix(), hex::encode(nonce), hex::encode(text)))
    }

    /// What proves that an address is ours: of the newest key, in hexadecimal digits.
    pub fn sign_address(&self, text: &str) -> String {
        hex::encode(hmac::sign(&self.keys[0].addresses, text.as_bytes()))
    }

    /// Whether one of the keys has signed the text.
    pub fn has_signed_address(&self, text: &str, signature: &str) -> bool {
        let Ok(signature) = hex::decode(signature) else { return false };
        self.keys.iter().any(|key| hmac::verify(&key.addresses, text.as_bytes(), &signature).is_ok())
    }

    /// The secret in a text that [`SealingKey::seal`] made with one of the keys.
    pub fn open(&self, sealed: &str) -> Result<Secret, Unopened> {
        let rest = sealed.strip_prefix(PREFIX).ok_or(Unopened::NotOurs)?;
        // Texts from before keys had ids have none.
        let (id, digits) = rest.split_once(':').map_or((None, rest), |(id, digits)| (Some(id), digits));
        if let Some(id) = id
            && !self.keys.iter().any(|key| key.id == id)
        {
            let is_id = id.len() == 2 * ID_BYTES && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            return Err(if is_id { Unopened::MissingKey { id: id.to_owned() } } else { Unopened::NotOurs });
        }
        let mut keys = self.keys.iter().filter(|key| id.is_none_or(|id| key.id == id));
        keys.find_map(|key| key.open(digits, self.purpose)).ok_or(Unopened::NotOurs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(digit: &str) -> Secret {
        Secret::new(digit.repeat(64))
    }

    fn key(digit: &str) -> SealingKey {
        SealingKey::parse(&secret(digit)).unwrap()
    }

    #[test]
    fn only_the_same_key_opens_what_was_sealed_and_only_unchanged() {
        let secret = Secret::new("geheim ü");
        let sealed = key("a").seal(&secret).unwrap();
        assert_ne!(sealed, key("a").seal(&secret).unwrap());
        assert_eq!(key("a").open(&sealed), Ok(secret));
        let id = key("a").ids().next().unwrap().to_owned();
        assert_eq!(key("b").open(&sealed), Err(Unopened::MissingKey { id: id.clone() }));
        assert!(key("b").open(&sealed).unwrap_err().to_string().contains(&id));
        assert_eq!(key("a").of_webhooks().open(&sealed), Err(Unopened::NotOurs));
        assert_eq!(key("a").of_signing_keys().open(&sealed), Err(Unopened::NotOurs));
        let last = if sealed.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{last}", &sealed[..sealed.len() - 1]);
        for text in [&changed, "sealed:", "sealed:00", "sealed:zz", "sealed:a:b", "sealed::", &sealed[7..], ""] {
            assert_eq!(key("a").open(text), Err(Unopened::NotOurs), "{text}");
        }
    }

    #[test]
    fn old_keys_open_and_the_newest_one_seals() {
        let old = key("a").seal(&Secret::new("old")).unwrap();
        let both = SealingKey::with_old(&secret("b"), &[secret("a")]).unwrap();
        assert_eq!(both.open(&old), Ok(Secret::new("old")));
        let new = both.seal(&Secret::new("new")).unwrap();
        assert!(new.starts_with(&both.newest_prefix()) && !old.starts_with(&both.newest_prefix()));
        assert_eq!(key("b").open(&new), Ok(Secret::new("new")));
        assert!(matches!(key("a").open(&new), Err(Unopened::MissingKey { .. })));
        // As versions before ids wrote them.
        let (_, digits) = old["sealed:".len()..].split_once(':').unwrap();
        let without_id = format!("sealed:{digits}");
        assert_eq!(both.open(&without_id), Ok(Secret::new("old")));
        assert_eq!(key("b").open(&without_id), Err(Unopened::NotOurs));
    }

    #[test]
    fn an_address_is_signed_by_the_newest_key_and_good_with_an_old_one() {
        let signature = key("a").sign_address("an address");
        let both = SealingKey::with_old(&secret("b"), &[secret("a")]).unwrap();
        assert!(key("a").has_signed_address("an address", &signature));
        assert!(both.has_signed_address("an address", &signature));
        assert_ne!(both.sign_address("an address"), signature);
        let last = if signature.ends_with('0') { '1' } else { '0' };
        let changed = format!("{}{last}", &signature[..63]);
        let forged =
            [("another", signature.as_str()), ("an address", &changed), ("an address", "xyz"), ("an address", "")];
        for (text, signature) in forged {
            assert!(!key("a").has_signed_address(text, signature), "{text} {signature}");
        }
        assert!(!key("b").has_signed_address("an address", &signature));
    }

    #[test]
    fn a_key_has_64_digits_and_prints_nothing() {
        for text in ["", "aa", &"g".repeat(64), &"a".repeat(63), &"a".repeat(66)] {
            assert!(SealingKey::parse(&Secret::new(text)).is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", key("a")), "SealingKey(***)");
        let found = |newest: &Secret, old: &[Secret]| {
            let mut problems = Problems::default();
            SealingKey::check(newest, old, &mut problems);
            problems.found().to_vec()
        };
        assert!(found(&Secret::default(), &[]).is_empty() && found(&secret("a"), &[secret("b")]).is_empty());
        assert_eq!(found(&Secret::default(), &[secret("b")]).len(), 1);
        assert_eq!(found(&Secret::new("aa"), &[Secret::new("bb"), secret("b")]).len(), 2);
    }
}
