use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

/// A failed access to PostgreSQL.
#[derive(Debug, Error)]
pub enum DatabaseError {
    #[error("cannot connect to PostgreSQL at {location}")]
    Connect {
        /// `host:port/database`.
        location: String,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("cannot use the settings of the PostgreSQL connection: {problems}")]
    Settings {
        /// Key and problem of each; contains no secret.
        problems: String,
    },
    #[error("cannot {operation} in PostgreSQL")]
    Statement {
        /// What was tried, as a verb.
        operation: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server did not answer. Whether the operation took effect is unknown.
    #[error("PostgreSQL did not answer within {} s: cannot {operation}", after.as_secs_f32())]
    Timeout {
        /// What was tried, as a verb.
        operation: &'static str,
        after: Duration,
    },
    #[error("cannot migrate the database")]
    Migrate(#[source] Box<refinery::Error>),
}

impl DatabaseError {
    /// For `map_err` on a statement. `operation` is what was tried, as a verb.
    pub fn statement(operation: &'static str) -> impl Fn(tokio_postgres::Error) -> Self + Copy {
        move |source| Self::Statement { operation, source }
    }

    /// What failed: one of few values, for use as a metric label.
    pub fn operation(&self) -> &'static str {
        match self {
            Self::Statement { operation, .. } | Self::Timeout { operation, .. } => operation,
            Self::Connect { .. } | Self::Settings { .. } => "connect",
            Self::Migrate(_) => "migrate",
        }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Statement { source, .. } | Self::Connect { source, .. } => source.code(),
            _ => None,
        }
    }

    /// Whether a row with the same key exists already.
    pub fn is_duplicate(&self) -> bool {
        self.state() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// Whether the server rejected the values themselves, so that a retry with the same rows fails again.
    pub fn is_data(&self) -> bool {
        self.state().is_some_and(|state| {
            let code = state.code();
            // Classes 22, data exception, and 23, integrity constraint violation.
            code.starts_with("22") || (code.starts_with("23") && *state != SqlState::UNIQUE_VIOLATION)
        })
    }

    /// What the operator can do if a retry alone does not help; empty otherwise. To be appended to the message.
    pub fn advice(&self) -> &'static str {
        match self.state() {
            Some(state) if *state == SqlState::UNDEFINED_TABLE || *state == SqlState::UNDEFINED_COLUMN => {
                " (run `vru-sink migrate`)"
            }
            Some(state) if *state == SqlState::INVALID_PASSWORD => " (check postgres.user and postgres.password)",
            _ => "",
        }
    }
}
