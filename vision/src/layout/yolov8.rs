//! YOLOv8 and YOLO11: `1×(4+C)×N`, one row per coordinate and class, one column per anchor.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, Run, check_probabilities};
use super::family::{Certainty, Family};
use super::model_facts::ModelFacts;
use super::scores::to_rect;
use super::tensor::{Matrix, TensorView, matrix};
use crate::detection::RawDetection;
use crate::model_card::{BoxForm, BoxUnits, LayoutName};

// Anchors per block: their running maxima stay in the L1 cache while the class rows are read.
const BLOCK: usize = 1024;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloV8 {
    output: usize,
    // All rows, including those that pose and segmentation models append.
    rows: usize,
    classes: usize,
    form: BoxForm,
    units: BoxUnits,
    certainty: Certainty,
}

impl Family for YoloV8 {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let rows = usize::try_from(rows).map_err(|_| "the number of rows is dynamic".to_owned())?;
        if rows < 5 {
            return Err(format!("{rows} rows are fewer than 4 coordinates and one class"));
        }
        let counted = model.counts_cells(columns, 1);
        if columns >= 0 && (columns as usize) < rows && counted != Some(true) {
            return Err(format!("{rows} rows of {columns} anchors look transposed"));
        }
        let classes = model.classes_in(rows, 4)?;
        let named = model.is_named(LayoutName::YoloV8);
        model.check_without_nms(named)?;
        if model.labels.is_none() && counted == Some(false) && !named {
            return Err(format!("{columns} columns are not one per cell of the grids"));
        }
        Ok(Self {
            output,
            rows,
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
        let table = matrix(run.outputs, self.output, 0).map_err(|error| error.to_string())?;
        if table.rows != self.rows {
            return Err(format!("a test run gave {} rows", table.rows));
        }
        check_probabilities("class scores", (4..4 + self.classes).flat_map(|row| table.row(row)).copied())?;
        let numbers = (0..table.columns).map(|anchor| std::array::from_fn(|row| table.row(row)[anchor]));
        let boxes = Boxes::of(numbers, run.input);
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
        let table = matrix(outputs, self.output, batch)?;
        if table.rows != self.rows {
            return Err(table.misfit(self.output));
        }
        let mut best = [0.0_f32; BLOCK];
        let mut start = 0;
        while start < table.columns {
            let end = (start + BLOCK).min(table.columns);
            let best = &mut best[..end - start];
            self.best_scores(&table, start..end, best);
            for (at, &score) in best.iter().enumerate() {
                if score >= threshold {
                    push(found, self.read(&table, start + at, score, input));
                }
            }
            start = end;
        }
        Ok(())
    }
}

impl YoloV8 {
    /// The largest class score of each anchor. Its class is looked up later, and only for the few anchors that pass the
    /// threshold. NaN loses every comparison.
    fn best_scores(&self, table: &Matrix<'_>, anchors: std::ops::Range<usize>, best: &mut [f32]) {
        best.fill(f32::NEG_INFINITY);
        let scores = |class: usize| &table.row(4 + class)[anchors.clone()];
        // Four rows at a time: this loads and stores the running maximum a quarter as often.
        let fours = self.classes / 4 * 4;
        for class in (0..fours).step_by(4) {
            let (first, second) = (scores(class).iter().zip(scores(class + 1)), scores(class + 2).iter());
            for ((best, (&a, &b)), (&c, &d)) in best.iter_mut().zip(first).zip(second.zip(scores(class + 3))) {
                *best = larger(larger(larger(larger(*best, a), b), c), d);
            }
        }
        for class in fours..self.classes {
            for (best, &score) in best.iter_mut().zip(scores(class)) {
                *best = larger(*best, score);
            }
        }
    }

    fn read(&self, table: &Matrix<'_>, anchor: usize, score: f32, input: (u32, u32)) -> RawDetection {
        let value = |row: usize| table.data[row * table.columns + anchor];
        let class_index = (0..self.classes).find(|class| value(4 + class) >= score).unwrap_or_default() as u32;
        let numbers = [value(0), value(1), value(2), value(3)];
        RawDetection { rect: to_rect(&numbers, self.form, self.units, input), class_index, score }
    }
}

/// The larger value; `best` if `score` is NaN. `f32::max` also handles a NaN in `best`, which never occurs here and costs more than
/// the one machine instruction of this comparison.
fn larger(best: f32, score: f32) -> f32 {
    if score > best { score } else { best }
}
