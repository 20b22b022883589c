use std::time::Duration;

/// Whether the replica is used, and why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its state is this old at most.
    Near(Duration),
    /// It does not answer.
    Lost(String),
    /// It is too far behind, or nobody knows how far.
    Lagging(String),
    /// The address leads to another server.
    Foreign(String),
}

impl Default for Standing {
    fn default() -> Self {
        Self::Lagging("how far it is behind is not known yet".to_owned())
    }
}

impl Standing {
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_))
    }

    /// Why it is not used, as a label of metrics; `None`: it is used.
    pub(super) fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Near(_) => None,
            Self::Lost(_) => Some("lost"),
            Self::Lagging(_) => Some("lagging"),
            Self::Foreign(_) => Some("foreign"),
        }
    }

    /// The same for people.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Near(_) => None,
            Self::Lost(why) | Self::Lagging(why) | Self::Foreign(why) => Some(why),
        }
    }
}
