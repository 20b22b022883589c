//! The known families of output layouts.

use super::detr::Detr;
use super::end2end::End2End;
use super::family::Family;
use super::flat::Flat;
use super::model_facts::ModelFacts;
use super::nanodet::NanoDet;
use super::selected::Selected;
use super::yolov5::YoloV5;
use super::yolov8::YoloV8;
use super::yolov8_rows::YoloV8Rows;
use super::yolox::YoloX;
use crate::model_card::LayoutName;

/// Fits one family to a model, or says why it does not fit.
pub(super) type Fit = fn(&ModelFacts<'_>) -> Result<Box<dyn Family>, String>;

/// Every family, with the names that a card may give it. The first one is its own.
pub(super) const FAMILIES: [(&[LayoutName], Fit); 9] = [
    (&[LayoutName::Detr], fit::<Detr>),
    (&[LayoutName::Detr, LayoutName::End2End], fit::<Selected>),
    (&[LayoutName::NanoDet], fit::<NanoDet>),
    (&[LayoutName::End2End], fit::<End2End>),
    (&[LayoutName::End2End], fit::<Flat>),
    (&[LayoutName::YoloV8], fit::<YoloV8>),
    (&[LayoutName::YoloV8], fit::<YoloV8Rows>),
    (&[LayoutName::YoloX], fit::<YoloX>),
    (&[LayoutName::YoloV5], fit::<YoloV5>),
];

fn fit<F: Family + 'static>(model: &ModelFacts<'_>) -> Result<Box<dyn Family>, String> {
    Ok(Box::new(F::fit(model)?))
}
