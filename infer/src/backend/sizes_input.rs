//! Inputs beside the picture that say how large it was, so that a model gives boxes in pixels of the original: that of RT-DETR's and
//! D-FINE's exporters, and two of PaddleDetection. They are given the size of the model's own input, so that the boxes are in pixels of
//! that input, as those of other models.

use ort::value::TensorElementType;

use super::TensorPort;

/// The names that exporters give to the size in whose pixels boxes are wanted.
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

/// What an input of two numbers for each picture says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizesRole {
    /// The size in whose pixels boxes are wanted, in an order that the exporter chose.
    Wanted,
    /// PaddleDetection: height and width of the input.
    InputSize,
    /// PaddleDetection: by how much height and width were scaled.
    Scale,
}

/// An input of two numbers for each picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SizesInput {
    pub name: String,
    pub role: SizesRole,
    pub element: SizesElement,
}

/// Which of the two numbers comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SizesOrder {
    WidthFirst,
    HeightFirst,
}

impl SizesInput {
    /// The input of this name, dimensions and number type, if it takes sizes.
    pub fn of(port: &TensorPort, element: Option<TensorElementType>) -> Option<Self> {
        let role = match port.name.to_lowercase().as_str() {
            "im_shape" => SizesRole::InputSize,
            "scale_factor" => SizesRole::Scale,
            name if NAMES.contains(&name) => SizesRole::Wanted,
            _ => return None,
        };
        let element = match element? {
            TensorElementType::Int64 => SizesElement::I64,
            TensorElementType::Int32 => SizesElement::I32,
            TensorElementType::Float32 => SizesElement::F32,
            _ => return None,
        };
        matches!(port.dims[..], [_, 2 | -1]).then(|| Self { name: port.name.clone(), role, element })
    }

    /// One pair for each picture of the batch. `input` is the width and height of the model's input, `wanted` the pair for an input
    /// whose order the exporter chose.
    pub fn pairs(&self, input: (i64, i64), wanted: (i64, i64), batch: usize) -> Vec<i64> {
        let pair = match self.role {
            SizesRole::Wanted => [wanted.0, wanted.1],
            SizesRole::InputSize => [input.1, input.0],
            SizesRole::Scale => [1, 1],
        };
        pair.repeat(batch)
    }
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
        let role = |name: &str, dims: &[i64], element| {
            SizesInput::of(&port(name, dims), Some(element)).map(|input| input.role)
        };
        assert_eq!(role("orig_target_sizes", &[-1, 2], TensorElementType::Int64), Some(SizesRole::Wanted));
        assert_eq!(role("im_shape", &[-1, 2], TensorElementType::Float32), Some(SizesRole::InputSize));
        assert_eq!(role("scale_factor", &[1, 2], TensorElementType::Float32), Some(SizesRole::Scale));
        assert_eq!(role("pixel_mask", &[-1, 2], TensorElementType::Int64), None);
        assert_eq!(role("orig_target_sizes", &[-1, 4], TensorElementType::Int64), None);
        assert_eq!(role("orig_size", &[1, 2], TensorElementType::Bool), None);
    }

    #[test]
    fn each_input_gets_the_pair_that_leaves_boxes_in_pixels_of_the_input() {
        let pairs = |role| {
            let input = SizesInput { name: String::new(), role, element: SizesElement::F32 };
            input.pairs((640, 384), (384, 640), 2)
        };
        assert_eq!(pairs(SizesRole::Wanted), [384, 640, 384, 640]);
        assert_eq!(pairs(SizesRole::InputSize), [384, 640, 384, 640]);
        assert_eq!(pairs(SizesRole::Scale), [1, 1, 1, 1]);
    }
}
