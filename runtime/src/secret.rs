//! Text that must not show up in logs, errors or configuration dumps.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A password, key or token. Printed as `***`; the text is had by [`Secret::expose`] only.
///
/// In configuration it is the text itself, or better a reference: `env:NAME` or `file:PATH` (trailing line ends are cut).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text itself.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Follows a reference (`env:NAME`, `file:PATH`); other text is the secret itself.
    pub fn resolve(text: &str) -> Result<Self, SecretError> {
        if let Some(name) = text.strip_prefix("env:") {
            return std::env::var(name).map(Self).map_err(|_| SecretError::Env { name: name.to_owned() });
        }
        if let Some(path) = text.strip_prefix("file:") {
            let read = fs::read_to_string(Path::new(path));
            return read
                .map(|text| Self(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|source| SecretError::File { path: path.to_owned(), source });
        }
        Ok(Self(text.to_owned()))
    }
}

/// Why a reference to a secret leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment lacks the variable.
    #[error("the environment variable {name}, which should hold a secret, is not set")]
    Env {
        /// Its name.
        name: String,
    },
    /// The file cannot be read.
    #[error("the file {path}, which should hold a secret, cannot be read")]
    File {
        /// Its path.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "***" })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::resolve(&text).map_err(|error| serde::de::Error::custom(crate::report::chain(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_its_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    }

    #[test]
    fn reads_a_file_without_its_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "pass word\n").unwrap();
        let secret = Secret::resolve(&format!("file:{}", file.path().display())).unwrap();
        assert_eq!(secret.expose(), "pass word");
    }

    #[test]
    fn a_missing_reference_is_named() {
        let error = Secret::resolve("env:VRU_NO_SUCH_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("VRU_NO_SUCH_VARIABLE"));
    }
}
