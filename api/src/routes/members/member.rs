use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::members;

use crate::routes::role::RoleName;

/// Somebody who belongs to the site.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    pub(super) user_id: String,
    /// What they log in with.
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) role: RoleName,
}

impl From<members::Member> for Member {
    fn from(member: members::Member) -> Self {
        let members::Member { user_id, name, display_name, role } = member;
        Self { user_id, name, display_name, role: role.into() }
    }
}
