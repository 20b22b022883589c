//! The parsers of key sets and PEM files, for `fuzz/`.

use crate::key::VerificationKey;
use crate::{KeyError, jwks};

/// The `kid` of each usable key in a set.
pub fn key_set(text: &[u8]) -> Result<Vec<Option<String>>, KeyError> {
    Ok(jwks::parse(text, "the set")?.into_iter().map(|key| key.kid).collect())
}

/// Whether a PEM file holds a usable key.
pub fn pem(text: &[u8]) -> Result<(), String> {
    VerificationKey::from_pem(text).map(drop)
}
