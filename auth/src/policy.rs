//! Who may do what: one table, [`POLICY`]. Every door of the API asks [`allows`] or [`allows_key`]; nothing else decides.

/// What a person is at one site. Each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees.
    Viewer,
    /// Acknowledges alerts and configures cameras.
    Operator,
    /// Manages the site and its people.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// As stored in the database.
    pub fn number(self) -> i16 {
        match self {
            Self::Viewer => 1,
            Self::Operator => 2,
            Self::Admin => 3,
        }
    }

    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// What an API key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    SitesRead,
    SitesWrite,
    AuditRead,
    CamerasRead,
    CamerasWrite,
    /// What cameras show now.
    LiveRead,
    CountsRead,
    TracksRead,
    AlertsRead,
    /// Reviews and comments.
    AlertsWrite,
    /// Snapshots and clips.
    PicturesRead,
    UploadsRead,
    UploadsWrite,
    WebhooksRead,
    WebhooksWrite,
    /// How the system is.
    SystemRead,
}

impl Scope {
    pub const ALL: [Self; 16] = [
        Self::SitesRead,
        Self::SitesWrite,
        Self::AuditRead,
        Self::CamerasRead,
        Self::CamerasWrite,
        Self::LiveRead,
        Self::CountsRead,
        Self::TracksRead,
        Self::AlertsRead,
        Self::AlertsWrite,
        Self::PicturesRead,
        Self::UploadsRead,
        Self::UploadsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::SystemRead,
    ];

    /// As stored, and as requests name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::SitesRead => "sites:read",
            Self::SitesWrite => "sites:write",
            Self::AuditRead => "audit:read",
            Self::CamerasRead => "cameras:read",
            Self::CamerasWrite => "cameras:write",
            Self::LiveRead => "live:read",
            Self::CountsRead => "counts:read",
            Self::TracksRead => "tracks:read",
            Self::AlertsRead => "alerts:read",
            Self::AlertsWrite => "alerts:write",
            Self::PicturesRead => "pictures:read",
            Self::UploadsRead => "uploads:read",
            Self::UploadsWrite => "uploads:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::SystemRead => "system:read",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Their own account and session.
    UseOwnAccount,
    /// The sites that they may see.
    ListSites,
    CreateSite,
    SeeSite,
    ChangeSite,
    SeeCameras,
    ConfigureCameras,
    /// What cameras show now.
    SeeLive,
    SeeAllLive,
    /// Opens a live feed: of which cameras, `SeeLive` and `SeeAllLive` say.
    OpenFeed,
    /// Whoever does it makes ingest connect to an address, and sees a picture.
    TestCameras,
    SeeCounts,
    /// Of the cameras of a site; the actions with `All` concern all cameras, also those of no site.
    SeeTracks,
    SeeAllTracks,
    SeeAlerts,
    SeeAllAlerts,
    /// Which alerts they have seen themselves.
    MarkSeen,
    MarkAllSeen,
    /// Acknowledge, dismiss, reopen, comment.
    ReviewAlerts,
    ReviewAllAlerts,
    /// Those of others; everybody who may comment deletes their own.
    DeleteComments,
    DeleteAllComments,
    /// Snapshots and clips.
    SeePictures,
    SeeAllPictures,
    SeeUploads,
    /// Whoever does it has files analysed, and deletes what was found in them.
    ManageUploads,
    /// Of one camera, by range of time, for good.
    DeleteData,
    /// Of one camera, by range of time, everything with pictures.
    ExportData,
    /// And their deliveries.
    SeeWebhooks,
    /// Whoever does it decides who is told of the site's alerts.
    ManageWebhooks,
    ManageUsers,
    ManageMembers,
    /// And clients, of a site.
    ManageKeys,
    /// And clients, that are for all sites, and the keys that sign tokens.
    ManageGlobalKeys,
    /// Of a site.
    SeeAudit,
    /// Of all sites, and of what belongs to none.
    SeeWholeAudit,
    SeeSystemHealth,
}

/// Which people may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Everybody who is logged in.
    LogIn,
    /// This role or a higher one, at the site that it concerns.
    AtSite(Role),
    SystemAdmin,
}

/// What the table says about one action.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub action: Action,
    pub needs: Needs,
    /// What an API key must be for. `None`: no key may, because people answer for people and keys.
    pub scope: Option<Scope>,
}

const fn rule(action: Action, needs: Needs, scope: Option<Scope>) -> Rule {
    Rule { action, needs, scope }
}

/// A system admin may do everything; others what stands here.
pub const POLICY: &[Rule] = &[
    rule(Action::UseOwnAccount, Needs::LogIn, None),
    rule(Action::ListSites, Needs::LogIn, Some(Scope::SitesRead)),
    rule(Action::CreateSite, Needs::SystemAdmin, Some(Scope::SitesWrite)),
    rule(Action::SeeSite, Needs::AtSite(Role::Viewer), Some(Scope::SitesRead)),
    rule(Action::ChangeSite, Needs::AtSite(Role::Admin), Some(Scope::SitesWrite)),
    rule(Action::SeeCameras, Needs::AtSite(Role::Viewer), Some(Scope::CamerasRead)),
    rule(Action::ConfigureCameras, Needs::AtSite(Role::Operator), Some(Scope::CamerasWrite)),
    rule(Action::SeeLive, Needs::AtSite(Role::Viewer), Some(Scope::LiveRead)),
    rule(Action::SeeAllLive, Needs::SystemAdmin, Some(Scope::LiveRead)),
    rule(Action::OpenFeed, Needs::LogIn, Some(Scope::LiveRead)),
    rule(Action::TestCameras, Needs::AtSite(Role::Operator), Some(Scope::CamerasWrite)),
    rule(Action::SeeCounts, Needs::AtSite(Role::Viewer), Some(Scope::CountsRead)),
    rule(Action::SeeTracks, Needs::AtSite(Role::Viewer), Some(Scope::TracksRead)),
    rule(Action::SeeAllTracks, Needs::SystemAdmin, Some(Scope::TracksRead)),
    rule(Action::SeeAlerts, Needs::AtSite(Role::Viewer), Some(Scope::AlertsRead)),
    rule(Action::SeeAllAlerts, Needs::SystemAdmin, Some(Scope::AlertsRead)),
    rule(Action::MarkSeen, Needs::AtSite(Role::Viewer), None),
    rule(Action::MarkAllSeen, Needs::SystemAdmin, None),
    rule(Action::ReviewAlerts, Needs::AtSite(Role::Operator), Some(Scope::AlertsWrite)),
    rule(Action::ReviewAllAlerts, Needs::SystemAdmin, Some(Scope::AlertsWrite)),
    rule(Action::DeleteComments, Needs::AtSite(Role::Admin), None),
    rule(Action::DeleteAllComments, Needs::SystemAdmin, None),
    rule(Action::SeePictures, Needs::AtSite(Role::Viewer), Some(Scope::PicturesRead)),
    rule(Action::SeeAllPictures, Needs::SystemAdmin, Some(Scope::PicturesRead)),
    rule(Action::SeeUploads, Needs::AtSite(Role::Viewer), Some(Scope::UploadsRead)),
    rule(Action::ManageUploads, Needs::AtSite(Role::Operator), Some(Scope::UploadsWrite)),
    rule(Action::DeleteData, Needs::AtSite(Role::Admin), None),
    rule(Action::ExportData, Needs::AtSite(Role::Admin), None),
    rule(Action::SeeWebhooks, Needs::AtSite(Role::Admin), Some(Scope::WebhooksRead)),
    rule(Action::ManageWebhooks, Needs::AtSite(Role::Admin), Some(Scope::WebhooksWrite)),
    rule(Action::ManageUsers, Needs::SystemAdmin, None),
    rule(Action::ManageMembers, Needs::AtSite(Role::Admin), None),
    rule(Action::ManageKeys, Needs::AtSite(Role::Admin), None),
    rule(Action::ManageGlobalKeys, Needs::SystemAdmin, None),
    rule(Action::SeeAudit, Needs::AtSite(Role::Admin), Some(Scope::AuditRead)),
    rule(Action::SeeWholeAudit, Needs::SystemAdmin, Some(Scope::AuditRead)),
    rule(Action::SeeSystemHealth, Needs::SystemAdmin, Some(Scope::SystemRead)),
];

/// Somebody who is logged in.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub system_admin: bool,
    /// At the site that the action concerns; `None` if they do not belong to it, or if it concerns none.
    pub role: Option<Role>,
}

/// Whether a person may. An action that the table lacks is forbidden.
pub fn allows(action: Action, standing: Standing) -> bool {
    let Some(rule) = find(action) else { return false };
    standing.system_admin
        || match rule.needs {
            Needs::LogIn => true,
            Needs::AtSite(least) => standing.role.is_some_and(|role| role >= least),
            Needs::SystemAdmin => false,
        }
}

/// An API key.
#[derive(Debug, Clone, Copy)]
pub struct KeyStanding<'a> {
    pub scopes: &'a [Scope],
    /// Whether it is for the site that the action concerns; a key for all sites is.
    pub at_site: bool,
    /// Whether it is for all sites.
    pub global: bool,
}

/// Whether an API key may.
pub fn allows_key(action: Action, key: KeyStanding<'_>) -> bool {
    let Some(Rule { needs, scope: Some(scope), .. }) = find(action) else { return false };
    key.scopes.contains(scope)
        && match needs {
            Needs::LogIn => true,
            Needs::AtSite(_) => key.at_site,
            Needs::SystemAdmin => key.global,
        }
}

fn find(action: Action) -> Option<&'static Rule> {
    POLICY.iter().find(|rule| rule.action == action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_scopes_keep_what_is_stored_of_them() {
        for role in Role::ALL {
            assert_eq!(Role::from_number(role.number()), Some(role));
        }
        assert_eq!(Role::from_number(0), None);
        assert_eq!(Role::from_number(4), None);
        for scope in Scope::ALL {
            assert_eq!(Scope::from_word(scope.word()), Some(scope));
        }
        assert_eq!(Scope::from_word("sites"), None);
    }

    #[test]
    fn each_role_may_do_what_lower_ones_may_and_only_at_its_site() {
        for rule in POLICY {
            let may = |role| allows(rule.action, Standing { system_admin: false, role });
            for pair in Role::ALL.windows(2) {
                assert!(!may(Some(pair[0])) || may(Some(pair[1])), "{rule:?}");
            }
            assert_eq!(may(None), rule.needs == Needs::LogIn, "{rule:?}");
            assert!(allows(rule.action, Standing { system_admin: true, role: None }));
        }
    }

    #[test]
    fn a_key_may_do_what_its_scopes_say_at_its_site_only() {
        for rule in POLICY {
            let may =
                |scopes: &[Scope], at_site, global| allows_key(rule.action, KeyStanding { scopes, at_site, global });
            assert!(!may(&[], true, true), "{rule:?}");
            assert_eq!(may(&Scope::ALL, true, true), rule.scope.is_some(), "{rule:?}");
            let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| Some(*scope) != rule.scope).collect();
            assert!(!may(&others, true, true), "{rule:?}");
            // Of another site.
            assert_eq!(may(&Scope::ALL, false, false), rule.needs == Needs::LogIn && rule.scope.is_some(), "{rule:?}");
            assert!(rule.needs != Needs::SystemAdmin || !may(&Scope::ALL, true, false), "{rule:?}");
        }
    }
}
