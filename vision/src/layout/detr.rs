//! Detection transformers (RT-DETR, D-FINE, RF-DETR): a fixed number of queries, each with a box and class scores, without
//! duplicates. Exporters write class logits and boxes as two outputs, or both joined in one output. Those that write labels, boxes and
//! scores are in `selected.rs`.
//!
//! Detectors such as YOLO-NAS and DAMO-YOLO have two outputs of the same form with a row per grid cell, so that duplicates must be
//! removed. Without their NMS, PaddleDetection's have the class scores transposed, `1×C×N`.

use super::candidates::push;
use super::coco::assumed_labels;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, Run, four, score_form};
use super::family::{Certainty, Family};
use super::model_facts::ModelFacts;
use super::scores::{largest, logit, sigmoid, to_rect};
use super::tensor::{Matrix, TensorView, matrix};
use crate::detection::RawDetection;
use crate::letterbox::Resize;
use crate::model_card::{BoxForm, BoxUnits, InputCard, LayoutName, ScoreForm};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detr {
    outputs: DetrOutputs,
    form: BoxForm,
    units: BoxUnits,
    /// A row per grid cell instead of one per query.
    dense: bool,
    certainty: Certainty,
}

/// Detection transformers have at most 900 queries.
const MAX_QUERIES: i64 = 1000;

#[derive(Debug, Clone, PartialEq)]
enum DetrOutputs {
    /// Logits `1×Q×C`, or `1×C×Q` if they are transposed, and boxes `1×Q×4`.
    Two { logits: usize, boxes: usize, classes: usize, scores: ScoreForm, transposed: bool },
    /// Boxes and scores in one output `1×Q×(4+C)`.
    Joined { output: usize, classes: usize, scores: ScoreForm },
}

impl Family for Detr {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let outputs = match (model.matrices().count(), model.of_rank(2).count()) {
            (1, 0) => joined(model)?,
            (1, _) => return Err("an output with 2 dimensions is beside the only one with 3".to_owned()),
            (2, _) => two(model)?,
            (count, _) => return Err(format!("{count} outputs have 3 dimensions, not 1 or 2")),
        };
        let named = model.is_named(LayoutName::Detr);
        model.check_without_nms(named)?;
        let of_boxes = match outputs {
            DetrOutputs::Two { boxes, .. } => boxes,
            DetrOutputs::Joined { output, .. } => output,
        };
        let rows = model.outputs[of_boxes].shape[1];
        let dense = rows > MAX_QUERIES || model.counts_cells(rows, 1) == Some(true);
        if dense && matches!(outputs, DetrOutputs::Joined { .. }) && !named {
            return Err(format!("{rows} rows are not the queries of a detection transformer"));
        }
        // Detectors with a row per cell convert the boxes to edges in pixels.
        let (form, units) =
            if dense { (BoxForm::XyXy, BoxUnits::Pixels) } else { (BoxForm::CxCyWh, BoxUnits::Normalised) };
        let stated = named || model.is_described_as_detr();
        Ok(Self {
            outputs,
            form: model.card.boxes.unwrap_or(form),
            units: model.card.box_units.unwrap_or(units),
            dense,
            certainty: if stated { Certainty::Stated } else { Certainty::Plausible },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let wrong = |error: LayoutDecodeError| error.to_string();
        let rows_of = |output| matrix(run.outputs, output, 0).map_err(wrong);
        let boxes = match &mut self.outputs {
            DetrOutputs::Two { logits, boxes, scores, transposed, .. } => {
                let logits = rows_of(*logits)?;
                if !*transposed {
                    check_most_see_nothing(model, logits, *scores)?;
                }
                *scores = score_form(model.card.scores, *scores, logits.data.iter().copied())?;
                Boxes::of(rows_of(*boxes)?.with_columns(*boxes, 4).map_err(wrong)?.iter_rows().map(four), run.input)
            }
            DetrOutputs::Joined { output, classes, scores } => {
                let rows = rows_of(*output)?.with_columns(*output, 4 + *classes).map_err(wrong)?;
                *scores = score_form(
                    model.card.scores,
                    ScoreForm::Sigmoid,
                    rows.iter_rows().flat_map(|row| &row[4..]).copied(),
                )?;
                Boxes::of(rows.iter_rows().map(four), run.input)
            }
        };
        let units = boxes.units(model.card.box_units, self.units)?;
        // Every query has a box, in fractions. Other joined rows are those of another family, unless a card knows better.
        let guessed = matches!(self.outputs, DetrOutputs::Joined { .. }) && self.certainty < Certainty::Stated;
        if guessed && (boxes.is_empty() || units != self.units) {
            return Err("in a test run the boxes are no fractions of the picture".to_owned());
        }
        self.units = units;
        self.form = boxes.form(model.card.boxes, self.form)?;
        Ok(())
    }

    fn outputs(&self) -> Vec<usize> {
        match self.outputs {
            DetrOutputs::Two { logits, boxes, .. } => vec![logits, boxes],
            DetrOutputs::Joined { output, .. } => vec![output],
        }
    }

    fn usual_input(&self, model: &ModelFacts<'_>) -> InputCard {
        let named = |name: &str| model.outputs.iter().any(|output| output.name == name);
        let usual = InputCard { resize: Resize::Stretch, ..InputCard::default() };
        if self.dense {
            InputCard::default()
        } else if named("dets") && named("labels") {
            // RF-DETR.
            InputCard { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], ..usual }
        } else {
            usual
        }
    }

    fn classes(&self) -> Option<usize> {
        match self.outputs {
            // With softmax the last class means "no object".
            DetrOutputs::Two { classes, scores: ScoreForm::Softmax, .. } => Some(classes - 1),
            DetrOutputs::Two { classes, .. } | DetrOutputs::Joined { classes, .. } => Some(classes),
        }
    }

    fn needs_suppression(&self) -> bool {
        self.dense
    }

    fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError> {
        let mut add = |class_index: u32, score: f32, numbers: &[f32]| {
            push(found, RawDetection { rect: to_rect(numbers, self.form, self.units, input), class_index, score });
        };
        match self.outputs {
            DetrOutputs::Two { logits, boxes, classes, scores, transposed } => {
                let given = matrix(outputs, logits, batch)?;
                let turned = if transposed { transpose(given) } else { Vec::new() };
                let logits_of =
                    if transposed { Matrix { rows: given.columns, columns: given.rows, data: &turned } } else { given };
                let logits_of = logits_of.with_columns(logits, classes)?;
                let boxes_of = matrix(outputs, boxes, batch)?.with_columns(boxes, 4)?;
                if boxes_of.rows != logits_of.rows {
                    return Err(boxes_of.misfit(boxes));
                }
                for (row, numbers) in logits_of.iter_rows().zip(boxes_of.iter_rows()) {
                    if let Some((class, score)) = best(row, scores, threshold) {
                        add(class, score, numbers);
                    }
                }
            }
            DetrOutputs::Joined { output, classes, scores } => {
                let rows = matrix(outputs, output, batch)?.with_columns(output, 4 + classes)?;
                for row in rows.iter_rows() {
                    if let Some((class, score)) = best(&row[4..], scores, threshold) {
                        add(class, score, row);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The best class of a query and its score, if the score reaches the threshold.
fn best(row: &[f32], form: ScoreForm, threshold: f32) -> Option<(u32, f32)> {
    match form {
        ScoreForm::Activated => {
            largest(row).filter(|&(_, score)| score >= threshold).map(|(class, score)| (class as u32, score))
        }
        ScoreForm::Sigmoid => largest(row)
            .filter(|&(_, score)| score >= logit(threshold))
            .map(|(class, score)| (class as u32, sigmoid(score))),
        ScoreForm::Softmax => {
            let (_, most) = largest(row)?;
            let total: f32 = row.iter().map(|logit| (logit - most).exp()).sum();
            let (class, highest) = largest(&row[..row.len() - 1])?;
            let score = (highest - most).exp() / total;
            (score >= threshold).then_some((class as u32, score))
        }
    }
}

fn two(model: &ModelFacts<'_>) -> Result<DetrOutputs, String> {
    let matrices: Vec<_> = model.matrices().collect();
    let four: Vec<_> = matrices.iter().filter(|(_, shape)| shape[2] == 4).collect();
    let boxes = match four[..] {
        [] => return Err("no output has rows of 4 numbers".to_owned()),
        [(only, _)] => *only,
        // A model with four classes: the name decides.
        _ => {
            let named = four.iter().find(|(at, _)| {
                let name = model.outputs[*at].name.to_lowercase();
                name.contains("box") || name.contains("det")
            });
            named.ok_or("two outputs have rows of 4 numbers and neither name contains box or det")?.0
        }
    };
    let (logits, logits_shape) = *matrices.iter().find(|(at, _)| *at != boxes).ok_or("no output of class scores")?;
    let boxes_shape = matrices.iter().find(|(at, _)| *at == boxes).map_or([0; 3], |(_, shape)| *shape);
    let [_, rows, columns] = logits_shape;
    let differ = rows >= 0 && boxes_shape[1] >= 0 && rows != boxes_shape[1];
    let transposed = differ && columns == boxes_shape[1];
    if differ && !transposed {
        return Err(format!("{rows} rows of class scores for {} boxes", boxes_shape[1]));
    }
    let classes = usize::try_from(if transposed { rows } else { columns })
        .map_err(|_| "the number of classes is dynamic".to_owned())?;
    let scores = model.card.scores.unwrap_or(ScoreForm::Sigmoid);
    if classes < 1 + usize::from(scores == ScoreForm::Softmax) {
        return Err("the outputs have no class".to_owned());
    }
    Ok(DetrOutputs::Two { logits, boxes, classes, scores, transposed })
}

/// The rows of a matrix as columns.
fn transpose(matrix: Matrix<'_>) -> Vec<f32> {
    (0..matrix.columns).flat_map(|column| (0..matrix.rows).map(move |row| matrix.row(row)[column])).collect()
}

/// Fails if most rows have a probable class, although most queries and cells see nothing. If it is the last class of all, it means "no
/// object" with softmax, and the sigmoid of the other classes would be too large. If not, these are no scores.
fn check_most_see_nothing(model: &ModelFacts<'_>, logits: Matrix<'_>, scores: ScoreForm) -> Result<(), String> {
    let winners = || logits.iter_rows().filter_map(largest).filter(|(_, score)| *score > 0.5);
    let most = |count: usize| 2 * count > logits.rows && logits.rows > 1;
    if scores == ScoreForm::Softmax || !most(winners().count()) {
        return Ok(());
    }
    let last = winners().filter(|(class, _)| class + 1 == logits.columns).count();
    if !most(last) || logits.columns < 2 {
        return Err("in a test run most rows have a probable class, which is not so for scores: boxes and scores may be exchanged".to_owned());
    }
    if model.card.scores.is_some() {
        return Ok(());
    }
    Err(format!(
        "in a test run the last of {} classes is the most probable one in {last} of {} rows: if it means \"no object\", \
         output.scores of a card would have to state softmax, and its labels not name this class",
        logits.columns, logits.rows
    ))
}

fn joined(model: &ModelFacts<'_>) -> Result<DetrOutputs, String> {
    let (output, [_, _, columns]) = model.only_matrix()?;
    let columns = usize::try_from(columns).map_err(|_| "the length of a row is dynamic".to_owned())?;
    let classes = match model.labels {
        Some(labels) if columns == 4 + labels => labels,
        Some(labels) => {
            return Err(format!(
                "a row of {columns} numbers is not 4 coordinates and {labels} classes (the number of labels)"
            ));
        }
        None => columns
            .checked_sub(4)
            .filter(|classes| assumed_labels(*classes).is_some() && *classes > 1)
            .ok_or("one output alone needs labels to separate the class scores from other numbers")?,
    };
    let scores = model.card.scores.unwrap_or(ScoreForm::Activated);
    if scores == ScoreForm::Softmax {
        return Err("softmax scores need a separate output".to_owned());
    }
    Ok(DetrOutputs::Joined { output, classes, scores })
}
