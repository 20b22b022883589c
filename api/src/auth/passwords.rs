//! Passwords: Argon2id, with the parameters that OWASP recommends (19 MiB, 2 rounds), which are those of the library.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};
use rand::Rng as _;
use tokio::sync::Semaphore;
use vru_runtime::secret::Secret;

use crate::http::Problem;

/// Shorter ones are guessed.
pub(crate) const SHORTEST: usize = 12;
/// The time to hash a password grows with its length.
pub(crate) const LONGEST: usize = 256;

/// Hashes and checks passwords, a bounded number at once.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("the password has fewer than {SHORTEST} characters")]
    TooShort,
    #[error("the password is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

impl PasswordError {
    /// As the problem of the field that has the password.
    pub(crate) fn at(&self, field: &str) -> Problem {
        match self {
            Self::TooShort | Self::TooLong => Problem::field(field, self.to_string()),
            Self::Hash(_) => {
                tracing::error!(error = %self, "a request failed");
                Problem::internal()
            }
        }
    }
}

impl Passwords {
    pub(crate) fn new(concurrent: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(concurrent)) }
    }

    /// The hash in the PHC format.
    pub(crate) fn hash(password: &Secret) -> Result<String, PasswordError> {
        let text = password.expose();
        if text.chars().count() < SHORTEST {
            return Err(PasswordError::TooShort);
        }
        if text.len() > LONGEST {
            return Err(PasswordError::TooLong);
        }
        let hash = Argon2::default().hash_password(text.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| PasswordError::Hash(error.to_string()))
    }

    /// Like [`Passwords::hash`], without holding up other requests.
    pub(crate) async fn hash_aside(&self, password: Secret) -> Result<String, PasswordError> {
        let broken = |error: &dyn std::fmt::Display| PasswordError::Hash(error.to_string());
        let place = self.places.clone().acquire_owned().await.map_err(|error| broken(&error))?;
        let hash = move || {
            let _place = place;
            Self::hash(&password)
        };
        tokio::task::spawn_blocking(hash).await.map_err(|error| broken(&error))?
    }

    /// Whether the password is that of the hash. Takes as long without a hash, so that the time does not tell whether a name exists.
    pub(crate) async fn verify(&self, password: Secret, hash: Option<String>) -> bool {
        if password.expose().len() > LONGEST {
            return false;
        }
        let Ok(place) = self.places.clone().acquire_owned().await else { return false };
        let verify = move || {
            let _place = place;
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODYS.clone());
            known & matches(&password, &hash)
        };
        tokio::task::spawn_blocking(verify).await.unwrap_or(false)
    }
}

/// A hash that no password has, with the same parameters.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let random: String = (0..32).map(|_| char::from(rand::rng().random_range(b'a'..=b'z'))).collect();
    Passwords::hash(&Secret::new(random)).unwrap_or_default()
});

fn matches(password: &Secret, hash: &str) -> bool {
    match PasswordHash::new(hash) {
        Ok(hash) => Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok(),
        Err(error) => {
            tracing::error!(%error, "a stored password hash cannot be read");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobody_has_one_without_a_hash() {
        let passwords = Passwords::new(1);
        let right = Secret::new("correct horse battery");
        let hash = Passwords::hash(&right).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, Passwords::hash(&right).unwrap(), "each has its own salt");
        assert!(passwords.verify(right.clone(), Some(hash.clone())).await);
        assert!(!passwords.verify(Secret::new("correct horse batterz"), Some(hash)).await);
        assert!(!passwords.verify(right.clone(), None).await);
        assert!(!passwords.verify(right, Some("plain".to_owned())).await);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert!(matches!(Passwords::hash(&Secret::new("elevenchars")), Err(PasswordError::TooShort)));
        assert!(matches!(Passwords::hash(&Secret::new("x".repeat(LONGEST + 1))), Err(PasswordError::TooLong)));
        assert!(Passwords::hash(&Secret::new("zwölf Zeichen")).is_ok());
    }
}
