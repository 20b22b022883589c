//! Detections that the model has selected itself, in separate outputs: boxes `1×K×4`, labels `1×K` and scores `1×K`, and in exports
//! with NMS how many of the K rows are filled. MMDetection's boxes have the score as their fifth number.
//!
//! RT-DETR and D-FINE by their own exporters, EfficientNMS of TensorRT (YOLOv6, YOLOv7, DAMO-YOLO), YOLO-NAS, TensorFlow's detectors.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, MIN_SCORE, Run, check_classes, check_probabilities, four};
use super::family::{Certainty, Family};
use super::model_facts::ModelFacts;
use super::scores::to_rect;
use super::tensor::{TensorView, count, matrix, vector};
use crate::detection::RawDetection;
use crate::letterbox::Resize;
use crate::model_card::{BoxForm, BoxUnits, InputCard};

const MAX_CLASS: f32 = 65_535.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selected {
    boxes: usize,
    labels: usize,
    /// `None`: the fifth number of each box is its score.
    scores: Option<usize>,
    /// How many rows of each picture are filled.
    count: Option<usize>,
    form: BoxForm,
    units: BoxUnits,
    certainty: Certainty,
}

/// The filled rows of one picture.
struct Rows<'a> {
    boxes: Vec<&'a [f32]>,
    labels: &'a [f32],
    scores: Vec<f32>,
}

impl Family for Selected {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let vectors = |parts: &'static [&'static str]| {
            model.of_rank(2).find(move |at| parts.iter().any(|part| model.is_called(*at, part)))
        };
        let labels =
            vectors(&["label", "class", "cls"]).ok_or("no output with 2 dimensions has label or class in its name")?;
        let scores = vectors(&["score", "conf"]);
        let length = model.outputs[labels].shape[1];
        let columns = if scores.is_some() { 4 } else { 5 };
        // TensorFlow's detectors also give their boxes before NMS, and the scores of all classes.
        let other = |at: usize| ["raw", "score", "class"].iter().any(|part| model.is_called(at, part));
        let fits =
            |(_, shape): &(usize, [i64; 3])| shape[2] == columns && (shape[1] == length || shape[1] < 0 || length < 0);
        let of_boxes: Vec<usize> = model.matrices().filter(fits).map(|(at, _)| at).filter(|at| !other(*at)).collect();
        let [boxes] = of_boxes[..] else {
            let scores = if scores.is_some() {
                ""
            } else {
                ", because no output with 2 dimensions has score or conf in its name"
            };
            return Err(format!("{} outputs have a row of {columns} numbers for each label{scores}", of_boxes.len()));
        };
        let counts = |at: &usize| model.is_called(*at, "num") && !model.is_called(*at, "class");
        let form = if model.is_called(boxes, "detection_boxes") { BoxForm::YxYx } else { BoxForm::XyXy };
        let named = model.card.layout.is_some();
        Ok(Self {
            boxes,
            labels,
            scores,
            count: model.of_rank(1).chain(model.of_rank(2).filter(|at| *at != labels)).find(counts),
            form: model.card.boxes.unwrap_or(form),
            units: model.card.box_units.unwrap_or(BoxUnits::Pixels),
            certainty: if named { Certainty::Stated } else { Certainty::Plausible },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let rows = self.rows(run.outputs, 0).map_err(|error| error.to_string())?;
        check_probabilities("scores", rows.scores.iter().copied())?;
        // Also of rows without a score: if labels and scores are exchanged, every score of class 0 is 0.
        check_classes(rows.labels.iter().copied(), None)?;
        let found = |at: &usize| rows.scores[*at] > MIN_SCORE;
        check_classes((0..rows.scores.len()).filter(found).map(|at| rows.labels[at]), model.labels)?;
        let boxes = Boxes::of((0..rows.scores.len()).filter(found).map(|at| four(rows.boxes[at])), run.input);
        self.units = boxes.units(model.card.box_units, self.units)?;
        // Left, top, width and height look like centre and size.
        if self.form == BoxForm::CxCyWh {
            self.form = boxes.form(model.card.boxes, self.form)?;
        } else {
            boxes.check_edges()?;
        }
        Ok(())
    }

    fn outputs(&self) -> Vec<usize> {
        [self.boxes, self.labels].into_iter().chain(self.scores).chain(self.count).collect()
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn needs_suppression(&self) -> bool {
        false
    }

    fn usual_input(&self, _model: &ModelFacts<'_>) -> InputCard {
        // Detection transformers do not count what they found, and see stretched pictures.
        let resize = if self.count.is_some() { Resize::Letterbox } else { Resize::Stretch };
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
        let rows = self.rows(outputs, batch)?;
        for ((numbers, &label), &score) in rows.boxes.iter().zip(rows.labels).zip(&rows.scores) {
            if score >= threshold && (0.0..=MAX_CLASS).contains(&label) {
                let rect = to_rect(numbers, self.form, self.units, input);
                push(found, RawDetection { rect, class_index: label as u32, score });
            }
        }
        Ok(())
    }
}

impl Selected {
    fn rows<'a>(&self, outputs: &[TensorView<'a>], batch: usize) -> Result<Rows<'a>, LayoutDecodeError> {
        let columns = if self.scores.is_some() { 4 } else { 5 };
        let boxes = matrix(outputs, self.boxes, batch)?.with_columns(self.boxes, columns)?;
        let labels = vector(outputs, self.labels, batch)?;
        let scores = match self.scores {
            Some(scores) => vector(outputs, scores, batch)?.to_vec(),
            None => boxes.iter_rows().map(|row| row[4]).collect(),
        };
        if labels.len() != boxes.rows || scores.len() != boxes.rows {
            return Err(boxes.misfit(self.boxes));
        }
        let filled = match self.count {
            Some(output) => count(outputs, output, batch)?.min(boxes.rows),
            None => boxes.rows,
        };
        let scores = scores[..filled].to_vec();
        Ok(Rows { boxes: boxes.iter_rows().take(filled).collect(), labels: &labels[..filled], scores })
    }
}
