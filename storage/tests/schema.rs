//! `docs/schema.md` describes what the migrations make, and its example queries work.
//!
//! `VRU_BLESS=1 cargo test -p vru-storage --test schema` writes the generated part.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use vru_runtime::secret::Secret;
use vru_runtime::test_util::postgres;
use vru_storage::postgres::{DatabaseConfig, migrate};

const BEGIN: &str = "<!-- generated: VRU_BLESS=1 cargo test -p vru-storage --test schema -->\n";
const END: &str = "<!-- end of the generated part -->\n";

fn document() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/schema.md")
}

async fn migrated() -> String {
    let url = postgres().database();
    let database = DatabaseConfig { url: Secret::new(url.clone()), ..DatabaseConfig::default() };
    migrate(&database, "test").await.expect("the migrations can be applied");
    url
}

/// Each table, without the table of the migrations themselves and the partitions.
const TABLES: &str = "SELECT c.relname, coalesce(obj_description(c.oid), ''), coalesce(pg_get_partkeydef(c.oid), ''), \
     coalesce(array_to_string(c.reloptions, ', '), '') \
     FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
     AND c.relname <> 'refinery_schema_history' ORDER BY c.relname";

fn columns(table: &str) -> String {
    format!(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '' ELSE 'yes' END, \
         coalesce(col_description(a.attrelid, a.attnum), '') FROM pg_attribute a \
         WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
}

fn indexes(table: &str) -> String {
    format!(
        "SELECT i.indexrelid::regclass, CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique' ELSE '' END, \
         regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') FROM pg_index i \
         WHERE i.indrelid = '{table}'::regclass ORDER BY NOT i.indisprimary, i.indexrelid::regclass::text"
    )
}

/// A comment may begin with a unit in brackets.
fn unit_and_meaning(comment: &str) -> (&str, &str) {
    comment.strip_prefix('[').and_then(|rest| rest.split_once("] ")).unwrap_or(("", comment))
}

fn describe(url: &str) -> String {
    let mut text = String::new();
    for table in postgres().query(url, TABLES) {
        let [name, comment, partition_key, options] = &table[..] else { panic!("{table:?}") };
        assert!(!comment.is_empty(), "table {name} has no comment: add COMMENT ON TABLE to its migration");
        writeln!(
            text,
            "\n### `{name}`\n\n{comment}\n\n| column | type | null | unit | meaning |\n| --- | --- | --- | --- | --- |"
        )
        .unwrap_or_default();
        for column in postgres().query(url, &columns(name)) {
            let [column, kind, null, comment] = &column[..] else { panic!("{column:?}") };
            assert!(
                !comment.is_empty(),
                "column {name}.{column} has no comment: add COMMENT ON COLUMN to its migration"
            );
            let (unit, meaning) = unit_and_meaning(comment);
            writeln!(text, "| `{column}` | {kind} | {null} | {unit} | {meaning} |").unwrap_or_default();
        }
        text.push('\n');
        for index in postgres().query(url, &indexes(name)) {
            let [index, kind, definition] = &index[..] else { panic!("{index:?}") };
            let kind = if kind.is_empty() { "index" } else { kind };
            writeln!(text, "- {kind} `{index}`: {definition}").unwrap_or_default();
        }
        if !partition_key.is_empty() {
            writeln!(
                text,
                "- partitioned by {partition_key}: a partition for each day (UTC), `{name}_default` for all other times"
            )
            .unwrap_or_default();
        }
        if !options.is_empty() {
            writeln!(text, "- storage: {options}").unwrap_or_default();
        }
    }
    text.push('\n');
    text
}

#[tokio::test]
async fn the_schema_document_describes_what_the_migrations_make() {
    let fresh = describe(&migrated().await);
    let text = fs::read_to_string(document()).expect("docs/schema.md can be read");
    let (before, rest) = text.split_once(BEGIN).expect("docs/schema.md has the generated part");
    let (kept, after) = rest.split_once(END).expect("the generated part ends");
    if std::env::var_os("VRU_BLESS").is_some() {
        fs::write(document(), format!("{before}{BEGIN}{fresh}{END}{after}")).expect("docs/schema.md can be written");
        return;
    }
    assert!(
        kept == fresh,
        "docs/schema.md is stale: run `VRU_BLESS=1 cargo test -p vru-storage --test schema`\n{fresh}"
    );
}

/// The example queries.
fn examples() -> Vec<String> {
    let text = fs::read_to_string(document()).expect("docs/schema.md can be read");
    let blocks = text.split("```sql\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().trim().to_owned()).collect()
}

#[tokio::test]
async fn each_example_query_runs_and_finds_rows() {
    let url = migrated().await;
    postgres().query(&url, include_str!("example_rows.sql"));
    let examples = examples();
    assert!(examples.len() >= 10, "{} examples", examples.len());
    for example in examples {
        assert!(
            !postgres().query(&url, &example).is_empty(),
            "finds nothing in storage/tests/example_rows.sql:\n{example}"
        );
    }
}
