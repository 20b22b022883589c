use vru_runtime::cameras::SealingKey;
use vru_runtime::secret::Secret;
use vru_storage::cameras::SealedCredentials;
use vru_storage::webhooks::SealedSecrets;

use crate::http::{Code, Problem};

/// Encrypts and decrypts what events are signed with.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSecrets {
    key: Option<SealingKey>,
}

impl WebhookSecrets {
    pub(super) fn new(key: Option<&SealingKey>) -> Self {
        Self { key: key.map(SealingKey::of_webhooks) }
    }

    /// As the database has it.
    pub(crate) fn seal(&self, secret: &Secret) -> Result<String, Problem> {
        let Some(key) = &self.key else {
            let detail = "this service keeps no secrets, and sends nothing unsigned: its operator must set `cameras.secrets_key`";
            return Err(Problem::conflict(Code::NoSecretsKey, "", detail));
        };
        key.seal(secret).ok_or_else(Problem::internal)
    }

    /// The login at a broker, as the database has it.
    pub(crate) fn seal_login(&self, username: String, password: String) -> Result<SealedCredentials, Problem> {
        let sealed = |text: String| self.seal(&Secret::new(text));
        Ok(SealedCredentials { username: sealed(username)?, password: sealed(password)? })
    }

    /// The newest one first. Else why there are none, after the name of what is missing.
    pub(crate) fn open(&self, sealed: &SealedSecrets) -> Result<Vec<Secret>, String> {
        std::iter::once(&sealed.newest).chain(&sealed.old).map(|text| self.opened(text)).collect()
    }

    fn opened(&self, sealed: &str) -> Result<Secret, String> {
        let key = self.key.as_ref().ok_or("cannot be decrypted: `cameras.secrets_key` is not set")?;
        key.open(sealed).map_err(|why| why.to_string())
    }

    /// User name and password at a broker. Else why there are none.
    pub(super) fn login(&self, sealed: &SealedCredentials) -> Result<(Secret, Secret), String> {
        Ok((self.opened(&sealed.username)?, self.opened(&sealed.password)?))
    }
}
