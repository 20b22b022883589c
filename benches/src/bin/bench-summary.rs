//! Prints the table of all measured rows and writes `target/bench/summary.json`.

use std::fs;

use anyhow::{Context as _, ensure};
use vru_benches::machine::Machine;
use vru_benches::row::BenchRow;
use vru_benches::{results, table};

// The order of the rows: the order of the pipeline.
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
    let mut rows: Vec<BenchRow> = Vec::new();
    for file in files {
        let path = file?.path();
        let text = fs::read_to_string(&path)?;
        rows.push(serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?);
    }
    ensure!(!rows.is_empty(), "{} has no rows: run `make bench`", folder.display());
    let position = |row: &BenchRow| ORDER.iter().position(|name| row.name.starts_with(name)).unwrap_or(ORDER.len());
    rows.sort_by_key(|row| (position(row), row.name.clone()));
    fs::write(results().join("summary.json"), serde_json::to_string_pretty(&rows)? + "\n")?;
    let machine = Machine::here();
    fs::write(results().join("machine.json"), serde_json::to_string_pretty(&machine)? + "\n")?;
    print(&table::render(&machine, &rows));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is the output of this program")]
fn print(text: &str) {
    print!("{text}");
}
