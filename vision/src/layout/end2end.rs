//! End-to-end exports, whose NMS is part of the model: `1×N×6`. Each row holds left, top, right, bottom, score and class.

use super::decode_error::LayoutDecodeError;
use super::family::Family;
use super::model_facts::ModelFacts;
use super::scores::to_rect;
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits, LayoutName};

const COLUMNS: usize = 6;
// A YOLOv5 model with one class has rows of six numbers as well, but thousands of them.
const MAX_ROWS: i64 = 1000;
const MAX_CLASS: f32 = 65_535.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct End2End {
    output: usize,
    form: BoxForm,
    units: BoxUnits,
}

impl Family for End2End {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        if columns != COLUMNS as i64 {
            return Err("a row is not 6 numbers".to_owned());
        }
        let certain = model.card.layout == Some(LayoutName::End2End) || model.is_end2end();
        if rows > MAX_ROWS && !certain {
            return Err(format!("{rows} rows are too many for an output after NMS"));
        }
        let form = model.card.boxes.unwrap_or(BoxForm::XyXy);
        Ok(Self { output, form, units: model.card.box_units.unwrap_or(BoxUnits::Pixels) })
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn needs_suppression(&self) -> bool {
        false
    }

    fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError> {
        let rows = matrix(outputs, self.output, batch)?.with_columns(self.output, COLUMNS)?;
        for row in rows.iter_rows() {
            let (score, class) = (row[4], row[5]);
            // Unused rows are zeros or, in some exports, class -1.
            if score >= threshold && (0.0..=MAX_CLASS).contains(&class) {
                let rect = to_rect(row, self.form, self.units, input);
                found.push(RawDetection { rect, class_index: class as u32, score });
            }
        }
        Ok(())
    }
}
