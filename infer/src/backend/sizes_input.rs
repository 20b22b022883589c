//! The second input of RT-DETR's and D-FINE's exporters: the size of the picture in whose pixels the boxes are wanted. It is
//! given the size of the model's own input, so that the boxes are in pixels of that input, as those of other models.

use ort::value::TensorElementType;

use super::TensorPort;

/// The names that exporters give it.
const NAMES: [&str; 6] =
    ["orig_target_sizes", "orig_target_size", "orig_sizes", "orig_size", "target_sizes", "original_sizes"];

/// A size that is wide and low, to see which number is the width.
pub(super) const WIDE: (i64, i64) = (4096, 1);

/// The number type of the sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizesElement {
    I64,
    I32,
    F32,
}

/// Which of the two numbers comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizesOrder {
    WidthFirst,
    HeightFirst,
}

/// Whether an input of this name and these dimensions takes sizes, and their number type.
pub(super) fn sizes_element(port: &TensorPort, element: Option<TensorElementType>) -> Option<SizesElement> {
    let fits = NAMES.contains(&port.name.to_lowercase().as_str()) && matches!(port.dims[..], [_, 2 | -1]);
    match element {
        _ if !fits => None,
        Some(TensorElementType::Int64) => Some(SizesElement::I64),
        Some(TensorElementType::Int32) => Some(SizesElement::I32),
        Some(TensorElementType::Float32) => Some(SizesElement::F32),
        _ => None,
    }
}

/// One pair for each picture of the batch.
pub(super) fn pairs(size: (i64, i64), batch: usize) -> Vec<i64> {
    [size.0, size.1].repeat(batch)
}

/// The order, from the boxes of a run that was given [`WIDE`]: the coordinates along the number that is large are large.
/// `None` if the boxes do not show it.
pub(super) fn order(boxes: &[f32]) -> Option<SizesOrder> {
    let (mut across, mut down) = (0.0_f64, 0.0_f64);
    for row in boxes.chunks_exact(4) {
        across += f64::from(row[0].abs()) + f64::from(row[2].abs());
        down += f64::from(row[1].abs()) + f64::from(row[3].abs());
    }
    if across > 16.0 * down {
        Some(SizesOrder::WidthFirst)
    } else if down > 16.0 * across {
        Some(SizesOrder::HeightFirst)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_follows_from_the_boxes() {
        let (wide, low) = ([1638.4, 0.3, 2457.6, 0.7], [0.4, 1228.8, 0.6, 2867.2]);
        assert_eq!(order(&wide), Some(SizesOrder::WidthFirst));
        assert_eq!(order(&low), Some(SizesOrder::HeightFirst));
        assert_eq!(order(&[10.0, 12.0, 20.0, 24.0]), None);
        assert_eq!(order(&[]), None);
        assert_eq!(order(&[f32::NAN; 4]), None);
    }

    #[test]
    fn only_known_names_of_two_numbers_are_sizes() {
        let port = |name: &str, dims: &[i64]| TensorPort {
            name: name.to_owned(),
            dims: dims.to_vec(),
            element: None,
            type_name: String::new(),
        };
        let element = |port| sizes_element(&port, Some(TensorElementType::Int64));
        assert_eq!(element(port("orig_target_sizes", &[-1, 2])), Some(SizesElement::I64));
        assert_eq!(element(port("pixel_mask", &[-1, 2])), None);
        assert_eq!(element(port("orig_target_sizes", &[-1, 4])), None);
        assert_eq!(sizes_element(&port("orig_size", &[1, 2]), Some(TensorElementType::Bool)), None);
    }
}
