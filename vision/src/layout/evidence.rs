//! What the numbers of one run say about the form of a model's outputs.
//!
//! Shapes alone do not say whether a sigmoid was applied, whether boxes are decoded, or in which unit they are. The numbers
//! of a run on a real picture usually do. What they contradict is refused; what they leave open keeps its default.

use super::tensor::TensorView;
use crate::model_card::{BoxForm, BoxUnits, ScoreForm};

/// The outputs of one run, of which the first picture is examined.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    pub outputs: &'a [TensorView<'a>],
    /// Width and height of the model's input.
    pub input: (u32, u32),
}

/// Half precision and quantisation exceed the range of a probability slightly.
const SLACK: f32 = 0.02;
/// A larger number is no fraction of the picture.
const LARGEST_FRACTION: f32 = 1.5;
/// So many boxes of a real run are never all of one kind by chance.
const SOME_ROWS: usize = 20;
const MANY_ROWS: usize = 100;
/// Rows below this score are padding, whose numbers mean nothing.
pub(super) const MIN_SCORE: f32 = 0.02;

/// The smallest and the largest of some numbers; NaN is skipped.
fn range(values: impl Iterator<Item = f32>) -> Option<(f32, f32)> {
    values.filter(|value| !value.is_nan()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

fn is_probability(range: Option<(f32, f32)>) -> bool {
    range.is_none_or(|(low, high)| low >= -SLACK && high <= 1.0 + SLACK)
}

/// Fails if the scores of a layout that applies the activation itself are not from 0 to 1.
pub(super) fn check_probabilities(what: &str, values: impl Iterator<Item = f32>) -> Result<(), String> {
    let range = range(values);
    match range {
        Some((low, high)) if !is_probability(range) => {
            Err(format!("in a test run {what} are from {low} to {high}, which are no probabilities"))
        }
        _ => Ok(()),
    }
}

/// The form of scores that the model may or may not have passed through its activation.
pub(super) fn score_form(
    stated: Option<ScoreForm>,
    logits: ScoreForm,
    values: impl Iterator<Item = f32>,
) -> Result<ScoreForm, String> {
    let Some((low, high)) = range(values) else { return Ok(stated.unwrap_or(logits)) };
    let activated = is_probability(Some((low, high)));
    match stated {
        None if activated => Ok(ScoreForm::Activated),
        None => Ok(logits),
        Some(ScoreForm::Activated) if !activated => Err(format!(
            "in a test run the scores are from {low} to {high}, but output.scores of the card states probabilities"
        )),
        Some(ScoreForm::Sigmoid | ScoreForm::Softmax) if activated && low < high => Err(format!(
            "in a test run the scores are from {low} to {high}, but output.scores of the card states logits"
        )),
        Some(form) => Ok(form),
    }
}

/// Statistics of boxes, each of four numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boxes {
    /// Boxes with a number other than zero.
    rows: usize,
    /// The largest number, whatever its sign.
    largest: f32,
    /// Boxes whose third and fourth number are above the first and second, and boxes where one of them is below.
    ordered: usize,
    inverted: usize,
    /// Boxes that leave the picture if their numbers are centre and size.
    outside: usize,
    /// Of the third and fourth numbers.
    smallest_size: f32,
    largest_size: f32,
}

impl Boxes {
    pub fn of(rows: impl Iterator<Item = [f32; 4]>, input: (u32, u32)) -> Self {
        let mut boxes = Self {
            rows: 0,
            largest: 0.0,
            ordered: 0,
            inverted: 0,
            outside: 0,
            smallest_size: f32::INFINITY,
            largest_size: f32::NEG_INFINITY,
        };
        for row in rows {
            if row.iter().all(|number| *number == 0.0 || number.is_nan()) {
                continue;
            }
            let [a, b, c, d] = row;
            let largest = row.iter().fold(0.0_f32, |most, number| most.max(number.abs()));
            boxes.rows += 1;
            boxes.largest = boxes.largest.max(largest);
            boxes.ordered += usize::from(c > a && d > b);
            boxes.inverted += usize::from(c < a || d < b);
            let (width, height) =
                if largest <= LARGEST_FRACTION { (1.0, 1.0) } else { (input.0 as f32, input.1 as f32) };
            let leaves = |centre: f32, size: f32, side: f32| {
                centre - size / 2.0 < -0.1 * side || centre + size / 2.0 > 1.1 * side
            };
            boxes.outside += usize::from(leaves(a, c, width) || leaves(b, d, height));
            boxes.smallest_size = boxes.smallest_size.min(c).min(d);
            boxes.largest_size = boxes.largest_size.max(c).max(d);
        }
        boxes
    }

    /// Whether no box has a number other than zero.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The unit: the stated one, if the numbers do not contradict it.
    pub fn units(&self, stated: Option<BoxUnits>, usual: BoxUnits) -> Result<BoxUnits, String> {
        if self.rows == 0 {
            return Ok(stated.unwrap_or(usual));
        }
        let found = if self.largest <= LARGEST_FRACTION { BoxUnits::Normalised } else { BoxUnits::Pixels };
        match stated {
            Some(stated) if stated != found => Err(format!(
                "in a test run the numbers of boxes are up to {}, but output.box_units of the card states {stated:?}",
                self.largest
            )),
            _ => Ok(found),
        }
    }

    /// The units of rows whose form is known. Fails if the rows cannot have this form.
    pub fn units_of_form(&self, form: BoxForm, stated: Option<BoxUnits>, usual: BoxUnits) -> Result<BoxUnits, String> {
        if form == BoxForm::CxCyWh {
            self.check_centre_and_size()?;
        }
        self.units(stated, usual)
    }

    /// The form: the stated one, else the one that the numbers show, else the usual one.
    pub fn form(&self, stated: Option<BoxForm>, usual: BoxForm) -> Result<BoxForm, String> {
        let shown = match self.inverted {
            // The right edge is never left of the left one.
            1.. if self.smallest_size < 0.0 => {
                return Err("in a test run the boxes are neither edges nor centre and size".to_owned());
            }
            1.. => Some(BoxForm::CxCyWh),
            // Of so many real boxes, some are smaller than their distance from the picture's corner.
            0 if self.ordered >= SOME_ROWS || self.outside > 0 => Some(BoxForm::XyXy),
            0 => None,
        };
        let is_edges = |form: BoxForm| form != BoxForm::CxCyWh;
        match (stated, shown) {
            (Some(stated), Some(shown)) if is_edges(stated) != is_edges(shown) => Err(format!(
                "in a test run the boxes look like {shown:?}, but output.boxes of the card states {stated:?}"
            )),
            // The order of the edges does not show.
            (None, Some(BoxForm::XyXy)) if is_edges(usual) => Ok(usual),
            (stated, shown) => Ok(stated.or(shown).unwrap_or(usual)),
        }
    }

    /// Fails if the numbers of a layout whose boxes are centre and size are not.
    fn check_centre_and_size(&self) -> Result<(), String> {
        if self.rows > 0 && self.smallest_size < -1.0 {
            return Err(format!("in a test run a box has the size {}", self.smallest_size));
        }
        if self.ordered >= MANY_ROWS && self.inverted == 0 {
            return Err(
                "in a test run all boxes look like edges (left, top, right, bottom): state output.boxes in a card"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Fails if a box does not have its left and top edge first.
    pub fn check_edges(&self) -> Result<(), String> {
        if self.inverted == 0 {
            return Ok(());
        }
        Err("in a test run a box has its right edge left of its left one: it may be centre and size, \
             which output.boxes of a card would have to state"
            .to_owned())
    }

    /// Whether boxes relative to grid cells are decoded already. `None` if the numbers fit neither.
    pub fn decoded(&self) -> Option<bool> {
        // The logarithm of a size in cells: e^8 cells are more than any picture has.
        const LARGEST_LOG: f32 = 8.0;
        if self.rows == 0 || self.largest <= LARGEST_LOG {
            return Some(false);
        }
        if self.smallest_size >= 0.0 {
            return Some(true);
        }
        (self.largest_size <= LARGEST_LOG).then_some(false)
    }
}

/// Fails if class indices are not whole numbers, or beyond the labels.
pub(super) fn check_classes(values: impl Iterator<Item = f32>, labels: Option<usize>) -> Result<(), String> {
    for value in values {
        if value.fract() != 0.0 || value < -1.0 {
            return Err(format!("in a test run a class index is {value}, which is no index"));
        }
        if let Some(labels) = labels
            && value >= labels as f32
        {
            return Err(format!("in a test run a class index is {value}, but there are {labels} labels"));
        }
    }
    Ok(())
}

/// The first four numbers of a row.
pub(super) fn four(row: &[f32]) -> [f32; 4] {
    [row[0], row[1], row[2], row[3]]
}
