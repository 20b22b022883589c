//! Writes a letterboxed picture into a tensor.

use super::element::TensorElement;
use super::placement::Placement;
use super::resample::Plan;
use super::spec::{ColourOrder, Element, InputSpec, TensorLayout};
use crate::image::{ImageRef, ImageSizeError};

// The cameras of a worker have few different picture sizes. A plan takes about 16 KB.
const MAX_PLANS: usize = 16;

/// Writes pictures into tensors of one format. It caches a resampling plan for each recent picture size: keep one per thread.
#[derive(Debug)]
pub struct Letterbox {
    spec: InputSpec,
    // The most recently used plan is last.
    plans: Vec<Plan>,
}

/// Why a picture was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterboxError {
    #[error("the model's input of {width}x{height} pixels is empty")]
    EmptyInput { width: u32, height: u32 },
    #[error("the picture of {width}x{height} pixels is empty")]
    EmptyPicture { width: u32, height: u32 },
    #[error("the picture is not valid")]
    Picture(#[source] ImageSizeError),
    #[error("the tensor has {got} numbers, but a picture needs {needed}")]
    TensorLength { needed: usize, got: usize },
    #[error("the tensor has {got:?} numbers, but the model takes {needed:?}")]
    TensorElement { needed: Element, got: Element },
}

impl Letterbox {
    pub fn new(spec: InputSpec) -> Result<Self, LetterboxError> {
        if spec.width == 0 || spec.height == 0 {
            return Err(LetterboxError::EmptyInput { width: spec.width, height: spec.height });
        }
        Ok(Self { spec, plans: Vec::new() })
    }

    pub fn spec(&self) -> &InputSpec {
        &self.spec
    }

    /// Writes a picture into its tensor (for a batch: its part of the batch tensor) and returns where the picture lies in it.
    /// Every number of the tensor is written.
    pub fn write<T: TensorElement>(
        &mut self,
        picture: ImageRef<'_>,
        tensor: &mut [T],
    ) -> Result<Placement, LetterboxError> {
        self.check(&picture, tensor)?;
        let placement = Placement::of(&self.spec, picture.width, picture.height);
        let tables = tables::<T>(&self.spec);
        let spec = self.spec.clone();
        let plan = self.plan((picture.width, picture.height), (placement.width, placement.height));
        match spec.layout {
            TensorLayout::Nchw => write_planes(plan, &picture, &spec, placement, &tables, tensor),
            TensorLayout::Nhwc => write_pixels(plan, &picture, &spec, placement, &tables, tensor),
        }
        Ok(placement)
    }

    fn check<T: TensorElement>(&self, picture: &ImageRef<'_>, tensor: &[T]) -> Result<(), LetterboxError> {
        if picture.width == 0 || picture.height == 0 {
            return Err(LetterboxError::EmptyPicture { width: picture.width, height: picture.height });
        }
        picture.check().map_err(LetterboxError::Picture)?;
        if T::ELEMENT != self.spec.element {
            return Err(LetterboxError::TensorElement { needed: self.spec.element, got: T::ELEMENT });
        }
        let needed = self.spec.tensor_len();
        if tensor.len() != needed {
            return Err(LetterboxError::TensorLength { needed, got: tensor.len() });
        }
        Ok(())
    }

    fn plan(&mut self, picture: (u32, u32), target: (u32, u32)) -> &mut Plan {
        if let Some(at) = self.plans.iter().position(|plan| plan.picture == picture) {
            let plan = self.plans.remove(at);
            self.plans.push(plan);
        } else {
            if self.plans.len() == MAX_PLANS {
                self.plans.remove(0);
            }
            self.plans.push(Plan::new(picture, target));
        }
        self.plans.last_mut().expect("a plan was just pushed")
    }
}

/// The normalised number for each value of a pixel. With it, normalisation is one look-up for every element type.
struct Tables<T> {
    // By colour: red, green, blue.
    values: [[T; 256]; 3],
    // The tensor channels of red, green and blue.
    channels: [usize; 3],
}

fn tables<T: TensorElement>(spec: &InputSpec) -> Tables<T> {
    let channels = match spec.colour {
        ColourOrder::Rgb => [0, 1, 2],
        ColourOrder::Bgr => [2, 1, 0],
    };
    let values = channels.map(|channel| {
        std::array::from_fn(|pixel| T::from_value((pixel as f32 * spec.scale - spec.mean[channel]) / spec.std[channel]))
    });
    Tables { values, channels }
}

fn write_planes<T: TensorElement>(
    plan: &mut Plan,
    picture: &ImageRef<'_>,
    spec: &InputSpec,
    placement: Placement,
    tables: &Tables<T>,
    tensor: &mut [T],
) {
    let width = spec.width as usize;
    let (first, rest) = tensor.split_at_mut(width * spec.height as usize);
    let (second, third) = rest.split_at_mut(width * spec.height as usize);
    // In the order red, green, blue.
    let mut planes = match spec.colour {
        ColourOrder::Rgb => [first, second, third],
        ColourOrder::Bgr => [third, second, first],
    };
    let (left, right) = (placement.left as usize, (placement.left + placement.width) as usize);
    let (top, bottom) = (placement.top as usize, (placement.top + placement.height) as usize);
    for (plane, values) in planes.iter_mut().zip(&tables.values) {
        let pad = values[usize::from(spec.pad)];
        plane[..top * width].fill(pad);
        plane[bottom * width..].fill(pad);
        if left > 0 || right < width {
            for row in plane[top * width..bottom * width].chunks_exact_mut(width) {
                row[..left].fill(pad);
                row[right..].fill(pad);
            }
        }
    }
    let [red_plane, green_plane, blue_plane] = &mut planes;
    let [red_values, green_values, blue_values] = &tables.values;
    for y in 0..bottom - top {
        let pixels = plan.row(picture.data, y);
        let span = (top + y) * width + left..(top + y) * width + right;
        let reds = red_plane[span.clone()].iter_mut();
        let greens = green_plane[span.clone()].iter_mut();
        let blues = blue_plane[span].iter_mut();
        for (((pixel, red), green), blue) in pixels.iter().zip(reds).zip(greens).zip(blues) {
            *red = red_values[usize::from(pixel[0])];
            *green = green_values[usize::from(pixel[1])];
            *blue = blue_values[usize::from(pixel[2])];
        }
    }
}

fn write_pixels<T: TensorElement>(
    plan: &mut Plan,
    picture: &ImageRef<'_>,
    spec: &InputSpec,
    placement: Placement,
    tables: &Tables<T>,
    tensor: &mut [T],
) {
    let width = spec.width as usize;
    let in_order = |pixel: [u8; 3]| {
        let mut numbers = [tables.values[0][0]; 3];
        for (colour, &channel) in tables.channels.iter().enumerate() {
            numbers[channel] = tables.values[colour][usize::from(pixel[colour])];
        }
        numbers
    };
    let pad = in_order([spec.pad; 3]);
    let (left, right) = (placement.left as usize, (placement.left + placement.width) as usize);
    let (top, bottom) = (placement.top as usize, (placement.top + placement.height) as usize);
    for (y, row) in tensor.chunks_exact_mut(width * 3).enumerate() {
        if !(top..bottom).contains(&y) {
            fill(row, pad);
            continue;
        }
        fill(&mut row[..left * 3], pad);
        fill(&mut row[right * 3..], pad);
        let pixels = plan.row(picture.data, y - top);
        for (numbers, &pixel) in row[left * 3..right * 3].chunks_exact_mut(3).zip(pixels) {
            numbers.copy_from_slice(&in_order(pixel));
        }
    }
}

fn fill<T: Copy>(row: &mut [T], pad: [T; 3]) {
    for pixel in row.chunks_exact_mut(3) {
        pixel.copy_from_slice(&pad);
    }
}
