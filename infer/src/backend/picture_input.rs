//! The input that takes pictures: its size, the order of its dimensions, and its number type.

use vru_vision::layout;
use vru_vision::letterbox::{Element, InputSpec, TensorLayout};
use vru_vision::model_card::{InputCard, ModelCard};

use super::{BackendError, ModelIo};

/// A larger side is a mistake: a batch would not fit in memory.
const MAX_SIDE: u32 = 8192;

/// The format of the input: as the card describes it, else for the model's own size and number type. Fails if the model does
/// not take pictures, or if nothing states the size.
pub fn input_spec(io: &ModelIo, card: Option<&ModelCard>) -> Result<InputSpec, BackendError> {
    let input = card.map(|card| card.input.clone()).unwrap_or_default();
    spec(io, card, &input).map_err(|problem| BackendError::Input {
        problem,
        input: Box::new(io.input.clone()),
        outputs: io.outputs.clone(),
    })
}

fn spec(io: &ModelIo, card: Option<&ModelCard>, described: &InputCard) -> Result<InputSpec, String> {
    let [_, a, b, c] = io.input.dims[..] else { return Err("it does not have four dimensions".to_owned()) };
    let (layout, width, height) = match (a, b, c) {
        (3, height, width) => (TensorLayout::Nchw, width, height),
        (height, width, 3) => (TensorLayout::Nhwc, width, height),
        // Some exports leave all dimensions free. Assume the usual order, channels first.
        (-1, height, width) => (TensorLayout::Nchw, width, height),
        _ => return Err("neither its second nor its last dimension is 3".to_owned()),
    };
    let element = io.input.element.ok_or("its numbers are neither fp32, fp16 nor uint8")?;
    let metadata = io.metadata.clone().into_iter().collect();
    let stated = layout::input_size(&metadata, card);
    let (width, height) = match (side(width)?, side(height)?, stated) {
        (Some(width), Some(height), None) => (width, height),
        (width, height, Some(stated)) => {
            if width.is_some_and(|width| width != stated.0) || height.is_some_and(|height| height != stated.1) {
                let text = |side: Option<u32>| side.map_or_else(|| "any".to_owned(), |side| side.to_string());
                return Err(format!(
                    "it takes {}×{} pixels, but the card or the metadata state {}×{}",
                    text(width),
                    text(height),
                    stated.0,
                    stated.1
                ));
            }
            if stated.0.max(stated.1) > MAX_SIDE || stated.0.min(stated.1) == 0 {
                return Err(format!("the metadata state {}×{} pixels, not 1 to {MAX_SIDE}", stated.0, stated.1));
            }
            stated
        }
        _ => {
            return Err(
                "its size is free, and neither a card (input.width, input.height) nor the metadata (imgsz) state one"
                    .to_owned(),
            );
        }
    };
    if let Some(stated) = described.element
        && stated != element
    {
        return Err(format!("its numbers are {element:?}, but the card states {stated:?}"));
    }
    let spec = described.spec(width, height, element, layout);
    check_bytes(&spec)?;
    Ok(spec)
}

/// A fixed side; `None` if it is free.
fn side(given: i64) -> Result<Option<u32>, String> {
    if given < 0 {
        return Ok(None);
    }
    match u32::try_from(given) {
        Ok(side) if (1..=MAX_SIDE).contains(&side) => Ok(Some(side)),
        _ => Err(format!("a side of {given} pixels is not 1 to {MAX_SIDE}")),
    }
}

/// Bytes hold whole numbers from 0 to 255: a scale of 1/255 would leave nothing but 0 and 1.
fn check_bytes(spec: &InputSpec) -> Result<(), String> {
    let range = |at: usize| [0.0, 255.0].map(|pixel: f32| (pixel * spec.scale - spec.mean[at]) / spec.std[at]);
    let fits = |[low, high]: [f32; 2]| low > -1.0 && high < 256.0 && high - low > 128.0;
    if spec.element == Element::U8 && !(0..3).map(range).all(fits) {
        return Err(
            "its numbers are bytes, but scale, mean and std of the card give numbers that are no bytes".to_owned()
        );
    }
    Ok(())
}

/// The dimensions of a run: those of the model, with the batch and the size of the input in place of free ones.
pub fn run_dims(dims: &[i64], spec: &InputSpec, batch: i64) -> Vec<i64> {
    let (width, height) = (i64::from(spec.width), i64::from(spec.height));
    let full = match spec.layout {
        TensorLayout::Nchw => [batch, 3, height, width],
        TensorLayout::Nhwc => [batch, height, width, 3],
    };
    let first = if dims.first().is_some_and(|fixed| *fixed >= 0) { dims[0] } else { batch };
    std::iter::once(first).chain(full[1..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::TensorPort;
    use crate::config::Provider;

    fn io(dims: &[i64], element: Element, imgsz: &str) -> ModelIo {
        let input = TensorPort {
            name: "images".to_owned(),
            dims: dims.to_vec(),
            element: Some(element),
            type_name: "x".to_owned(),
        };
        let metadata = if imgsz.is_empty() {
            std::collections::BTreeMap::default()
        } else {
            [("imgsz".to_owned(), imgsz.to_owned())].into()
        };
        ModelIo {
            input,
            sizes: Vec::new(),
            outputs: Vec::new(),
            metadata,
            provider: Provider::Cpu,
            placement: Vec::new(),
        }
    }

    fn card(input: &str) -> ModelCard {
        ModelCard::parse(&format!("name = \"a\"\nversion = \"1\"\n[input]\n{input}")).unwrap()
    }

    #[test]
    fn rectangles_keep_their_shape_in_both_orders_of_dimensions() {
        let cases: [(&[i64], &str, [i64; 4]); 8] = [
            (&[1, 3, 384, 640], "", [1, 3, 384, 640]),
            (&[1, 384, 640, 3], "", [1, 384, 640, 3]),
            (&[-1, 3, -1, -1], "[384, 640]", [4, 3, 384, 640]),
            (&[-1, -1, -1, 3], "[384, 640]", [4, 384, 640, 3]),
            (&[-1, -1, -1, -1], "[384, 640]", [4, 3, 384, 640]),
            (&[2, 3, -1, 640], "[384, 640]", [2, 3, 384, 640]),
            (&[-1, 3, 384, -1], "[384, 640]", [4, 3, 384, 640]),
            (&[-1, 3, 384, 640], "[384, 640]", [4, 3, 384, 640]),
        ];
        for (dims, imgsz, want) in cases {
            let spec = input_spec(&io(dims, Element::F32, imgsz), None).unwrap();
            assert_eq!((spec.width, spec.height), (640, 384), "{dims:?}");
            assert_eq!(run_dims(dims, &spec, 4), want, "{dims:?}");
        }
    }

    #[test]
    fn a_size_that_is_contradicted_unknown_or_absurd_is_refused() {
        let cases: [(&[i64], &str, &str); 7] = [
            (&[1, 3, 384, 640], "[640, 384]", "state 384×640"),
            (&[1, 3, -1, 640], "[384, 320]", "takes 640×any"),
            (&[1, 3, -1, 640], "", "its size is free"),
            (&[-1, 3, -1, -1], "[384, 100000]", "not 1 to 8192"),
            (&[1, 3, 0, 640], "", "a side of 0"),
            (&[1, 6, 640, 640], "", "is 3"),
            (&[1, 3, 640], "", "four dimensions"),
        ];
        for (dims, imgsz, words) in cases {
            let error = input_spec(&io(dims, Element::F32, imgsz), None).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn bytes_are_not_divided_and_floats_are() {
        let scale = |element, card: Option<&ModelCard>| {
            input_spec(&io(&[1, 3, 64, 64], element, ""), card).map(|spec| spec.scale)
        };
        let plain = card("colour = \"bgr\"");
        let near = |got: f32, want: f32| (got - want).abs() < 1e-9;
        assert!(near(scale(Element::U8, None).unwrap(), 1.0));
        assert!(near(scale(Element::U8, Some(&plain)).unwrap(), 1.0));
        assert!(near(scale(Element::U8, Some(&card("scale = 1.0"))).unwrap(), 1.0));
        for element in [Element::F32, Element::F16] {
            assert!(near(scale(element, Some(&plain)).unwrap(), 1.0 / 255.0));
            assert!(near(scale(element, Some(&card("scale = 1.0"))).unwrap(), 1.0));
        }
        for unfit in ["scale = 0.00392156862745098", "mean = [128, 128, 128]", "std = [57, 57, 57]"] {
            let error = scale(Element::U8, Some(&card(unfit))).unwrap_err().to_string();
            assert!(error.contains("bytes"), "{error}");
        }
    }
}
