//! Which migrations the database has, compared with those of this program.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::error::DatabaseError;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// What a database has that this program can work on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Schema {
    /// The migrations that this program does not know, because it is older than the schema. Migrations only add, so it works on.
    pub unknown: Vec<String>,
}

impl Schema {
    /// Tells in the log that the program is older than the schema.
    pub fn log(&self) {
        if !self.unknown.is_empty() {
            let unknown = self.unknown.join(", ");
            tracing::warn!(unknown, "this program is older than the database's schema: update it");
        }
    }
}

/// Applies migrations in the order of their versions. Unknown ones, of a newer program, are no error.
pub(super) fn runner() -> refinery::Runner {
    embedded::migrations::runner().set_abort_missing(false)
}

/// Compares the schema with the migrations of this program. An error when one is missing, or was applied in another form.
pub async fn check_schema(client: &Client) -> Result<Schema, DatabaseError> {
    let rows =
        match client.query("SELECT version, name, checksum FROM refinery_schema_history ORDER BY version", &[]).await {
            Ok(rows) => rows,
            // Nothing was ever migrated.
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Vec::new(),
            Err(error) => return Err(DatabaseError::statement("read the applied migrations")(error)),
        };
    let runner = runner();
    let mut own: Vec<_> = runner.get_migrations().iter().collect();
    own.sort();
    let mut unknown = Vec::new();
    for row in rows {
        let (version, name, checksum): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
        let applied = format!("V{version}__{name}");
        let Some(at) = own.iter().position(|migration| migration.version() == version) else {
            unknown.push(applied);
            continue;
        };
        let migration = own.remove(at);
        if migration.name() != name || migration.checksum().to_string() != checksum {
            return Err(DatabaseError::OtherMigration { applied, own: migration.to_string() });
        }
    }
    if own.is_empty() {
        return Ok(Schema { unknown });
    }
    let missing: Vec<_> = own.iter().map(ToString::to_string).collect();
    Err(DatabaseError::OldSchema { missing: missing.join(", ") })
}

#[cfg(test)]
mod tests {
    use vru_runtime::secret::Secret;
    use vru_runtime::test_util::postgres;

    use super::super::{DatabaseConfig, connect, migrate};
    use super::*;

    async fn after(changes: &str) -> Result<Schema, DatabaseError> {
        let database = DatabaseConfig { url: Secret::new(postgres().database()), ..DatabaseConfig::default() };
        let _applied = migrate(&database, "test").await.unwrap();
        let client = connect(&database, "test").await.unwrap();
        client.batch_execute(changes).await.unwrap();
        let checked = check_schema(&client).await;
        // Migrating again repairs what it can, and says so.
        match migrate(&database, "test").await {
            Ok(_) => assert!(check_schema(&client).await.is_ok(), "{changes}"),
            Err(_) => assert!(check_schema(&client).await.is_err(), "{changes}"),
        }
        checked
    }

    #[tokio::test]
    async fn a_migrated_database_is_as_this_program_knows_it() {
        assert_eq!(after("SELECT 1").await.unwrap(), Schema { unknown: Vec::new() });
    }

    #[tokio::test]
    async fn an_empty_database_lacks_every_migration() {
        let database = DatabaseConfig { url: Secret::new(postgres().database()), ..DatabaseConfig::default() };
        let client = connect(&database, "test").await.unwrap();
        let error = check_schema(&client).await.unwrap_err();
        let count = runner().get_migrations().len();
        assert!(
            matches!(&error, DatabaseError::OldSchema { missing } if missing.split(", ").count() == count),
            "{error}"
        );
        assert!(error.advice().contains("vru-sink migrate"), "{}", error.advice());
    }

    #[tokio::test]
    async fn a_program_older_than_the_schema_works_on_and_names_what_it_does_not_know() {
        let newer = "INSERT INTO refinery_schema_history VALUES (9999, 'from_tomorrow', '2100-01-01T00:00:00Z', '1')";
        assert_eq!(after(newer).await.unwrap().unknown, ["V9999__from_tomorrow"]);
    }

    #[tokio::test]
    async fn a_missing_migration_is_an_error_also_below_newer_ones() {
        let without = "DELETE FROM refinery_schema_history WHERE version = 9";
        let error = after(without).await.unwrap_err();
        assert!(matches!(&error, DatabaseError::OldSchema { missing } if missing == "V9__api_keys"), "{error}");
    }

    #[tokio::test]
    async fn a_migration_that_was_applied_in_another_form_is_an_error() {
        for change in ["checksum = '1'", "name = 'other'"] {
            let error =
                after(&format!("UPDATE refinery_schema_history SET {change} WHERE version = 9")).await.unwrap_err();
            assert!(matches!(error, DatabaseError::OtherMigration { .. }), "{error}");
        }
    }
}
