//! What a route is for stands in its signature, as the type of an argument: `who: Permitted<ChangeSite>`. It is the first argument that
//! looks at the request, so that who may not do it learns nothing from how the rest is read.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use vru_auth::policy::Action;
use vru_storage::sites;

use super::caller::Caller;
use crate::http::{Problem, Repeatable};
use crate::state::ApiState;

/// One of the [`actions`].
pub(crate) trait Permission {
    const ACTION: Action;
}

/// Types for the actions of the policy, with the same names.
pub(crate) mod actions {
    use super::{Action, Permission};

    macro_rules! actions {
        ($($name:ident),* $(,)?) => {
            $(
                #[derive(Debug)]
                pub(crate) struct $name;

                impl Permission for $name {
                    const ACTION: Action = Action::$name;
                }
            )*
        };
    }

    actions!(
        UseOwnAccount,
        ListSites,
        CreateSite,
        SeeSite,
        ChangeSite,
        SeeCameras,
        ConfigureCameras,
        SeeLive,
        SeeAllLive,
        OpenFeed,
        TestCameras,
        SeeCounts,
        SeeTracks,
        SeeAllTracks,
        SeeAlerts,
        SeeAllAlerts,
        MarkSeen,
        MarkAllSeen,
        ReviewAlerts,
        ReviewAllAlerts,
        SeePictures,
        SeeAllPictures,
        SeeUploads,
        ManageUploads,
        DeleteData,
        ExportData,
        SeeWebhooks,
        ManageWebhooks,
        ManageUsers,
        ManageMembers,
        ManageKeys,
        ManageGlobalKeys,
        SeeAudit,
        SeeWholeAudit,
        SeeSystemHealth,
    );
}

/// Somebody who may do it: at the site in the path, or anywhere if the path has none.
#[derive(Debug)]
pub(crate) struct Permitted<P> {
    pub(crate) caller: Caller,
    /// `site_id` of the path; empty if it has none. The site exists.
    pub(crate) site_id: String,
    /// The other id of the path; empty if it has none.
    pub(crate) object_id: String,
    /// The id after that, of a part of the object; empty if the path has none.
    pub(crate) part_id: String,
    permission: PhantomData<P>,
}

impl<P> Permitted<P> {
    /// `None` if the path has no site.
    pub(crate) fn site(&self) -> Option<&str> {
        (!self.site_id.is_empty()).then_some(self.site_id.as_str())
    }
}

impl<P: Permission> FromRequestParts<ApiState> for Permitted<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let mut caller = Caller::from_request_parts(parts, state).await?;
        let missing = || Problem::not_found("object");
        let parameters = RawPathParams::from_request_parts(parts, state).await.map_err(|_| missing())?;
        if parameters.iter().any(|(_, value)| !is_id(value)) {
            return Err(missing());
        }
        let site_id = parameters.iter().find(|(name, _)| *name == "site_id").map(|(_, value)| value.to_owned());
        let mut others = parameters.iter().filter(|(name, _)| *name != "site_id").map(|(_, value)| value.to_owned());
        let (object_id, part_id) = (others.next().unwrap_or_default(), others.next().unwrap_or_default());
        match &site_id {
            None => caller.may(P::ACTION)?,
            Some(site_id) => {
                caller.may_at(P::ACTION, site_id)?;
                // A role at a site proves that the site exists; a global caller may name any.
                if caller.is_global() && !sites::exists(&state.database.get().await?, site_id).await? {
                    return Err(Problem::not_found("site"));
                }
            }
        }
        if let Some(request) = parts.extensions.get::<Repeatable>() {
            caller.claim(request, &state.database.get().await?).await?;
        }
        Ok(Self { caller, site_id: site_id.unwrap_or_default(), object_id, part_id, permission: PhantomData })
    }
}

/// What no id has does not reach the database, which refuses some texts.
fn is_id(text: &str) -> bool {
    // The id of a track has that of its camera and two numbers.
    (1..=192).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
