//! The MOT Challenge format: lines of `frame,id,left,top,width,height,confidence,-1,-1,-1`, with frames and ids from 1. Ground
//! truth since MOT16 has `class,visibility` after the confidence instead.

use std::fmt::Write as _;

use crate::geometry::Rect;

/// One box of one track in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotEntry {
    /// From 1.
    pub frame: u64,
    /// From 1.
    pub track_id: u64,
    /// In pixels.
    pub rect: Rect,
    /// Score of a detection. In ground truth 0 marks a box that the evaluation ignores.
    pub confidence: f32,
    /// Number of the class, in ground truth that has one: 1 is a pedestrian.
    pub class: Option<u32>,
}

/// A malformed line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not a MOT Challenge line: {problem}")]
pub struct MotError {
    /// From 1.
    pub line: usize,
    pub problem: &'static str,
}

/// Formats the entries as text, one line each.
pub fn write(entries: &[MotEntry]) -> String {
    let mut text = String::with_capacity(entries.len() * 56);
    for MotEntry { frame, track_id, rect, confidence, .. } in entries {
        let Rect { left, top, width, height } = rect;
        writeln!(text, "{frame},{track_id},{left:.2},{top:.2},{width:.2},{height:.2},{confidence:.4},-1,-1,-1")
            .expect("writing to a string does not fail");
    }
    text
}

/// Number of columns of ground truth with a class: `frame,id,left,top,width,height,consider,class,visibility`. A line with ten
/// columns has a position in the world, or -1, where the class would be.
const COLUMNS_WITH_CLASS: std::ops::RangeInclusive<usize> = 8..=9;

/// Parses text. Empty lines are skipped. Six columns are required; a missing confidence is 1. A line of eight or nine columns has a
/// class; further columns are ignored.
pub fn read(text: &str) -> Result<Vec<MotEntry>, MotError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| read_line(line).map_err(|problem| MotError { line: at + 1, problem }))
        .collect()
}

fn read_line(line: &str) -> Result<MotEntry, &'static str> {
    let mut columns = line.split(',').map(str::trim);
    let mut number = |problem| columns.next().and_then(|column| column.parse::<f64>().ok()).ok_or(problem);
    let frame = whole(number("the frame is not a number")?).ok_or("the frame is not a whole number from 1")?;
    let track_id = whole(number("the id is not a number")?).ok_or("the id is not a whole number from 1")?;
    let rect = Rect {
        left: number("the left edge is not a number")? as f32,
        top: number("the top edge is not a number")? as f32,
        width: number("the width is not a number")? as f32,
        height: number("the height is not a number")? as f32,
    };
    if !rect.is_valid() {
        return Err("the box has no area");
    }
    let confidence = match columns.next() {
        Some(column) => {
            let confidence = column.parse::<f32>().ok().filter(|confidence| confidence.is_finite());
            confidence.ok_or("the confidence is not a number")?
        }
        None => 1.0,
    };
    let class = match columns.next() {
        Some(column) if COLUMNS_WITH_CLASS.contains(&line.split(',').count()) => {
            let class = column.parse::<f64>().ok().and_then(whole).and_then(|class| u32::try_from(class).ok());
            Some(class.ok_or("the class is not a whole number from 1")?)
        }
        _ => None,
    };
    Ok(MotEntry { frame, track_id, rect, confidence, class })
}

fn whole(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (1.0..=9e15).contains(&number);
    fits.then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_survive_a_round_trip() {
        let entries = [
            MotEntry {
                frame: 1,
                track_id: 7,
                rect: Rect { left: -1.5, top: 2.25, width: 3.0, height: 4.0 },
                confidence: 0.5,
                class: None,
            },
            MotEntry {
                frame: 795,
                track_id: 1,
                rect: Rect { left: 0.0, top: 0.0, width: 768.0, height: 576.0 },
                confidence: 1.0,
                class: None,
            },
        ];
        let text = write(&entries);
        assert_eq!(text.lines().next(), Some("1,7,-1.50,2.25,3.00,4.00,0.5000,-1,-1,-1"));
        assert_eq!(read(&text).unwrap(), entries);
    }

    #[test]
    fn only_lines_with_eight_or_nine_columns_have_a_class() {
        for (line, class) in [
            ("1,1,0,0,1,1,1", None),
            ("1,1,0,0,1,1,1,7", Some(7)),
            ("1,1,0,0,1,1,1,12,0.5", Some(12)),
            ("1,1,0,0,1,1,1,-4.1554,-7.3591,0", None),
            ("1,1,0,0,1,1,1,-1,-1,-1", None),
        ] {
            assert_eq!(read(line).unwrap()[0].class, class, "{line}");
        }
    }

    #[test]
    fn the_error_names_the_malformed_line() {
        let good = "1,9,499,158,31.03,75.17,1\n\n";
        assert_eq!(read(good).unwrap().len(), 1);
        for (bad, problem) in [
            ("x,1,0,0,1,1", "the frame is not a number"),
            ("0,1,0,0,1,1", "the frame is not a whole number from 1"),
            ("1,1.5,0,0,1,1", "the id is not a whole number from 1"),
            ("1,1,0,0,1", "the height is not a number"),
            ("1,1,0,0,NaN,1", "the box has no area"),
            ("1,1,0,0,1,1,high", "the confidence is not a number"),
            ("1,1,0,0,1,1,nan", "the confidence is not a number"),
            ("1,1,0,0,1,1,1,car,1", "the class is not a whole number from 1"),
            ("1,1,0,0,1,1,1,-1,1", "the class is not a whole number from 1"),
        ] {
            assert_eq!(read(&format!("{good}{bad}")), Err(MotError { line: 3, problem }));
        }
    }
}
