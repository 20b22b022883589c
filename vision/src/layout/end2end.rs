//! End-to-end exports: `1×N×6`, each row left, top, right, bottom, score and class, duplicates already removed.

use super::DecodeError;
use super::detect::Facts;
use super::scores::to_rect;
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits, LayoutName};

const COLUMNS: usize = 6;
// A YOLOv5 model of one class has rows of six as well, but thousands of them.
const MAX_ROWS: i64 = 1000;
const MAX_CLASS: f32 = 65_535.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct End2End {
    output: usize,
    form: BoxForm,
    units: BoxUnits,
}

impl End2End {
    pub fn fit(facts: &Facts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = facts.only_matrix()?;
        if columns != COLUMNS as i64 {
            return Err("a row is not 6 numbers".to_owned());
        }
        let certain = facts.card.layout == Some(LayoutName::End2End) || facts.is_end2end();
        if rows > MAX_ROWS && !certain {
            return Err(format!("{rows} rows are too many for an output without duplicates"));
        }
        let form = facts.card.boxes.unwrap_or(BoxForm::XyXy);
        Ok(Self { output, form, units: facts.card.box_units.unwrap_or(BoxUnits::Pixels) })
    }

    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
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
