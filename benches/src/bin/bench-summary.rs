//! Prints the table of all rows that were measured and writes `target/bench/summary.json`.

use std::fs;

use anyhow::{Context as _, ensure};
use vru_benches::machine::Machine;
use vru_benches::row::Row;
use vru_benches::{results, table};

// The order of the table is the order of the pipeline.
const ORDER: [&str; 10] = [
    "preprocess",
    "postprocess",
    "tracker",
    "infer_worker",
    "ingest",
    "memory",
    "bus",
    "postgres",
    "alerts",
    "glass_to_alert",
];

fn main() -> anyhow::Result<()> {
    let folder = results().join("rows");
    let files = fs::read_dir(&folder).with_context(|| format!("read {}: run `make bench`", folder.display()))?;
    let mut rows: Vec<Row> = Vec::new();
    for file in files {
        let path = file?.path();
        let text = fs::read_to_string(&path)?;
        rows.push(serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?);
    }
    ensure!(!rows.is_empty(), "{} has no row: run `make bench`", folder.display());
    let place = |row: &Row| ORDER.iter().position(|name| row.name.starts_with(name)).unwrap_or(ORDER.len());
    rows.sort_by_key(|row| (place(row), row.name.clone()));
    fs::write(results().join("summary.json"), serde_json::to_string_pretty(&rows)? + "\n")?;
    let machine = Machine::here();
    fs::write(results().join("machine.json"), serde_json::to_string_pretty(&machine)? + "\n")?;
    print(&table::render(&machine, &rows));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what this program is for")]
fn print(text: &str) {
    print!("{text}");
}
