//! One row of the table.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::measure::Turns;
use crate::results;

/// The goal of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Ours ÷ reference at most.
    AtMost(f64),
    /// Ours ÷ reference at least.
    AtLeast(f64),
    /// Reference ÷ ours at least.
    Faster(f64),
    /// Ours at most, in the row's unit, independent of the peer.
    Within(f64),
    /// Ours at least, in the row's unit, independent of the peer.
    Reaches(f64),
    /// Ours ≤ reference + this much, in the row's unit.
    Over(f64),
    /// Ours equals the reference.
    Equals,
    /// No goal: the figure is for comparison.
    None,
}

/// One row of the table, as in `summary.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchRow {
    /// Bench and variant.
    pub name: String,
    pub ours: f64,
    pub reference: f64,
    /// Unit of both figures.
    pub unit: String,
    /// Ours ÷ reference, or reference ÷ ours where the goal says "faster".
    pub ratio: f64,
    /// The goal in words.
    pub goal: String,
    /// Whether the goal was met; none without a goal.
    pub met: Option<bool>,
    /// What the reference is, with versions.
    pub peer: String,
    /// Number of turns of which each figure is the median.
    pub turns: usize,
}

impl BenchRow {
    /// Makes a row. The figures of `turns` times `scale` are in `unit`.
    pub fn of(name: &str, turns: &Turns, scale: f64, unit: &str, goal: Goal, peer: &str) -> Self {
        let (ours, reference) = (turns.ours() * scale, turns.peers() * scale);
        let straight = ours / reference;
        let (ratio, goal, met) = match goal {
            Goal::AtMost(most) => (straight, format!("<= {most}"), Some(straight <= most)),
            Goal::AtLeast(least) => (straight, format!(">= {least}"), Some(straight >= least)),
            Goal::Faster(least) => {
                let faster = reference / ours;
                (faster, format!(">= {least}x faster"), Some(faster >= least))
            }
            Goal::Within(most) => (straight, format!("<= {most} {unit}"), Some(ours <= most)),
            Goal::Reaches(least) => (straight, format!(">= {least} {unit}"), Some(ours >= least)),
            Goal::Over(most) => (straight, format!("<= reference + {most} {unit}"), Some(ours - reference <= most)),
            Goal::Equals => (straight, "= reference".to_owned(), Some((ours - reference).abs() < 0.5)),
            Goal::None => (straight, "-".to_owned(), None),
        };
        let turns = turns.len();
        Self {
            name: name.to_owned(),
            ours,
            reference,
            unit: unit.to_owned(),
            ratio,
            goal,
            met,
            peer: peer.to_owned(),
            turns,
        }
    }

    /// Writes the row to a file, from which `bench-summary` reads it.
    pub fn save(&self) {
        let folder = folder();
        fs::create_dir_all(&folder).expect("target can be written");
        let file = folder.join(format!("{}.json", file_stem(&self.name)));
        let text = serde_json::to_string_pretty(self).expect("a row is plain data");
        fs::write(file, text).expect("target can be written");
    }
}

fn folder() -> PathBuf {
    results().join("rows")
}

fn file_stem(name: &str) -> String {
    name.replace(['/', ' '], "-")
}

/// Deletes the rows of an earlier run whose names begin with `prefix`, for a bench whose rows differ from run to run.
pub fn delete_rows(prefix: &str) {
    let prefix = file_stem(prefix);
    for file in fs::read_dir(folder()).into_iter().flatten().flatten() {
        if file.file_name().to_string_lossy().starts_with(&prefix) {
            fs::remove_file(file.path()).expect("target can be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: f64, reference: f64, goal: Goal) -> BenchRow {
        let mut turns = Turns::default();
        turns.add(ours, reference);
        BenchRow::of("name", &turns, 1000.0, "ms", goal, "peer")
    }

    #[test]
    fn each_goal_is_compared_in_its_direction() {
        assert_eq!(row(1.0, 4.0, Goal::AtMost(0.25)).met, Some(true));
        assert_eq!(row(1.1, 4.0, Goal::AtMost(0.25)).met, Some(false));
        assert_eq!(row(9.0, 10.0, Goal::AtLeast(0.9)).met, Some(true));
        assert_eq!(row(8.9, 10.0, Goal::AtLeast(0.9)).met, Some(false));
        let faster = row(1.0, 20.0, Goal::Faster(20.0));
        assert_eq!((faster.met, faster.ours, faster.ratio), (Some(true), 1000.0, 20.0));
        assert_eq!(row(0.004, 20.0, Goal::Within(5.0)).met, Some(true));
        assert_eq!(row(0.004, 20.0, Goal::Reaches(5.0)).met, Some(false));
        assert_eq!(row(0.0799, 0.02, Goal::Over(60.0)).met, Some(true));
        assert_eq!(row(0.081, 0.02, Goal::Over(60.0)).met, Some(false));
        assert_eq!(row(8.0, 8.0, Goal::Equals).met, Some(true));
        assert_eq!(row(7.999, 8.0, Goal::Equals).met, Some(false));
        assert_eq!(row(1.0, 20.0, Goal::None).met, None);
    }

    #[test]
    fn nan_meets_no_goal() {
        assert_eq!(row(f64::NAN, 1.0, Goal::AtMost(2.0)).met, Some(false));
    }
}
