use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;
use vru_runtime::kafka::Partition;
use vru_runtime::retry::Retryable;

/// What can go wrong between the sink and PostgreSQL.
#[derive(Debug, Error)]
pub enum PostgresError {
    /// No connection.
    #[error("cannot connect to PostgreSQL at {place}")]
    Connect {
        /// Host, port and database.
        place: String,
        /// Why not.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The TLS settings cannot be used.
    #[error("cannot set up TLS to PostgreSQL with the certificates of {certificates}")]
    Tls {
        /// Where certificates were looked for.
        certificates: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A statement failed.
    #[error("cannot {operation} in PostgreSQL")]
    Statement {
        /// What was tried, as a verb.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: tokio_postgres::Error,
    },
    /// No answer. Whether it was done is not known; the stored positions will tell.
    #[error("PostgreSQL did not answer within {} s when asked to {operation}", after.as_secs_f32())]
    Timeout {
        /// What was tried, as a verb.
        operation: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// Another consumer took the partition over: nothing was written.
    #[error("partition {partition} is another consumer's now: epoch {found}, ours is {held}")]
    Fenced {
        /// Which.
        partition: Partition,
        /// The epoch this consumer was given.
        held: i64,
        /// The epoch that the database holds.
        found: i64,
    },
    /// The migrations failed.
    #[error("cannot migrate the database")]
    Migrate(#[source] Box<refinery::Error>),
}

impl PostgresError {
    /// For `map_err` on a statement.
    pub(crate) fn statement(operation: &'static str) -> impl Fn(tokio_postgres::Error) -> Self + Copy {
        move |source| Self::Statement { operation, source }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Statement { source, .. } | Self::Connect { source, .. } => source.code(),
            _ => None,
        }
    }

    /// Rows of this batch are there already.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.state() == Some(&SqlState::UNIQUE_VIOLATION)
    }

    /// The data itself was refused: the same rows will be refused again.
    pub(crate) fn is_data(&self) -> bool {
        self.state().is_some_and(|state| {
            let code = state.code();
            code.starts_with("22") || (code.starts_with("23") && *state != SqlState::UNIQUE_VIOLATION)
        })
    }

    /// What a person should do, where waiting alone does not help.
    pub(crate) fn advice(&self) -> &'static str {
        match self.state() {
            Some(state) if *state == SqlState::UNDEFINED_TABLE || *state == SqlState::UNDEFINED_COLUMN => {
                " (run `vru-sink migrate`)"
            }
            Some(state) if *state == SqlState::INVALID_PASSWORD => " (check postgres.user and postgres.password)",
            _ => "",
        }
    }
}

impl Retryable for PostgresError {
    fn is_retryable(&self) -> bool {
        match self {
            // Also missing tables and wrong passwords: a person mends them while the sink waits.
            Self::Connect { .. } | Self::Timeout { .. } => true,
            Self::Statement { .. } => !self.is_data(),
            Self::Tls { .. } | Self::Fenced { .. } | Self::Migrate(_) => false,
        }
    }
}
