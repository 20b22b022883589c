//! The known families of output layouts.

use std::sync::Arc;

use super::detr::Detr;
use super::end2end::End2End;
use super::family::Family;
use super::model_facts::ModelFacts;
use super::nanodet::NanoDet;
use super::yolov5::YoloV5;
use super::yolov8::YoloV8;
use super::yolox::YoloX;
use crate::model_card::LayoutName;

/// Fits one family to a model, or says why it does not fit.
pub(super) type Fit = fn(&ModelFacts<'_>) -> Result<Arc<dyn Family>, String>;

/// Every family, in the order in which detection tries them: first those with the least ambiguous shapes.
pub(super) const FAMILIES: [(LayoutName, Fit); 6] = [
    (LayoutName::Detr, fit::<Detr>),
    (LayoutName::NanoDet, fit::<NanoDet>),
    (LayoutName::End2End, fit::<End2End>),
    (LayoutName::YoloV8, fit::<YoloV8>),
    (LayoutName::YoloX, fit::<YoloX>),
    (LayoutName::YoloV5, fit::<YoloV5>),
];

fn fit<F: Family + 'static>(model: &ModelFacts<'_>) -> Result<Arc<dyn Family>, String> {
    Ok(Arc::new(F::fit(model)?))
}
