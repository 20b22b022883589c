//! YOLOv5: `1×N×(5+C)`. Each row holds centre, size, objectness and class scores. The score of a detection is objectness times
//! class score.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, Run, check_probabilities, four};
use super::family::{Certainty, Family};
use super::model_facts::ModelFacts;
use super::scores::{largest, to_rect};
use super::tensor::{Matrix, TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits, LayoutName};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloV5 {
    output: usize,
    // Length of a row, which includes the mask coefficients that segmentation models append.
    columns: usize,
    classes: usize,
    form: BoxForm,
    units: BoxUnits,
    certainty: Certainty,
}

const ANCHORS: usize = 3;

impl Family for YoloV5 {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let (columns, classes) = rows_of_classes(model, rows, columns)?;
        let named = model.is_named(LayoutName::YoloV5);
        model.check_without_nms(named)?;
        // Three anchors per cell. Without the size of the input: grids of strides 8, 16 and 32 have 21 cells per cell of the last.
        let counted = model.counts_cells(rows, ANCHORS).or_else(|| (rows > 0).then_some(rows % 63 == 0));
        if counted == Some(false) && !named {
            return Err(format!("{rows} rows are not three per cell of the grids"));
        }
        Ok(Self {
            output,
            columns,
            classes,
            form: model.card.boxes.unwrap_or(BoxForm::CxCyWh),
            units: model.card.box_units.unwrap_or(BoxUnits::Pixels),
            certainty: Certainty::of_rows(named, counted),
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let rows = matrix(run.outputs, self.output, 0).map_err(|error| error.to_string())?;
        check_scores(rows, self.classes)?;
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
            if let Some((class_index, score)) = score(row, self.classes, threshold) {
                push(found, RawDetection { rect: to_rect(row, self.form, self.units, input), class_index, score });
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
    let classes = model.classes_in(columns, 5)?;
    let counted = [1, ANCHORS].iter().any(|each| model.counts_cells(rows, *each) == Some(true));
    if rows >= 0 && (rows as usize) < columns && !counted {
        return Err(format!("{rows} rows of {columns} look transposed"));
    }
    Ok((columns, classes))
}

/// Fails if objectness or class scores of a run are no probabilities.
pub(super) fn check_scores(rows: Matrix<'_>, classes: usize) -> Result<(), String> {
    check_probabilities("objectness and class scores", rows.iter_rows().flat_map(|row| &row[4..5 + classes]).copied())
}
