//! End-to-end exports, whose NMS is part of the model: `1×N×6`. Each row holds left, top, right, bottom, score and class. In
//! exports for segmentation and pose, mask coefficients or key points follow.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, MIN_SCORE, Run, check_classes, check_probabilities, four};
use super::family::{Certainty, Family};
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
    columns: usize,
    form: BoxForm,
    units: BoxUnits,
    certainty: Certainty,
}

impl Family for End2End {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let extras = model.extras()?;
        let columns = usize::try_from(columns)
            .ok()
            .filter(|columns| extras.iter().any(|extras| *columns == COLUMNS + extras))
            .ok_or_else(|| format!("a row is not {COLUMNS} numbers and {extras:?} others"))?;
        let stated = model.is_named(LayoutName::End2End) || model.states_nms();
        if rows > MAX_ROWS && !stated {
            return Err(format!("{rows} rows are too many for an output after NMS"));
        }
        Ok(Self {
            output,
            columns,
            form: model.card.boxes.unwrap_or(BoxForm::XyXy),
            units: model.card.box_units.unwrap_or(BoxUnits::Pixels),
            certainty: if stated { Certainty::Stated } else { Certainty::Plausible },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let rows = matrix(run.outputs, self.output, 0).map_err(|error| error.to_string())?;
        let found = || rows.iter_rows().filter(|row| row[4] > MIN_SCORE);
        if check_classes(found().map(|row| row[5]), None).is_err()
            && check_classes(found().map(|row| row[4]), None).is_ok()
        {
            return Err("in a test run the score follows the class instead of preceding it".to_owned());
        }
        check_probabilities("scores", rows.iter_rows().map(|row| row[4]))?;
        check_classes(found().map(|row| row[5]), model.labels)?;
        let boxes = Boxes::of(found().map(four), run.input);
        if self.form == BoxForm::XyXy {
            boxes.check_edges()?;
        } else {
            self.form = boxes.form(model.card.boxes, self.form)?;
        }
        self.units = boxes.units(model.card.box_units, self.units)?;
        Ok(())
    }

    fn outputs(&self) -> Vec<usize> {
        vec![self.output]
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
        let rows = matrix(outputs, self.output, batch)?.with_columns(self.output, self.columns)?;
        for row in rows.iter_rows() {
            let (score, class) = (row[4], row[5]);
            // Unused rows are zeros or, in some exports, class -1.
            if score >= threshold && (0.0..=MAX_CLASS).contains(&class) {
                let rect = to_rect(row, self.form, self.units, input);
                push(found, RawDetection { rect, class_index: class as u32, score });
            }
        }
        Ok(())
    }
}
