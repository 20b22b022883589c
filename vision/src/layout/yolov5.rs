//! YOLOv5: `1×N×(5+C)`. Each row holds centre, size, objectness and class scores. The score of a detection is objectness times
//! class score.

use super::decode_error::LayoutDecodeError;
use super::family::Family;
use super::model_facts::ModelFacts;
use super::scores::{largest, to_rect};
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloV5 {
    output: usize,
    // Length of a row, which includes the mask coefficients that segmentation models append.
    columns: usize,
    classes: usize,
    units: BoxUnits,
}

impl Family for YoloV5 {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let (columns, classes) = rows_of_classes(model, rows, columns)?;
        Ok(Self { output, columns, classes, units: model.card.box_units.unwrap_or(BoxUnits::Pixels) })
    }

    fn classes(&self) -> Option<usize> {
        Some(self.classes)
    }

    fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError> {
        let rows = matrix(outputs, self.output, batch)?.with_columns(self.output, self.columns)?;
        for row in rows.iter_rows() {
            if let Some((class_index, score)) = score(row, self.classes, threshold) {
                found.push(RawDetection { rect: to_rect(row, BoxForm::CxCyWh, self.units, input), class_index, score });
            }
        }
        Ok(())
    }
}

/// The best class of a row with objectness and its score, if the score reaches the threshold.
pub(super) fn score(row: &[f32], classes: usize, threshold: f32) -> Option<(u32, f32)> {
    let objectness = row[4];
    // A class score is at most 1, so objectness alone rejects most rows.
    if !matches!(objectness.partial_cmp(&threshold), Some(std::cmp::Ordering::Greater | std::cmp::Ordering::Equal)) {
        return None;
    }
    let (class, best) = largest(&row[5..5 + classes])?;
    let score = objectness * best;
    (score >= threshold).then_some((class as u32, score))
}

/// Length of a row and number of classes of an output whose rows have objectness: YOLOv5 and YOLOX.
pub(super) fn rows_of_classes(model: &ModelFacts<'_>, rows: i64, columns: i64) -> Result<(usize, usize), String> {
    let columns = usize::try_from(columns).map_err(|_| "the length of a row is dynamic".to_owned())?;
    if columns < 6 {
        return Err(format!("a row of {columns} numbers is shorter than 5 numbers and one class"));
    }
    let classes = match model.labels {
        Some(labels) if columns == labels + 5 || (model.has_extras() && columns > labels + 5) => labels,
        Some(labels) => {
            return Err(format!(
                "a row of {columns} numbers is not 5 numbers and {labels} classes (the number of labels)"
            ));
        }
        None => columns - 5,
    };
    if rows >= 0 && (rows as usize) < columns {
        return Err(format!("{rows} rows of {columns} look transposed"));
    }
    Ok((columns, classes))
}
