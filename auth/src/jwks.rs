//! Reads a JSON Web Key Set. Keys that are not for signatures are ignored; keys that cannot be used are ignored too, with the reason, so
//! that an issuer can add a kind of key that is not supported here.

use std::collections::HashSet;

use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;

use crate::KeyError;
use crate::key::VerificationKey;

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Map<String, Value>>,
}

/// The usable keys of a set, at least one. `place` is where it comes from, for errors and logs.
pub(crate) fn parse(text: &[u8], place: &str) -> Result<Vec<VerificationKey>, KeyError> {
    let document: Document =
        serde_json::from_slice(text).map_err(|source| KeyError::Jwks { place: place.to_owned(), source })?;
    let mut keys: Vec<VerificationKey> = Vec::new();
    let mut kids = HashSet::new();
    let mut ignored = Vec::new();
    for (number, jwk) in document.keys.into_iter().enumerate() {
        if !is_for_signatures(&jwk) {
            continue;
        }
        let kid = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
        if let Some(kid) = &kid
            && !kids.insert(kid.clone())
        {
            return Err(KeyError::DuplicateKid { place: place.to_owned(), kid: kid.clone() });
        }
        match usable(jwk) {
            Ok(key) => keys.push(key),
            Err(reason) => {
                let name = kid.map_or_else(|| format!("number {}", number + 1), |kid| format!("`{kid}`"));
                tracing::warn!(place, key = name, reason, "key for bearer tokens ignored");
                ignored.push(format!("; key {name} is ignored: {reason}"));
            }
        }
    }
    if keys.is_empty() {
        return Err(KeyError::NoUsableKey { place: place.to_owned(), ignored: ignored.concat() });
    }
    if keys.len() > 1 && keys.iter().any(|key| key.kid.is_none()) {
        return Err(KeyError::MissingKid { place: place.to_owned() });
    }
    Ok(keys)
}

/// `use` and `key_ops` say what a key is for; a key without them is for everything.
fn is_for_signatures(jwk: &serde_json::Map<String, Value>) -> bool {
    let signs = jwk.get("use").is_none_or(|usage| usage == "sig");
    let verifies = jwk.get("key_ops").is_none_or(|operations| {
        operations.as_array().is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
    });
    signs && verifies
}

fn usable(jwk: serde_json::Map<String, Value>) -> Result<VerificationKey, String> {
    if jwk.contains_key("d") {
        return Err("it is a private key: publish the public one, and make a new pair".to_owned());
    }
    let jwk: Jwk = serde_json::from_value(Value::Object(jwk)).map_err(|error| error.to_string())?;
    VerificationKey::from_jwk(&jwk)
}
