//! What people say about alerts: tables `alert_reviews` and `alert_comments`. All of it goes with its alert.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use crate::audit::Actor;
use crate::postgres::DatabaseError;
use crate::search::rows;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    New,
    Acknowledged,
    /// As false.
    Dismissed,
}

impl ReviewState {
    pub const ALL: [Self; 3] = [Self::New, Self::Acknowledged, Self::Dismissed];

    pub(crate) fn number(self) -> i16 {
        match self {
            Self::New => 1,
            Self::Acknowledged => 2,
            Self::Dismissed => 3,
        }
    }

    fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// Why an alert is false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DismissalReason {
    NobodyThere,
    OtherClass,
    OtherPlace,
    Allowed,
    Repetition,
    Test,
    Other,
}

impl DismissalReason {
    pub const ALL: [Self; 7] = [
        Self::NobodyThere,
        Self::OtherClass,
        Self::OtherPlace,
        Self::Allowed,
        Self::Repetition,
        Self::Test,
        Self::Other,
    ];

    fn number(self) -> i16 {
        match self {
            Self::NobodyThere => 1,
            Self::OtherClass => 2,
            Self::OtherPlace => 3,
            Self::Allowed => 4,
            Self::Repetition => 5,
            Self::Test => 6,
            Self::Other => 7,
        }
    }

    fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}

/// Who did something. Both ids are empty if nobody did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// Empty for an API key.
    pub user_id: String,
    /// Empty for a person.
    pub key_id: String,
    /// As others see the person; `None` if there is none, or no more.
    pub name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    pub state: ReviewState,
    /// Only of a dismissed one.
    pub reason: Option<DismissalReason>,
    pub note: String,
    /// Grows by one with each change; 0 before the first.
    pub version: i64,
    /// `None` before the first change.
    pub changed_at: Option<SystemTime>,
    pub author: Author,
}

impl Review {
    /// Of a row with the columns of `alert_reviews` and the name of the user, all null before the first change.
    pub(crate) fn read(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let state: Option<i16> = row.try_get("state")?;
        let reason: Option<i16> = row.try_get("reason")?;
        let text = |column: &str| Ok(row.try_get::<_, Option<String>>(column)?.unwrap_or_default());
        Ok(Self {
            // A state of a newer version needs somebody's attention here.
            state: state.and_then(ReviewState::from_number).unwrap_or(ReviewState::New),
            reason: reason.and_then(DismissalReason::from_number),
            note: text("note")?,
            version: row.try_get::<_, Option<i64>>("version")?.unwrap_or(0),
            changed_at: row.try_get("changed_at")?,
            author: Author { user_id: text("user_id")?, key_id: text("key_id")?, name: row.try_get("display_name")? },
        })
    }
}

/// A comment on an alert.
#[derive(Debug, Clone, Copy)]
pub struct NewReview<'a> {
    pub state: ReviewState,
    pub reason: Option<DismissalReason>,
    pub note: &'a str,
}

/// The review of an alert. Of one that has none it is the state before the first change.
pub async fn find<C: GenericClient>(client: &C, alert_id: &str) -> Result<Option<Review>, DatabaseError> {
    let failed = DatabaseError::statement("read a review");
    let sql = "SELECT r.state, r.reason, r.note, r.version, r.changed_at, r.user_id, r.key_id, u.display_name FROM alerts a \
         LEFT JOIN alert_reviews r ON r.alert_id = a.id LEFT JOIN users u ON u.id = r.user_id WHERE a.id = $1";
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&alert_id]).await.map_err(failed)?;
    row.map(|row| Review::read(&row).map_err(failed)).transpose()
}

/// Changes the review of that version. Returns whether it had it, and the alert exists.
pub async fn change<C: GenericClient>(
    client: &C,
    actor: &Actor,
    alert_id: &str,
    version: i64,
    new: NewReview<'_>,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("change a review");
    let NewReview { state, reason, note } = new;
    let (state, reason) = (state.number(), reason.map_or(0, DismissalReason::number));
    let Actor { user_id, key_id, .. } = actor;
    let changed = if version == 0 {
        // The alert may have gone since it was found.
        let sql = "INSERT INTO alert_reviews (alert_id, state, reason, note, user_id, key_id) \
             SELECT id, $2, $3, $4, $5, $6 FROM alerts WHERE id = $1 FOR KEY SHARE ON CONFLICT DO NOTHING";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&alert_id, &state, &reason, &note, user_id, key_id]).await
    } else {
        let sql = "UPDATE alert_reviews SET state = $2, reason = $3, note = $4, user_id = $5, key_id = $6, \
             version = version + 1, changed_at = now() WHERE alert_id = $1 AND version = $7";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        client.execute(&statement, &[&alert_id, &state, &reason, &note, user_id, key_id, &version]).await
    };
    Ok(changed.map_err(failed)? == 1)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub id: i64,
    pub at: SystemTime,
    pub author: Author,
    pub comment: String,
}

const COMMENT_COLUMNS: &str = "m.id, m.at, m.user_id, m.key_id, m.comment, u.display_name";

/// At most `limit` comments on an alert, the oldest first, after the id `after`.
pub async fn comments<C: GenericClient>(
    client: &C,
    alert_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Comment>, DatabaseError> {
    let failed = DatabaseError::statement("read comments");
    let sql = format!(
        "SELECT {COMMENT_COLUMNS} FROM alert_comments m LEFT JOIN users u ON u.id = m.user_id \
         WHERE m.alert_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    rows("read comments", client.query(&statement, &[&alert_id, &after, &limit]).await, comment)
}

/// In a transaction. Adds a comment to an alert that has less than `most`; `None` if it has them, or is gone.
pub async fn add_comment<C: GenericClient>(
    client: &C,
    actor: &Actor,
    alert_id: &str,
    text: &str,
    most: i64,
) -> Result<Option<Comment>, DatabaseError> {
    let failed = DatabaseError::statement("add a comment");
    // One at a time for each alert, so that the count holds.
    let statement =
        client.prepare_cached("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").await.map_err(failed)?;
    client.query_one(&statement, &[&alert_id]).await.map_err(failed)?;
    let sql = format!(
        "WITH m AS (INSERT INTO alert_comments (alert_id, user_id, key_id, comment) SELECT id, $2, $3, $4 FROM alerts \
         WHERE id = $1 AND (SELECT count(*) FROM alert_comments WHERE alert_id = $1) < $5 FOR KEY SHARE RETURNING *) \
         SELECT {COMMENT_COLUMNS} FROM m LEFT JOIN users u ON u.id = m.user_id"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let Actor { user_id, key_id, .. } = actor;
    let row = client.query_opt(&statement, &[&alert_id, user_id, key_id, &text, &most]).await.map_err(failed)?;
    row.map(|row| comment(&row).map_err(failed)).transpose()
}

/// The comment of the alert; nobody else deletes it until the end of the transaction.
pub async fn lock_comment<C: GenericClient>(
    client: &C,
    alert_id: &str,
    id: i64,
) -> Result<Option<Comment>, DatabaseError> {
    let failed = DatabaseError::statement("read a comment");
    let sql = format!(
        "SELECT {COMMENT_COLUMNS} FROM alert_comments m LEFT JOIN users u ON u.id = m.user_id \
         WHERE m.alert_id = $1 AND m.id = $2 FOR UPDATE OF m"
    );
    let statement = client.prepare_cached(&sql).await.map_err(failed)?;
    let row = client.query_opt(&statement, &[&alert_id, &id]).await.map_err(failed)?;
    row.map(|row| comment(&row).map_err(failed)).transpose()
}

pub async fn delete_comment<C: GenericClient>(client: &C, id: i64) -> Result<(), DatabaseError> {
    let failed = DatabaseError::statement("delete a comment");
    let statement = client.prepare_cached("DELETE FROM alert_comments WHERE id = $1").await.map_err(failed)?;
    client.execute(&statement, &[&id]).await.map(drop).map_err(failed)
}

fn comment(row: &Row) -> Result<Comment, tokio_postgres::Error> {
    Ok(Comment {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        author: Author {
            user_id: row.try_get("user_id")?,
            key_id: row.try_get("key_id")?,
            name: row.try_get("display_name")?,
        },
        comment: row.try_get("comment")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_reasons_keep_what_is_stored_of_them() {
        for state in ReviewState::ALL {
            assert_eq!(ReviewState::from_number(state.number()), Some(state));
        }
        for reason in DismissalReason::ALL {
            assert_eq!(DismissalReason::from_number(reason.number()), Some(reason));
        }
        assert_eq!((ReviewState::from_number(0), DismissalReason::from_number(0)), (None, None));
    }
}
