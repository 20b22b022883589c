//! Secrets that the service makes: of sessions, API keys, clients and webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

const BYTES: usize = 32;
/// Lets scanners of source code find keys that were checked in.
pub(super) const KEY_PREFIX: &str = "vru_";
const CLIENT_PREFIX: &str = "vrusecret_";
const WEBHOOK_PREFIX: &str = "vruhook_";

/// 256 random bits as text. The database knows its hash only.
pub(crate) struct Token(String);

impl Token {
    /// What the cookie of a session holds.
    pub(crate) fn session() -> Self {
        Self(random())
    }

    pub(crate) fn api_key() -> Self {
        Self(format!("{KEY_PREFIX}{}", random()))
    }

    /// In the link of an invitation.
    pub(crate) fn invitation() -> Self {
        Self(random())
    }

    /// With which a client gets tokens.
    pub(crate) fn client_secret() -> Self {
        Self(format!("{CLIENT_PREFIX}{}", random()))
    }

    /// What events for a webhook are signed with. The database has it encrypted.
    pub(crate) fn webhook() -> Self {
        Self(format!("{WEBHOOK_PREFIX}{}", random()))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> Vec<u8> {
        hash(&self.0)
    }
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; BYTES]>())
}

/// A fast hash will do: nobody can guess 256 random bits.
pub(crate) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Takes as long whatever the texts share: their hashes are compared.
pub(crate) fn is_same(expected: &str, given: &str) -> bool {
    hash(expected) == hash(given)
}
