//! `vru evaluate`: how good tracks are, measured against ground truth. Both are files in MOT Challenge format.

mod options;
mod table;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use vru_vision::mot::{self, Evaluation, MotEntry};

pub use options::EvaluateOptions;

/// Reads both files and compares them.
pub fn run(options: &EvaluateOptions) -> anyhow::Result<Evaluation> {
    let truth = read(&options.ground_truth, "the ground truth")?;
    let results = read(&options.results, "the results")?;
    check_unique(&truth, &options.ground_truth)?;
    check_unique(&results, &options.results)?;
    let evaluation = mot::evaluate(&truth, &results, &options.evaluation());
    // Without a box to find, every metric would be a number that says nothing.
    anyhow::ensure!(
        evaluation.truths > 0,
        "{} has no box to evaluate: none has a confidence above 0 and one of the classes of --class",
        options.ground_truth.display()
    );
    Ok(evaluation)
}

/// Reads a file in MOT Challenge format; `what` names it in errors.
pub fn read(path: &Path, what: &str) -> anyhow::Result<Vec<MotEntry>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("open {what} {}", path.display()))?;
    mot::read(&text).with_context(|| format!("read {what} {}", path.display()))
}

/// A track has one box in a frame; of two, the metrics would count one as another road user.
fn check_unique(entries: &[MotEntry], path: &Path) -> anyhow::Result<()> {
    let mut seen = std::collections::HashSet::new();
    match entries.iter().find(|entry| !seen.insert((entry.frame, entry.track_id))) {
        Some(MotEntry { frame, track_id, .. }) => {
            anyhow::bail!("{} has the id {track_id} twice in frame {frame}", path.display())
        }
        None => Ok(()),
    }
}

/// Evaluates and prints the metrics.
pub fn command(options: &EvaluateOptions) -> anyhow::Result<ExitCode> {
    let evaluation = run(options)?;
    let text = if options.json { table::json(&evaluation).to_string() } else { table::text(&evaluation) };
    match writeln!(std::io::stdout(), "{text}") {
        // Whoever reads, `head` for example, has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
