//! YOLOX: rows as in YOLOv5, one per grid cell. Centre and size are relative to the cell, or in pixels if the model decodes them
//! itself, as an export with `decode_in_inference` and YOLOv6 do.

use super::candidates::push;
use super::decode_error::LayoutDecodeError;
use super::evidence::{Boxes, Run, four};
use super::family::{Certainty, Family};
use super::grid::{USUAL_STRIDES, cells, grids_of, strides_of};
use super::model_facts::ModelFacts;
use super::scores::to_rect;
use super::tensor::{TensorView, matrix};
use super::yolov5::{check_scores, rows_of_classes, score};
use crate::detection::RawDetection;
use crate::geometry::Rect;
use crate::letterbox::{ColourOrder, Resize};
use crate::model_card::{BoxForm, BoxUnits, InputCard, LayoutName};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloX {
    output: usize,
    columns: usize,
    classes: usize,
    strides: Vec<u32>,
    /// The boxes are in pixels.
    decoded: bool,
    // For decoded boxes.
    form: BoxForm,
    units: BoxUnits,
    /// Every box has the objectness 1: YOLOv6, which has none.
    without_objectness: bool,
    certainty: Certainty,
}

impl Family for YoloX {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let (columns, classes) = rows_of_classes(model, rows, columns)?;
        let named = model.is_named(LayoutName::YoloX);
        let strides = match (&model.card.strides, model.input) {
            (Some(strides), _) => strides.clone(),
            (None, Some(input)) => strides_of(input, rows).unwrap_or(&USUAL_STRIDES).to_vec(),
            (None, None) => USUAL_STRIDES.to_vec(),
        };
        if !named {
            check_one_row_per_cell(model, &strides, rows)?;
        } else if let (Some(input), true) = (model.input, rows >= 0) {
            let needed = cells(&strides, input);
            if needed as i64 != rows {
                return Err(format!(
                    "{rows} rows, but the grids of a {}x{} input have {needed} cells",
                    input.0, input.1
                ));
            }
        }
        Ok(Self {
            output,
            columns,
            classes,
            strides,
            decoded: model.card.decoded.unwrap_or(false),
            form: model.card.boxes.unwrap_or(BoxForm::CxCyWh),
            units: model.card.box_units.unwrap_or(BoxUnits::Pixels),
            without_objectness: false,
            certainty: if named { Certainty::Stated } else { Certainty::Counted },
        })
    }

    fn certainty(&self) -> Certainty {
        self.certainty
    }

    fn settle(&mut self, model: &ModelFacts<'_>, run: Run<'_>) -> Result<(), String> {
        let rows = matrix(run.outputs, self.output, 0).map_err(|error| error.to_string())?;
        check_scores(rows, self.classes)?;
        self.without_objectness = rows.rows > 0 && rows.iter_rows().all(|row| (row[4] - 1.0).abs() < 1e-3);
        let boxes = Boxes::of(rows.iter_rows().map(four), run.input);
        let decoded = boxes.decoded();
        self.decoded = match (model.card.decoded, decoded) {
            (Some(stated), Some(found)) if stated != found => {
                return Err(format!(
                    "in a test run the boxes are {} cells, but output.decoded of the card states {stated}",
                    if found { "not relative to" } else { "relative to" }
                ));
            }
            (_, Some(found)) => found,
            (_, None) => return Err("in a test run the boxes are neither in pixels nor relative to cells".to_owned()),
        };
        if self.decoded {
            self.units = boxes.units_of_form(self.form, model.card.box_units, self.units)?;
        }
        Ok(())
    }

    fn outputs(&self) -> Vec<usize> {
        vec![self.output]
    }

    fn classes(&self) -> Option<usize> {
        Some(self.classes)
    }

    fn usual_input(&self, _model: &ModelFacts<'_>) -> InputCard {
        if self.without_objectness {
            return InputCard::default();
        }
        InputCard {
            colour: ColourOrder::Bgr,
            scale: Some(1.0),
            resize: Resize::LetterboxTopLeft,
            ..InputCard::default()
        }
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
        let mut each_row = rows.iter_rows();
        for grid in grids_of(&self.strides, input, self.output, rows.rows)? {
            let stride = grid.stride as f32;
            for (at, row) in each_row.by_ref().take(grid.len()).enumerate() {
                let Some((class_index, score)) = score(row, self.classes, threshold) else { continue };
                let rect = if self.decoded {
                    to_rect(row, self.form, self.units, input)
                } else {
                    let (column, line) = grid.cell(at);
                    Rect::from_centre(
                        (row[0] + column) * stride,
                        (row[1] + line) * stride,
                        row[2].exp() * stride,
                        row[3].exp() * stride,
                    )
                };
                push(found, RawDetection { rect, class_index, score });
            }
        }
        Ok(())
    }
}

/// Distinguishes YOLOX from YOLOv5, whose rows have the same form. YOLOv5 has three rows per grid cell and YOLOX one, and only
/// YOLOv5's exporter writes metadata.
fn check_one_row_per_cell(model: &ModelFacts<'_>, strides: &[u32], rows: i64) -> Result<(), String> {
    if model.is_ultralytics() {
        return Err("an exporter that does not support YOLOX wrote the metadata".to_owned());
    }
    let known = match model.input {
        Some(input) => rows == cells(strides, input) as i64,
        // Grids of strides 8, 16 and 32 have 21 cells per cell of the last grid; YOLOv5 has three times as many rows.
        None => rows > 0 && rows % 21 == 0 && rows % 63 != 0,
    };
    if known { Ok(()) } else { Err("not one row per cell of the grids".to_owned()) }
}
