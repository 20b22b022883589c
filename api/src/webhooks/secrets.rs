use vru_runtime::cameras::SealingKey;
use vru_runtime::secret::Secret;
use vru_storage::webhooks::SealedSecrets;

use crate::http::Problem;

/// Encrypts and decrypts what events are signed with.
#[derive(Debug, Clone)]
pub(crate) struct WebhookSecrets {
    key: Option<SealingKey>,
}

impl WebhookSecrets {
    /// The key was checked with the configuration.
    pub(super) fn new(secrets_key: &Secret) -> Self {
        Self { key: SealingKey::parse(secrets_key).ok().map(|key| key.of_webhooks()) }
    }

    /// As the database has it.
    pub(crate) fn seal(&self, secret: &Secret) -> Result<String, Problem> {
        let Some(key) = &self.key else {
            let detail = "this service keeps no secrets, and sends nothing unsigned: its operator must set `cameras.secrets_key`";
            return Err(Problem::conflict("no_secrets_key", "", detail));
        };
        key.seal(secret).ok_or_else(Problem::internal)
    }

    /// The newest one first. `None` without the key that they were encrypted with.
    pub(crate) fn open(&self, sealed: &SealedSecrets) -> Option<Vec<Secret>> {
        let key = self.key.as_ref()?;
        std::iter::once(&sealed.newest).chain(&sealed.old).map(|text| key.open(text)).collect()
    }
}
