//! Detections of all pictures of a batch in one list, after NMS in the model.
//!
//! Either `K×7`: the picture's index, left, top, right, bottom, and then class and score (YOLOv6, YOLOv7, DAMO-YOLO) or score and class
//! (YOLO-NAS), which only numbers tell apart. Or `K×6` with an output that says how many rows each picture has: class, score, left, top,
//! right, bottom (PaddleDetection).

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, MIN_SCORE, Run, check_classes, check_probabilities};
use super::family::{Certainty, Family};
use super::model_facts::ModelFacts;
use super::scores::to_rect;
use super::tensor::{TensorView, count, list};
use crate::detection::RawDetection;
use crate::letterbox::Resize;
use crate::model_card::{BoxForm, BoxUnits, InputCard, LayoutName};

const MAX_CLASS: f32 = 65_535.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flat {
    output: usize,
    rows: RowForm,
    units: BoxUnits,
    certainty: Certainty,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum RowForm {
    /// Each row has the index of its picture.
    Indexed { class: usize, score: usize },
    /// Another output has the number of rows of each picture.
    Counted { count: usize },
}

impl RowForm {
    /// Numbers of a row.
    fn columns(self) -> usize {
        match self {
            Self::Indexed { .. } => 7,
            Self::Counted { .. } => 6,
        }
    }

    fn of_box(self, row: &[f32]) -> [f32; 4] {
        let from = match self {
            Self::Indexed { .. } => 1,
            Self::Counted { .. } => 2,
        };
        [row[from], row[from + 1], row[from + 2], row[from + 3]]
    }

    fn class(self, row: &[f32]) -> f32 {
        match self {
            Self::Indexed { class, .. } => row[class],
            Self::Counted { .. } => row[0],
        }
    }

    fn score(self, row: &[f32]) -> f32 {
        match self {
            Self::Indexed { score, .. } => row[score],
            Self::Counted { .. } => row[1],
        }
    }
}

const CLASS_FIRST: RowForm = RowForm::Indexed { class: 5, score: 6 };
const SCORE_FIRST: RowForm = RowForm::Indexed { score: 5, class: 6 };

impl Family for Flat {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let lists: Vec<usize> = model.of_rank(2).filter(|at| matches!(model.outputs[*at].shape[1], 6 | 7)).collect();
        let [output] = lists[..] else {
            return Err(format!("{} outputs are lists of rows of 6 or 7 numbers, not 1", lists.len()));
        };
        let rows = if model.outputs[output].shape[1] == 7 {
            CLASS_FIRST
        } else {
            let mut counts = model.of_rank(1);
            match (counts.next(), counts.next()) {
                (Some(count), None) => RowForm::Counted { count },
                _ => return Err("no output says how many rows of 6 numbers each picture has".to_owned()),
            }
        };
        if model.card.boxes.is_some_and(|form| form != BoxForm::XyXy) {
            return Err("boxes in a list are left, top, right and bottom, but output.boxes of the card states others"
                .to_owned());
        }
        Ok(Self {
            output,
            rows,
            units: model.card.box_units.unwrap_or(BoxUnits::Pixels),
            certainty: if model.is_named(LayoutName::End2End) { Certainty::Stated } else { Certainty::Plausible },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let wrong = |error: LayoutDecodeError| error.to_string();
        let mut rows = self.of_picture(run.outputs, 0).map_err(wrong)?;
        if matches!(self.rows, RowForm::Indexed { .. }) {
            check_classes(rows.iter().map(|row| row[0]), None)
                .map_err(|_| "in a test run the first number of a row is no index of a picture".to_owned())?;
            self.rows = order(&rows)?;
        }
        rows.retain(|row| self.rows.score(row) > MIN_SCORE);
        check_probabilities("scores", rows.iter().map(|row| self.rows.score(row)))?;
        check_classes(rows.iter().map(|row| self.rows.class(row)), model.labels)?;
        let boxes = Boxes::of(rows.iter().map(|row| self.rows.of_box(row)), run.input);
        boxes.check_edges()?;
        self.units = boxes.units(model.card.box_units, self.units)?;
        Ok(())
    }

    fn outputs(&self) -> Vec<usize> {
        match self.rows {
            RowForm::Indexed { .. } => vec![self.output],
            RowForm::Counted { count } => vec![self.output, count],
        }
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn needs_suppression(&self) -> bool {
        false
    }

    fn usual_input(&self, _model: &ModelFacts<'_>) -> InputCard {
        let resize = match self.rows {
            RowForm::Indexed { .. } => Resize::Letterbox,
            RowForm::Counted { .. } => Resize::Stretch,
        };
        InputCard { resize, ..InputCard::default() }
    }

    fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), LayoutDecodeError> {
        for row in self.of_picture(outputs, batch)? {
            let (score, class) = (self.rows.score(row), self.rows.class(row));
            // Paddle writes a row of class -1 if it found nothing.
            if score >= threshold && (0.0..=MAX_CLASS).contains(&class) {
                let rect = to_rect(&self.rows.of_box(row), BoxForm::XyXy, self.units, input);
                push(found, RawDetection { rect, class_index: class as u32, score });
            }
        }
        Ok(())
    }
}

impl Flat {
    /// The rows of one picture.
    fn of_picture<'a>(&self, outputs: &[TensorView<'a>], batch: usize) -> Result<Vec<&'a [f32]>, LayoutDecodeError> {
        let rows = list(outputs, self.output)?.with_columns(self.output, self.rows.columns())?;
        match self.rows {
            RowForm::Indexed { .. } => {
                let picture = batch as f32;
                Ok(rows.iter_rows().filter(|row| (row[0] - picture).abs() < 0.5).collect())
            }
            RowForm::Counted { count: output } => {
                let mut before = 0_usize;
                for earlier in 0..batch {
                    before = before.saturating_add(count(outputs, output, earlier)?);
                }
                let own = count(outputs, output, batch)?;
                if before.saturating_add(own) > rows.rows {
                    return Err(rows.misfit(self.output));
                }
                Ok(rows.iter_rows().skip(before).take(own).collect())
            }
        }
    }
}

/// Whether class or score comes first. A class is a whole number, and scores are not all 0 or 1.
fn order(rows: &[&[f32]]) -> Result<RowForm, String> {
    let whole = |at: usize| check_classes(rows.iter().map(|row| row[at]), None).is_ok();
    match (whole(5), whole(6)) {
        (true, false) => Ok(CLASS_FIRST),
        (false, true) => Ok(SCORE_FIRST),
        (true, true) => {
            Err("a test run found nothing that shows whether class or score comes first in a row of 7 numbers"
                .to_owned())
        }
        (false, false) => {
            Err("in a test run neither the sixth nor the seventh number of a row is a class index".to_owned())
        }
    }
}
