//! Who may do what: one table, [`POLICY`]. Every door of the API asks [`allows`]; nothing else decides.

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

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Their own account and session.
    UseOwnAccount,
    CreateSite,
    SeeSite,
    ChangeSite,
}

/// Who may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Everybody who is logged in.
    LogIn,
    /// This role or a higher one, at the site that it concerns.
    AtSite(Role),
    SystemAdmin,
}

/// A system admin may do everything; others what stands here.
pub const POLICY: &[(Action, Needs)] = &[
    (Action::UseOwnAccount, Needs::LogIn),
    (Action::CreateSite, Needs::SystemAdmin),
    (Action::SeeSite, Needs::AtSite(Role::Viewer)),
    (Action::ChangeSite, Needs::AtSite(Role::Admin)),
];

/// Somebody who is logged in.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    pub system_admin: bool,
    /// At the site that the action concerns; `None` if they do not belong to it, or if it concerns none.
    pub role: Option<Role>,
}

/// Whether somebody may. An action that the table lacks is forbidden.
pub fn allows(action: Action, standing: Standing) -> bool {
    let Some((_, needs)) = POLICY.iter().find(|(known, _)| *known == action) else { return false };
    standing.system_admin
        || match needs {
            Needs::LogIn => true,
            Needs::AtSite(least) => standing.role.is_some_and(|role| role >= *least),
            Needs::SystemAdmin => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_keep_their_numbers() {
        for role in Role::ALL {
            assert_eq!(Role::from_number(role.number()), Some(role));
        }
        assert_eq!(Role::from_number(0), None);
        assert_eq!(Role::from_number(4), None);
    }

    #[test]
    fn each_role_may_do_what_lower_ones_may_and_only_at_its_site() {
        for (action, needs) in POLICY {
            let may = |role| allows(*action, Standing { system_admin: false, role });
            for pair in Role::ALL.windows(2) {
                assert!(!may(Some(pair[0])) || may(Some(pair[1])), "{action:?}");
            }
            assert_eq!(may(None), *needs == Needs::LogIn, "{action:?}");
            assert!(allows(*action, Standing { system_admin: true, role: None }));
        }
    }
}
