//! One line of the table.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::measure::Turns;
use crate::results;

/// What is to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// Ours ÷ reference at most.
    AtMost(f64),
    /// Ours ÷ reference at least.
    AtLeast(f64),
    /// Reference ÷ ours at least: so many times faster.
    Faster(f64),
    /// Ours at most, in the row's unit, whatever the peer needs.
    Within(f64),
    /// Ours at least, in the row's unit, whatever the peer reaches.
    Reaches(f64),
    /// Ours above the reference by so much at most, in the row's unit.
    Over(f64),
    /// Ours is the reference, to the last one.
    Equals,
    /// Nothing was promised; the figure is shown for comparison.
    None,
}

/// One line of the table, as `summary.json` has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which bench, and in which variant.
    pub name: String,
    /// Our figure.
    pub ours: f64,
    /// The peer's figure.
    pub reference: f64,
    /// Of both.
    pub unit: String,
    /// Ours ÷ reference, or reference ÷ ours where the goal says "faster".
    pub ratio: f64,
    /// What is to be reached, in words.
    pub goal: String,
    /// Whether it was; none where nothing was promised.
    pub met: Option<bool>,
    /// What the reference is, with versions.
    pub peer: String,
    /// Turns that each figure is the median of.
    pub turns: usize,
}

impl Row {
    /// From turns whose numbers are `1 / scale` of the unit.
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

    /// Keeps it for the summary.
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

/// Forgets the rows of an earlier run whose names begin so: for a bench that does not write the same rows each time.
pub fn forget(prefix: &str) {
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

    fn row(ours: f64, reference: f64, goal: Goal) -> Row {
        let mut turns = Turns::default();
        turns.add(ours, reference);
        Row::of("name", &turns, 1000.0, "ms", goal, "peer")
    }

    #[test]
    fn goals_are_met_in_their_own_direction() {
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
    fn a_figure_that_is_no_number_meets_nothing() {
        assert_eq!(row(f64::NAN, 1.0, Goal::AtMost(2.0)).met, Some(false));
    }
}
