//! YOLOv5: `1×N×(5+C)`, each row centre, size, objectness and class scores; the score is objectness times class.

use super::DecodeError;
use super::detect::Facts;
use super::scores::{largest, to_rect};
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloV5 {
    output: usize,
    // Row length: segmentation models append mask coefficients.
    columns: usize,
    pub classes: usize,
    units: BoxUnits,
}

impl YoloV5 {
    pub fn fit(facts: &Facts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = facts.only_matrix()?;
        let (columns, classes) = rows_of_classes(facts, rows, columns)?;
        Ok(Self { output, columns, classes, units: facts.card.box_units.unwrap_or(BoxUnits::Pixels) })
    }

    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
        let rows = matrix(outputs, self.output, batch)?.with_columns(self.output, self.columns)?;
        for row in rows.iter_rows() {
            if let Some((class_index, score)) = score(row, self.classes, threshold) {
                found.push(RawDetection { rect: to_rect(row, BoxForm::CxCyWh, self.units, input), class_index, score });
            }
        }
        Ok(())
    }
}

/// The best class of a row with objectness, if it reaches the threshold.
pub(super) fn score(row: &[f32], classes: usize, threshold: f32) -> Option<(u32, f32)> {
    let objectness = row[4];
    // A class score is at most 1, so most rows end here.
    if !matches!(objectness.partial_cmp(&threshold), Some(std::cmp::Ordering::Greater | std::cmp::Ordering::Equal)) {
        return None;
    }
    let (class, best) = largest(&row[5..5 + classes])?;
    let score = objectness * best;
    (score >= threshold).then_some((class as u32, score))
}

/// Row length and classes of an output of rows with objectness, which YOLOX has too.
pub(super) fn rows_of_classes(facts: &Facts<'_>, rows: i64, columns: i64) -> Result<(usize, usize), String> {
    let columns = usize::try_from(columns).map_err(|_| "the length of a row is free".to_owned())?;
    if columns < 6 {
        return Err(format!("a row of {columns} is shorter than 5 numbers and a class"));
    }
    let classes = match facts.labels {
        Some(labels) if columns == labels + 5 || (facts.has_extras() && columns > labels + 5) => labels,
        Some(labels) => {
            return Err(format!("a row of {columns} is not 5 numbers and {labels} classes (the number of labels)"));
        }
        None => columns - 5,
    };
    if rows >= 0 && (rows as usize) < columns {
        return Err(format!("{rows} rows of {columns} look transposed"));
    }
    Ok((columns, classes))
}
