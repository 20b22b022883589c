use std::sync::Arc;

use crate::key::VerificationKey;

/// The keys that are trusted at one moment.
#[derive(Default)]
pub(crate) struct KeySet(Vec<Arc<VerificationKey>>);

impl KeySet {
    /// The set after a refresh. Keys that stay are the same objects as before; those that are gone are revoked.
    pub(crate) fn refreshed(&self, keys: Vec<VerificationKey>) -> Self {
        let known = |new: &VerificationKey| self.0.iter().find(|old| old.is_same_as(new)).cloned();
        let keys: Vec<_> = keys.into_iter().map(|key| known(&key).unwrap_or_else(|| Arc::new(key))).collect();
        for gone in self.0.iter().filter(|old| !keys.iter().any(|key| Arc::ptr_eq(key, old))) {
            gone.revoked.cancel();
        }
        Self(keys)
    }

    /// The key with this `kid`. A set with one key that has no `kid` uses it for all tokens, and a set with one key uses it for tokens
    /// without `kid`.
    pub(crate) fn find(&self, kid: Option<&str>) -> Option<&Arc<VerificationKey>> {
        match (self.0.as_slice(), kid) {
            ([only], None) => Some(only),
            ([only], Some(_)) if only.kid.is_none() => Some(only),
            (_, None) => None,
            (keys, kid) => keys.iter().find(|key| key.kid.as_deref() == kid),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
