use std::error::Error;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};

/// A failed access to PostgreSQL.
#[derive(Debug, thiserror::Error)]
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
    /// A table that was detached, or made by somebody else, has the name of a partition.
    #[error("{partition} exists but is not a partition: attach it, or give it another name")]
    Detached { partition: String },
    /// The idempotency key of a request is used already.
    #[error("a request with the same idempotency key was served")]
    Repeated,
    /// The program is newer than the schema.
    #[error("the database lacks migrations of this program: {missing}")]
    OldSchema {
        /// Their names.
        missing: String,
    },
    /// A migration was changed after it was applied, or the database belongs to another program.
    #[error("the database has the migration {applied}, which differs from this program's {own}")]
    OtherMigration {
        applied: String,
        /// The name of this program's migration with the same version.
        own: String,
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
            Self::Detached { .. } => "make a partition",
            Self::Repeated => "use an idempotency key",
            Self::OldSchema { .. } | Self::OtherMigration { .. } => "check the schema",
            Self::Migrate(_) => "migrate",
        }
    }

    fn database_error(&self) -> Option<&DbError> {
        match self {
            Self::Statement { source, .. } | Self::Connect { source, .. } => source.as_db_error(),
            _ => None,
        }
    }

    /// Whether the connection ended. Whether the operation took effect is unknown.
    pub fn is_lost_connection(&self) -> bool {
        let broken = |source: &tokio_postgres::Error| source.source().is_some_and(<dyn Error>::is::<std::io::Error>);
        matches!(self, Self::Statement { source, .. } if source.is_closed() || broken(source))
            || self.database_error().is_some_and(|error| {
                let code = error.code().code();
                // A server that was paused ends transactions that seem idle to it.
                code.starts_with("57P") || matches!(code, "25P03" | "25P04")
            })
    }

    /// Whether the server gave up for now: a statement or a lock took too long, it has no room, or another transaction was in the way. It
    /// changed nothing.
    pub fn is_momentary(&self) -> bool {
        let Some(error) = self.database_error() else { return false };
        let code = error.code().code();
        matches!(code, "57014" | "55P03" | "40001" | "40P01") || code.starts_with("53")
    }

    /// Whether a row with the same key exists already.
    pub fn is_duplicate(&self) -> bool {
        self.database_error().is_some_and(|error| *error.code() == SqlState::UNIQUE_VIOLATION)
    }

    /// Whether the server refused the values of a row, so that the same rows fail again while others may be stored. All other
    /// errors pass by themselves (lost connections, conflicts, a server that stops, a full disk) or when an operator acts (missing
    /// tables, missing permissions).
    pub fn is_refusal(&self) -> bool {
        let Some(error) = self.database_error() else { return false };
        match error.code().code() {
            // The server expects other columns or types: the tables were changed, and every row would fail.
            "22P03" | "22P04" => false,
            // Without a name it is no constraint of the table, but the bounds of its partitions: they are being changed.
            "23514" => error.constraint().is_some(),
            // Data exceptions, integrity constraints (a duplicate of another key, too), check options, limits such as the size of an
            // index row, and what triggers raise.
            code => ["22", "23", "44", "54", "P0"].iter().any(|class| code.starts_with(class)),
        }
    }

    /// The server's code and message, for `is_refusal`. Its details, which quote rows, are left out.
    pub fn refusal(&self) -> String {
        let Some(error) = self.database_error() else { return self.to_string() };
        format!("PostgreSQL refused the record: {}: {}", error.code().code(), error.message())
    }

    /// What the operator can do if a retry alone does not help; empty otherwise. To be appended to the message.
    pub fn advice(&self) -> &'static str {
        if matches!(self, Self::OldSchema { .. }) {
            return " (run `vru-sink migrate`)";
        }
        match self.database_error().map(|error| error.code().code()) {
            Some("42P01" | "42703" | "22P03" | "22P04") => " (run `vru-sink migrate`; do not change its tables)",
            Some("42501") => " (grant the role of postgres.user the missing privilege)",
            Some("28P01" | "28000") => " (check postgres.user and postgres.password)",
            Some("3D000") => " (create the database, or check postgres.database)",
            Some("53100") => " (free space on the database's disk)",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use vru_runtime::secret::Secret;
    use vru_runtime::test_util::postgres;

    use super::super::{DatabaseConfig, connect};
    use super::*;

    #[tokio::test]
    async fn only_errors_about_the_values_of_a_row_are_refusals() {
        let url = postgres().database();
        let config = DatabaseConfig { url: Secret::new(url), ..DatabaseConfig::default() };
        let client = connect(&config, "test").await.unwrap();
        let tables =
            "CREATE TABLE t (v int CONSTRAINT small CHECK (v < 10), w text NOT NULL DEFAULT 'x', u int UNIQUE);
            CREATE TABLE p (v int) PARTITION BY RANGE (v);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (5);
            CREATE INDEX ON t (w)";
        client.batch_execute(tables).await.unwrap();
        for (sql, refused) in [
            ("INSERT INTO t (v) VALUES (10)", true),
            ("INSERT INTO t (w) VALUES (NULL)", true),
            ("INSERT INTO t (u) VALUES (1), (1)", true),
            ("SELECT 10000000000::int", true),
            ("SELECT convert_from('\\xff', 'UTF8')", true),
            // Incompressible, and too large for a row of the index.
            ("INSERT INTO t (w) SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) i", true),
            ("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$", true),
            // No partition takes the row; the bounds of a partition.
            ("INSERT INTO p VALUES (7)", false),
            ("INSERT INTO p1 VALUES (7)", false),
            ("SELECT * FROM missing", false),
            ("SET ROLE pg_monitor; INSERT INTO t (v) VALUES (1)", false),
            ("RESET ROLE; SET statement_timeout = 1; SELECT pg_sleep(10)", false),
            ("SELECT 1 +", false),
        ] {
            let source = client.batch_execute(sql).await.unwrap_err();
            let error = DatabaseError::Statement { operation: "test", source };
            assert_eq!(error.is_refusal(), refused, "{sql}: {}", error.refusal());
        }
    }
}
