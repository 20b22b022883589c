//! Model cards, model outputs, and ground truth.

use vru_vision::detection::RawDetection;
use vru_vision::layout::{Metadata, TensorInfo, TensorView, detect};
use vru_vision::model_card::ModelCard;
use vru_vision::mot;
use vru_vision::nms::{NmsConfig, keep_strongest, suppress};

use super::check_error;
use crate::input::Input;

/// Special values in tensors.
const SPECIAL: [f32; 8] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MAX, f32::MIN_POSITIVE, 1e9];
/// Maximum number of values in a tensor.
const MAX_NUMBERS: usize = 8 * 1024;

/// A model's card, metadata, outputs and then one run. The lines of a case are the card (with `;` for line ends), metadata
/// `key=value` until an empty line, outputs `name dimension …` until an empty line. The input size and numbers follow.
pub(crate) fn layout(case: &[u8]) {
    let mut input = Input::new(case);
    let card = ModelCard::parse(&input.line().replace(';', "\n")).ok();
    let mut metadata = Metadata::new();
    while let Some((key, value)) = input.line().split_once('=') {
        metadata.insert(key.to_owned(), value.to_owned());
    }
    let mut infos = Vec::new();
    loop {
        let line = input.line();
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        if name.is_empty() || infos.len() == 16 {
            break;
        }
        infos.push(TensorInfo { name: name.to_owned(), shape: words.filter_map(|word| word.parse().ok()).collect() });
    }
    let layout = match detect(&infos, &metadata, card.as_ref()) {
        Ok(layout) => layout,
        Err(error) => return check_error(&error),
    };
    // The case may introduce mistakes in the shapes of the run.
    let size = (input.word() % 2_048, input.word() % 2_048);
    let twist = input.byte();
    let shapes: Vec<Vec<usize>> = infos.iter().map(|info| run_shape(&info.shape, twist)).collect();
    let total = |shape: &[usize]| shape.iter().try_fold(1_usize, |len, &side| len.checked_mul(side));
    let pattern = input.rest();
    let data: Vec<Vec<f32>> =
        shapes.iter().map(|shape| numbers(total(shape).unwrap_or(0).min(MAX_NUMBERS), pattern)).collect();
    let views: Vec<TensorView<'_>> = shapes.iter().zip(&data).map(|(shape, data)| TensorView { shape, data }).collect();
    let mut found = Vec::new();
    let threshold = 0.25;
    if let Err(error) = layout.decode(&views, usize::from(twist >> 7), size, threshold, &mut found) {
        check_error(&error);
    }
    check_detections(found, threshold, layout.classes(), layout.needs_suppression());
}

fn run_shape(shape: &[i64], twist: u8) -> Vec<usize> {
    let mut shape: Vec<usize> =
        shape.iter().map(|&side| usize::try_from(side).unwrap_or(usize::from(twist) * 7)).collect();
    match twist % 8 {
        1 => drop(shape.pop()),
        2 => shape.iter_mut().for_each(|side| *side = side.wrapping_mul(3)),
        3 => shape.push(usize::MAX),
        4 => shape.iter_mut().for_each(|side| *side = 0),
        _ => {}
    }
    shape
}

fn numbers(count: usize, pattern: &[u8]) -> Vec<f32> {
    let number = |at: usize| match pattern.get(at % pattern.len().max(1)).copied().unwrap_or(0) {
        byte @ 0..=7 => SPECIAL[usize::from(byte)],
        byte => (f32::from(byte) - 64.0) / 128.0,
    };
    (0..count).map(number).collect()
}

/// Scores reach the threshold, class indices exist, and NMS keeps only valid boxes and at most its maximum.
fn check_detections(found: Vec<RawDetection>, threshold: f32, classes: Option<usize>, suppression: bool) {
    for detection in &found {
        assert!(detection.score >= threshold, "{detection:?} is below the threshold");
        assert!(
            classes.is_none_or(|classes| (detection.class_index as usize) < classes),
            "{detection:?} of {classes:?}"
        );
    }
    let config = NmsConfig { iou: 0.6, max_detections: 10 };
    let kept = if suppression { suppress(found, config) } else { keep_strongest(found, 10) };
    assert!(kept.len() <= 10);
    assert!(kept.iter().all(|detection| detection.rect.is_valid()), "a box that is not valid was kept: {kept:?}");
}

/// An accepted card has no problem.
pub(crate) fn card(case: &[u8]) {
    match ModelCard::parse(&crate::input::text(case)) {
        Ok(card) => assert!(card.problems().is_empty()),
        Err(error) => check_error(&error),
    }
}

/// Parsed entries survive formatting and parsing, to the precision of the format.
pub(crate) fn mot(case: &[u8]) {
    match mot::read(&crate::input::text(case)) {
        Ok(mut entries) => {
            // Smaller boxes are rounded to boxes without area.
            entries.retain(|entry| entry.rect.width >= 0.01 && entry.rect.height >= 0.01);
            let once = mot::write(&entries);
            let again = mot::read(&once).unwrap_or_else(|error| panic!("{error} in {once}"));
            assert_eq!(once, mot::write(&again));
        }
        Err(error) => check_error(&error),
    }
}
