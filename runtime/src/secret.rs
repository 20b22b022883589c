//! Text that must not appear in logs, errors or configuration dumps.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest file that a secret is read from.
const MAX_BYTES: u64 = 64 * 1024;

/// A password, key or token. It prints as `***`; only [`Secret::expose`] gives the text.
///
/// In configuration it is the text itself, or better a reference: `env:NAME` or `file:PATH` (trailing line ends are removed).
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// A secret with this text, not resolved as a reference.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Resolves a reference (`env:NAME`, `file:PATH`). Any other text is the secret itself. A reference to nothing (an empty variable or
    /// file) is an error: who names a secret wants one.
    pub fn resolve(text: &str) -> Result<Self, SecretError> {
        let found = if let Some(name) = text.strip_prefix("env:") {
            std::env::var(name).map_err(|_| SecretError::Env { name: name.to_owned() })?
        } else if let Some(path) = text.strip_prefix("file:") {
            let read = read_regular_file(Path::new(path), None);
            let read = read.map_err(|source| SecretError::File { path: path.to_owned(), source })?;
            read.trim_end_matches(['\r', '\n']).to_owned()
        } else {
            return Ok(Self(text.to_owned()));
        };
        if found.is_empty() {
            return Err(SecretError::Empty { reference: text.to_owned() });
        }
        Ok(Self(found))
    }
}

/// Reads a regular file of limited size; with `folder`, only if the file is inside it, wherever links lead. Refuses anything else: a
/// device such as `/dev/zero` may have no end, and opening a named pipe waits for its writer.
pub(crate) fn read_regular_file(path: &Path, folder: Option<&Path>) -> io::Result<String> {
    let refuse = |problem: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    let real = fs::canonicalize(path)?;
    let inside = match folder {
        Some(folder) => real.starts_with(fs::canonicalize(folder)?),
        None => true,
    };
    if !inside {
        return refuse("it is outside of the folder for secrets of cameras (`cameras.secrets_dir`)");
    }
    if !fs::symlink_metadata(&real)?.is_file() {
        return refuse("it is not a regular file");
    }
    // The file may be replaced before it is opened: by a named pipe, which must not block, or by a link to another file.
    let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(&real)?;
    if !file.metadata()?.is_file() {
        return refuse("it is not a regular file");
    }
    if folder.is_some() && fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))? != real {
        return refuse("it was moved while it was opened");
    }
    let mut text = String::new();
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64;
    if read > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 64 KiB"));
    }
    Ok(text)
}

/// A reference to a secret that cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, or it is not UTF-8.
    #[error("cannot read a secret from the environment variable {name}: it is not set")]
    Env { name: String },
    /// The rule for references in this place does not allow the variable.
    #[error("the environment variable {name} may not be used here: {rule}")]
    Forbidden { name: String, rule: String },
    #[error("cannot read a secret from the file {path}")]
    File {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the secret {reference} is empty")]
    Empty { reference: String },
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
        deserializer.deserialize_any(Text)
    }
}

/// Accepts text only. Its errors do not contain the value, because a password of digits without quotes is read as a number.
struct Text;

impl Visitor<'_> for Text {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Secret::resolve(text).map_err(|error| E::custom(crate::report::chain(&error)))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Secret, E> {
        Err(E::invalid_type(Unexpected::Other("a boolean"), &self))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Secret, E> {
        Err(E::invalid_type(Unexpected::Other("a number"), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Secret, E> {
        self.visit_i128(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Secret, E> {
        self.visit_i128(number.into())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Secret, E> {
        self.visit_i128(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        self.visit_i128(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_its_text() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    }

    #[test]
    fn a_secret_from_a_file_has_no_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "pass word\n").unwrap();
        let secret = Secret::resolve(&format!("file:{}", file.path().display())).unwrap();
        assert_eq!(secret.expose(), "pass word");
    }

    #[test]
    fn a_reference_to_nothing_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "\n").unwrap();
        let reference = format!("file:{}", file.path().display());
        assert!(matches!(Secret::resolve(&reference), Err(SecretError::Empty { .. })));
        assert!(Secret::resolve("").unwrap().is_empty(), "text without a reference may be empty");
    }

    #[test]
    fn an_unset_variable_is_named() {
        let error = Secret::resolve("env:VRU_NO_SUCH_VARIABLE").unwrap_err();
        assert!(error.to_string().contains("VRU_NO_SUCH_VARIABLE"));
    }

    #[test]
    fn devices_and_large_files_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), vec![b'x'; MAX_BYTES as usize + 1]).unwrap();
        for path in [Path::new("/dev/zero"), file.path()] {
            let error = Secret::resolve(&format!("file:{}", path.display())).unwrap_err();
            assert!(matches!(error, SecretError::File { .. }), "{error}");
        }
    }

    #[test]
    fn a_number_in_place_of_a_secret_is_not_printed() {
        #[derive(Debug, Deserialize)]
        struct Login {
            #[serde(rename = "password")]
            _password: Secret,
        }
        for text in ["password = 123456", "password = 1234.56", "password = true"] {
            let error = toml::from_str::<Login>(text).unwrap_err();
            assert!(!error.message().contains("1234") && error.message().contains("expected a string"), "{error}");
        }
    }
}
