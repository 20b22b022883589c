use std::time::Duration;

use serde::Deserialize;

/// The claims of a token that are used here. `iss`, `aud` and `nbf` are checked while the token is decoded.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    /// Empty when the token has none.
    #[serde(default)]
    pub(crate) sub: String,
    /// Seconds since the Unix epoch, maybe with a fraction.
    exp: f64,
    #[serde(default)]
    scope: Grants,
    #[serde(default)]
    role: Grants,
}

/// What a claim grants. Issuers write several grants as one text separated by spaces, or as a list.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Grants {
    Text(String),
    List(Vec<String>),
}

impl Default for Grants {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Grants {
    fn contain(&self, wanted: &str) -> bool {
        match self {
            Self::Text(text) => text.split_whitespace().any(|grant| grant == wanted),
            Self::List(list) => list.iter().any(|grant| grant == wanted),
        }
    }
}

impl Claims {
    /// Since the Unix epoch. An expiry that no clock reaches is none.
    pub(crate) fn expiry(&self) -> Duration {
        Duration::try_from_secs_f64(self.exp.max(0.0)).unwrap_or(Duration::MAX)
    }

    /// What `scope` grants.
    pub(crate) fn scopes(&self) -> Vec<String> {
        match &self.scope {
            Grants::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Grants::List(list) => list.clone(),
        }
    }

    /// Whether `scope` or `role` grants this scope.
    pub(crate) fn grant(&self, scope: &str) -> bool {
        self.scope.contain(scope) || self.role.contain(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_and_role_are_texts_or_lists() {
        let granted = |claims: &str| claims_of(claims).grant("alerts:read");
        assert!(granted(r#"{"exp": 1, "scope": "a alerts:read"}"#));
        assert!(granted(r#"{"exp": 1, "scope": ["a", "alerts:read"]}"#));
        assert!(granted(r#"{"exp": 1, "scope": "a", "role": "alerts:read"}"#));
        assert!(!granted(r#"{"exp": 1, "scope": "alerts:readers"}"#));
        assert!(!granted(r#"{"exp": 1, "scope": ["a alerts:read"]}"#));
        assert!(!granted(r#"{"exp": 1}"#));
    }

    fn claims_of(json: &str) -> Claims {
        serde_json::from_str(json).unwrap()
    }
}
