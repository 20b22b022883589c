//! Detection transformers (RT-DETR, D-FINE, RF-DETR): a fixed number of queries, each with a box and class scores; no
//! duplicates. Three ways of export: class logits and boxes, both joined in one output, or labels, boxes and scores.

use super::DecodeError;
use super::detect::Facts;
use super::scores::{largest, logit, sigmoid, to_rect};
use super::tensor::{TensorView, matrix, vector};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits, ScoreForm};

const MAX_CLASS: f32 = 65_535.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detr {
    source: Source,
    form: BoxForm,
    units: BoxUnits,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    /// `1×Q×C` and `1×Q×4`.
    Two { logits: usize, boxes: usize, classes: usize, scores: ScoreForm },
    /// `1×Q×(4+C)`.
    Joined { output: usize, classes: usize, scores: ScoreForm },
    /// `1×Q`, `1×Q×4`, `1×Q`.
    Chosen { labels: usize, boxes: usize, scores: usize },
}

impl Detr {
    pub fn fit(facts: &Facts<'_>) -> Result<Self, String> {
        let source = match (facts.matrices().count(), facts.of_rank(2).count()) {
            (1, 2) => chosen(facts)?,
            (1, _) => joined(facts)?,
            (2, _) => two(facts)?,
            (count, _) => return Err(format!("{count} outputs of 3 dimensions, not 1 or 2")),
        };
        // Exports that choose the labels themselves also bring the boxes to pixels.
        let (form, units) = match source {
            Source::Chosen { .. } => (BoxForm::XyXy, BoxUnits::Pixels),
            Source::Two { .. } | Source::Joined { .. } => (BoxForm::CxCyWh, BoxUnits::Normalised),
        };
        Ok(Self { source, form: facts.card.boxes.unwrap_or(form), units: facts.card.box_units.unwrap_or(units) })
    }

    pub fn classes(&self) -> Option<usize> {
        match self.source {
            // With softmax the last class is "nothing".
            Source::Two { classes, scores: ScoreForm::Softmax, .. } => Some(classes - 1),
            Source::Two { classes, .. } | Source::Joined { classes, .. } => Some(classes),
            Source::Chosen { .. } => None,
        }
    }

    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
        let mut push = |class_index: u32, score: f32, numbers: &[f32]| {
            found.push(RawDetection { rect: to_rect(numbers, self.form, self.units, input), class_index, score });
        };
        match self.source {
            Source::Two { logits, boxes, classes, scores } => {
                let logits_of = matrix(outputs, logits, batch)?.with_columns(logits, classes)?;
                let boxes_of = matrix(outputs, boxes, batch)?.with_columns(boxes, 4)?;
                if boxes_of.rows != logits_of.rows {
                    return Err(boxes_of.misfit(boxes));
                }
                for (row, numbers) in logits_of.iter_rows().zip(boxes_of.iter_rows()) {
                    if let Some((class, score)) = best(row, scores, threshold) {
                        push(class, score, numbers);
                    }
                }
            }
            Source::Joined { output, classes, scores } => {
                let rows = matrix(outputs, output, batch)?.with_columns(output, 4 + classes)?;
                for row in rows.iter_rows() {
                    if let Some((class, score)) = best(&row[4..], scores, threshold) {
                        push(class, score, row);
                    }
                }
            }
            Source::Chosen { labels, boxes, scores } => {
                let (labels_of, scores_of) = (vector(outputs, labels, batch)?, vector(outputs, scores, batch)?);
                let boxes_of = matrix(outputs, boxes, batch)?.with_columns(boxes, 4)?;
                if labels_of.len() != boxes_of.rows || scores_of.len() != boxes_of.rows {
                    return Err(boxes_of.misfit(boxes));
                }
                for ((&label, &score), numbers) in labels_of.iter().zip(scores_of).zip(boxes_of.iter_rows()) {
                    if score >= threshold && (0.0..=MAX_CLASS).contains(&label) {
                        push(label as u32, score, numbers);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The best class of a query, if it reaches the threshold.
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

fn two(facts: &Facts<'_>) -> Result<Source, String> {
    let matrices: Vec<_> = facts.matrices().collect();
    let four: Vec<_> = matrices.iter().filter(|(_, shape)| shape[2] == 4).collect();
    let boxes = match four[..] {
        [] => return Err("no output has rows of 4".to_owned()),
        [(only, _)] => *only,
        // Four classes: the name decides.
        _ => {
            let named = four.iter().find(|(at, _)| {
                let name = facts.outputs[*at].name.to_lowercase();
                name.contains("box") || name.contains("det")
            });
            named.ok_or("two outputs have rows of 4 and neither is named after boxes")?.0
        }
    };
    let (logits, logits_shape) = *matrices.iter().find(|(at, _)| *at != boxes).ok_or("no output of class scores")?;
    let boxes_shape = matrices.iter().find(|(at, _)| *at == boxes).map_or([0; 3], |(_, shape)| *shape);
    if logits_shape[1] >= 0 && boxes_shape[1] >= 0 && logits_shape[1] != boxes_shape[1] {
        return Err(format!("{} rows of class scores for {} boxes", logits_shape[1], boxes_shape[1]));
    }
    let classes = usize::try_from(logits_shape[2]).map_err(|_| "the number of classes is free".to_owned())?;
    let scores = facts.card.scores.unwrap_or(ScoreForm::Sigmoid);
    if classes < 1 + usize::from(scores == ScoreForm::Softmax) {
        return Err("no class".to_owned());
    }
    Ok(Source::Two { logits, boxes, classes, scores })
}

fn joined(facts: &Facts<'_>) -> Result<Source, String> {
    let (output, [_, _, columns]) = facts.only_matrix()?;
    let labels = facts.labels.ok_or("without labels one output does not tell classes from other numbers")?;
    if columns != (4 + labels) as i64 {
        return Err(format!("a row of {columns} is not 4 coordinates and {labels} classes (the number of labels)"));
    }
    let scores = facts.card.scores.unwrap_or(ScoreForm::Activated);
    if scores == ScoreForm::Softmax {
        return Err("softmax scores need an output of their own".to_owned());
    }
    Ok(Source::Joined { output, classes: labels, scores })
}

fn chosen(facts: &Facts<'_>) -> Result<Source, String> {
    let (boxes, [_, _, columns]) = facts.only_matrix()?;
    if columns != 4 {
        return Err(format!("rows of {columns} are no boxes"));
    }
    let named = |part: &str| facts.of_rank(2).find(|at| facts.outputs[*at].name.to_lowercase().contains(part));
    let labels = named("label").or_else(|| named("class")).ok_or("no output of 2 dimensions is named after labels")?;
    let scores = named("score").or_else(|| named("conf")).ok_or("no output of 2 dimensions is named after scores")?;
    Ok(Source::Chosen { labels, boxes, scores })
}
