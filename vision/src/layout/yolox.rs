//! YOLOX: rows as in YOLOv5, but centre and size are relative to a grid cell.

use super::decode_error::LayoutDecodeError;
use super::family::Family;
use super::grid::{USUAL_STRIDES, cells, grids_of};
use super::model_facts::ModelFacts;
use super::tensor::{TensorView, matrix};
use super::yolov5::{rows_of_classes, score};
use crate::detection::RawDetection;
use crate::geometry::Rect;
use crate::model_card::LayoutName;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloX {
    output: usize,
    columns: usize,
    classes: usize,
    strides: Vec<u32>,
}

impl Family for YoloX {
    fn fit(model: &ModelFacts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = model.only_matrix()?;
        let (columns, classes) = rows_of_classes(model, rows, columns)?;
        let strides = model.card.strides.clone().unwrap_or_else(|| USUAL_STRIDES.to_vec());
        if model.card.layout != Some(LayoutName::YoloX) {
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
        Ok(Self { output, columns, classes, strides })
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
        let mut each_row = rows.iter_rows();
        for grid in grids_of(&self.strides, input, self.output, rows.rows)? {
            let stride = grid.stride as f32;
            for (at, row) in each_row.by_ref().take(grid.len()).enumerate() {
                if let Some((class_index, score)) = score(row, self.classes, threshold) {
                    let (column, line) = grid.cell(at);
                    let rect = Rect::from_centre(
                        (row[0] + column) * stride,
                        (row[1] + line) * stride,
                        row[2].exp() * stride,
                        row[3].exp() * stride,
                    );
                    found.push(RawDetection { rect, class_index, score });
                }
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
