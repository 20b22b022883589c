//! The table as text.

use std::fmt::Write as _;

use crate::machine::Machine;
use crate::row::BenchRow;

/// Formats the machine and the rows.
pub fn render(machine: &Machine, rows: &[BenchRow]) -> String {
    let header =
        ["bench", "ours", "reference", "unit", "ratio", "goal", "met", "turns", "reference is"].map(str::to_owned);
    let lines: Vec<[String; 9]> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> =
        (0..9).map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default()).collect();
    let mut text = format!(
        "{} x {}, {} GiB, Linux {}, load {:.1}\n{}, ONNX Runtime {}, model {}, commit {}\n\n",
        machine.threads,
        machine.processor,
        machine.memory_gib,
        machine.kernel,
        machine.load,
        machine.rustc,
        machine.onnxruntime,
        machine.model,
        machine.commit,
    );
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        writeln!(text, "{}", padded.join("  ").trim_end()).expect("a string takes all");
    }
    text
}

fn cells(row: &BenchRow) -> [String; 9] {
    [
        row.name.clone(),
        number(row.ours),
        number(row.reference),
        row.unit.clone(),
        number(row.ratio),
        row.goal.clone(),
        row.met.map_or("-", |met| if met { "yes" } else { "NO" }).to_owned(),
        row.turns.to_string(),
        row.peer.clone(),
    ]
}

/// Formats a number with three significant digits.
fn number(value: f64) -> String {
    let decimals =
        if value == 0.0 || !value.is_finite() { 0 } else { (2 - value.abs().log10().floor() as i32).clamp(0, 6) };
    format!("{value:.*}", decimals as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_significant_digits() {
        assert_eq!(number(0.012_345), "0.0123");
        assert_eq!(number(1.5), "1.50");
        assert_eq!(number(123_456.0), "123456");
        assert_eq!(number(0.0), "0");
    }
}
