//! What people say about an alert, as requests and answers have it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::reviews::{self, Author};

use crate::http::{Problem, Tagged};
use crate::routes::text::{check_lines, time};

const LONGEST_NOTE: usize = 1000;

/// Where an alert is in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReviewState {
    /// Not dealt with yet, or reopened.
    New,
    /// Somebody has dealt with it.
    Acknowledged,
    /// It was false.
    Dismissed,
}

/// Why an alert is false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DismissalReason {
    /// No road user was there: a shadow, a reflection, a thing.
    NobodyThere,
    /// It was another kind of road user.
    OtherClass,
    /// It was not in the zone.
    OtherPlace,
    /// It was allowed to be there.
    Allowed,
    /// Another alert says the same.
    Repetition,
    /// Somebody tried the rule.
    Test,
    /// As the note says.
    Other,
}

/// The state of an alert in the inbox.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Review {
    state: ReviewState,
    /// Only of a dismissed alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<DismissalReason>,
    /// What the person wrote with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    /// Grows by one with each change, from 0. Who changes the review sends it as If-Match: `"0"`.
    version: i64,
    /// When it was changed last; absent before the first change. The audit log has all changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    changed_at: Option<String>,
    #[serde(flatten)]
    author: WrittenBy,
}

/// Who wrote something: a person or a program's key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WrittenBy {
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    key_id: String,
    /// As others see the person; absent if there is none, or no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
}

/// A comment on an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedReview {
    pub(super) state: ReviewState,
    /// Needed to dismiss an alert, and only then.
    #[serde(default)]
    reason: Option<DismissalReason>,
    /// Needed with the reason `other`.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: String,
}

impl WantedReview {
    pub(super) fn checked(&self) -> Result<reviews::NewReview<'_>, Problem> {
        let Self { state, reason, note } = self;
        match (state, reason) {
            (ReviewState::Dismissed, None) => {
                return Err(Problem::field("reason", "is missing: say why the alert is false"));
            }
            (ReviewState::New | ReviewState::Acknowledged, Some(_)) => {
                return Err(Problem::field("reason", "is only for dismissed alerts"));
            }
            _ => {}
        }
        check_lines("note", note, LONGEST_NOTE)?;
        if *reason == Some(DismissalReason::Other) && note.trim().is_empty() {
            return Err(Problem::field("note", "is missing: say what the other reason is"));
        }
        Ok(reviews::NewReview { state: (*state).into(), reason: reason.map(DismissalReason::into), note })
    }
}

impl From<reviews::Review> for Review {
    fn from(review: reviews::Review) -> Self {
        let reviews::Review { state, reason, note, version, changed_at, author } = review;
        Self {
            state: state.into(),
            reason: reason.map(DismissalReason::from),
            note,
            version,
            changed_at: changed_at.map(time),
            author: author.into(),
        }
    }
}

impl Review {
    /// For the audit log.
    pub(super) fn reason(review: &reviews::Review) -> Option<DismissalReason> {
        review.reason.map(DismissalReason::from)
    }
}

impl From<reviews::Review> for Tagged<Review> {
    fn from(review: reviews::Review) -> Self {
        Self { version: review.version, body: review.into() }
    }
}

impl From<Author> for WrittenBy {
    fn from(author: Author) -> Self {
        let Author { user_id, key_id, name } = author;
        Self { user_id, key_id, user_name: name }
    }
}

impl From<reviews::ReviewState> for ReviewState {
    fn from(state: reviews::ReviewState) -> Self {
        match state {
            reviews::ReviewState::New => Self::New,
            reviews::ReviewState::Acknowledged => Self::Acknowledged,
            reviews::ReviewState::Dismissed => Self::Dismissed,
        }
    }
}

impl From<ReviewState> for reviews::ReviewState {
    fn from(state: ReviewState) -> Self {
        match state {
            ReviewState::New => Self::New,
            ReviewState::Acknowledged => Self::Acknowledged,
            ReviewState::Dismissed => Self::Dismissed,
        }
    }
}

impl From<reviews::DismissalReason> for DismissalReason {
    fn from(reason: reviews::DismissalReason) -> Self {
        match reason {
            reviews::DismissalReason::NobodyThere => Self::NobodyThere,
            reviews::DismissalReason::OtherClass => Self::OtherClass,
            reviews::DismissalReason::OtherPlace => Self::OtherPlace,
            reviews::DismissalReason::Allowed => Self::Allowed,
            reviews::DismissalReason::Repetition => Self::Repetition,
            reviews::DismissalReason::Test => Self::Test,
            reviews::DismissalReason::Other => Self::Other,
        }
    }
}

impl From<DismissalReason> for reviews::DismissalReason {
    fn from(reason: DismissalReason) -> Self {
        match reason {
            DismissalReason::NobodyThere => Self::NobodyThere,
            DismissalReason::OtherClass => Self::OtherClass,
            DismissalReason::OtherPlace => Self::OtherPlace,
            DismissalReason::Allowed => Self::Allowed,
            DismissalReason::Repetition => Self::Repetition,
            DismissalReason::Test => Self::Test,
            DismissalReason::Other => Self::Other,
        }
    }
}
