//! YOLOv8 and YOLO11, transposed: `1×N×(4+C)`, one row per anchor. Some converters give the output this way.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, Run, check_probabilities, four};
use super::family::{Certainty, Family};
use super::model_facts::ModelFacts;
use super::scores::{largest, to_rect};
use super::tensor::{TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits, LayoutName};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloV8Rows {
    output: usize,
    columns: usize,
    classes: usize,
    form: BoxForm,
    units: BoxUnits,
    certainty: Certainty,
}

impl Family for YoloV8Rows {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let columns = usize::try_from(columns).map_err(|_| "the length of a row is dynamic".to_owned())?;
        let classes = model.classes_in(columns, 4)?;
        let named = model.is_named(LayoutName::YoloV8);
        model.check_without_nms(named)?;
        // The same shape as a detection transformer's with joined outputs: only the number of rows tells.
        if model.counts_cells(rows, 1) != Some(true) {
            return Err(format!("{rows} rows are not one per cell of the grids"));
        }
        Ok(Self {
            output,
            columns,
            classes,
            form: model.card.boxes.unwrap_or(BoxForm::CxCyWh),
            units: model.card.box_units.unwrap_or(BoxUnits::Pixels),
            certainty: if named { Certainty::Stated } else { Certainty::Counted },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let rows = matrix(run.outputs, self.output, 0).map_err(|error| error.to_string())?;
        check_probabilities("class scores", rows.iter_rows().flat_map(|row| &row[4..4 + self.classes]).copied())?;
        let boxes = Boxes::of(rows.iter_rows().map(four), run.input);
        self.units = boxes.units_of_form(self.form, model.card.box_units, self.units)?;
        Ok(())
    }

    fn outputs(&self) -> Vec<usize> {
        vec![self.output]
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
            if let Some((class, score)) = largest(&row[4..4 + self.classes]).filter(|&(_, score)| score >= threshold) {
                let rect = to_rect(row, self.form, self.units, input);
                push(found, RawDetection { rect, class_index: class as u32, score });
            }
        }
        Ok(())
    }
}
