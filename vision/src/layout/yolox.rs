//! YOLOX: rows as in YOLOv5, but centre and size are relative to the cell of a grid.

use super::DecodeError;
use super::detect::Facts;
use super::grid::{USUAL_STRIDES, cells, grids_of};
use super::tensor::{TensorView, matrix};
use super::yolov5::{rows_of_classes, score};
use crate::detection::RawDetection;
use crate::geometry::Rect;
use crate::model_card::LayoutName;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct YoloX {
    output: usize,
    columns: usize,
    pub classes: usize,
    strides: Vec<u32>,
}

impl YoloX {
    pub fn fit(facts: &Facts<'_>) -> Result<Self, String> {
        let (output, [_, rows, columns]) = facts.only_matrix()?;
        let (columns, classes) = rows_of_classes(facts, rows, columns)?;
        let strides = facts.card.strides.clone().unwrap_or_else(|| USUAL_STRIDES.to_vec());
        if facts.card.layout != Some(LayoutName::YoloX) {
            one_row_for_each_cell(facts, &strides, rows)?;
        } else if let (Some(input), true) = (facts.input, rows >= 0) {
            let needed = cells(&strides, input);
            if needed as i64 != rows {
                return Err(format!("{rows} rows, but the grids of a {}x{} input have {needed}", input.0, input.1));
            }
        }
        Ok(Self { output, columns, classes, strides })
    }

    pub fn decode(
        &self,
        outputs: &[TensorView<'_>],
        batch: usize,
        input: (u32, u32),
        threshold: f32,
        found: &mut Vec<RawDetection>,
    ) -> Result<(), DecodeError> {
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

/// Rows of YOLOv5 and YOLOX look the same. YOLOv5 has three for each cell of its grids, YOLOX one, and only YOLOv5's exporter
/// writes metadata.
fn one_row_for_each_cell(facts: &Facts<'_>, strides: &[u32], rows: i64) -> Result<(), String> {
    if facts.is_ultralytics() {
        return Err("the metadata is of an exporter that has no YOLOX".to_owned());
    }
    let known = match facts.input {
        Some(input) => rows == cells(strides, input) as i64,
        // Grids of strides 8, 16 and 32 have 21 cells for each cell of the last; three times that is YOLOv5.
        None => rows > 0 && rows % 21 == 0 && rows % 63 != 0,
    };
    if known { Ok(()) } else { Err("not one row for each cell of the grids".to_owned()) }
}
