use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::identities;

use crate::routes::text::time;
use crate::sign_in::SignIn;

/// An account at an identity provider.
#[derive(Serialize, ToSchema)]
pub(super) struct Identity {
    id: String,
    /// The provider; absent if it is not configured any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The provider, as its tokens say it.
    issuer: String,
    /// The account, as the provider says it.
    subject: String,
    #[schema(format = DateTime)]
    linked_at: String,
    /// The last sign-in; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    used_at: Option<String>,
}

impl Identity {
    pub(super) fn new(identity: identities::Identity, sign_in: &SignIn) -> Self {
        let identities::Identity { id, issuer, subject, linked_at, used_at } = identity;
        let provider = sign_in.provider_of(&issuer).map(str::to_owned);
        Self { id, provider, issuer, subject, linked_at: time(linked_at), used_at: used_at.map(time) }
    }
}
