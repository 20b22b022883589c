//! What a search for alerts asks for.

use serde::Deserialize;
use utoipa::IntoParams;
use vru_storage::alerts::AlertFilter;
use vru_storage::search::Cameras;

use super::review::ReviewState;
use crate::http::{Id, Problem, Time};
use crate::routes::text::check_times;
use crate::words::{AlertKind, RoadUserClass, Severity, numbers};

/// All that is given must be true of an alert.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertQuery {
    /// Only of these cameras. Default: of all.
    #[param(value_type = Option<Vec<String>>)]
    #[serde(default)]
    camera_id: Vec<Id>,
    /// Captured at this time or later: RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Captured before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// Kinds of rules. Without it: all but crossings of lines, which are counts.
    #[param(value_type = Option<Vec<AlertKind>>)]
    #[serde(default)]
    kind: Vec<AlertKind>,
    /// Only of these severities. Default: of all.
    #[param(value_type = Option<Vec<Severity>>)]
    #[serde(default)]
    severity: Vec<Severity>,
    /// Kinds of road users.
    #[param(value_type = Option<Vec<RoadUserClass>>)]
    #[serde(default)]
    class: Vec<RoadUserClass>,
    /// States of the review.
    #[param(value_type = Option<Vec<ReviewState>>)]
    #[serde(default)]
    state: Vec<ReviewState>,
    /// Raised by this rule of its camera.
    rule_id: Option<String>,
    /// About this zone of its camera.
    zone_id: Option<String>,
    /// Whether it goes on.
    open: Option<bool>,
    /// Whether the person who asks has seen it. A program has seen none.
    seen: Option<bool>,
}

impl AlertQuery {
    pub(super) fn checked(self, site_id: Option<&str>) -> Result<AlertFilter, Problem> {
        let ids = self.camera_id.into_iter().map(|id| id.0).collect();
        check_times(self.from, self.to)?;
        Ok(AlertFilter {
            cameras: Cameras { site_id: site_id.map(str::to_owned), ids },
            from: self.from.map(|time| time.0),
            to: self.to.map(|time| time.0),
            kinds: numbers(&self.kind),
            severities: numbers(&self.severity),
            classes: numbers(&self.class),
            states: self.state.into_iter().map(ReviewState::into).collect(),
            rule_id: self.rule_id,
            zone_id: self.zone_id,
            open: self.open,
            seen: self.seen,
        })
    }
}
