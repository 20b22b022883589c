//! One run of the model on a street picture before anything else: it shows what shapes leave open about the outputs, and whether
//! the model finds road users, and where they are.

use std::time::Instant;

use vru_media::jpeg;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::letterbox::{InputSpec, Letterbox};
use vru_vision::road_user::RoadUserClass;

use crate::backend::{Backend, OutputTensor, TensorData};
use crate::error::EngineError;
use crate::model::{PreparedPicture, Preparer};
use crate::picture::Picture;

/// A frame with pedestrians. `models/README.md` names its origin and licence.
const STREET: &[u8] = include_bytes!("../assets/street.jpg");

/// Left, top, right and bottom of each pedestrian in the picture, drawn by hand.
const PEDESTRIANS: [[f32; 4]; 8] = [
    [312.0, 152.0, 336.0, 218.0],
    [425.0, 178.0, 449.0, 247.0],
    [468.0, 107.0, 487.0, 161.0],
    [489.0, 112.0, 508.0, 164.0],
    [542.0, 109.0, 564.0, 170.0],
    [575.0, 175.0, 598.0, 253.0],
    [139.0, 58.0, 150.0, 89.0],
    [348.0, 151.0, 367.0, 216.0],
];

/// A box that overlaps a pedestrian less was not made from the pedestrian.
const SAME: f32 = 0.3;

/// A weaker detection is no sign that the model works.
const CONFIDENT: f32 = 0.25;

/// The model's outputs for the street picture.
pub struct Trial {
    pub spec: InputSpec,
    pub picture: PreparedPicture,
    pub outputs: Vec<OutputTensor>,
}

impl Trial {
    /// Runs the model on the picture, in a batch of `batch` pictures.
    pub fn run(backend: &mut dyn Backend, spec: &InputSpec, batch: usize) -> Result<Self, EngineError> {
        let started = Instant::now();
        let image = jpeg::decode(STREET, None).map_err(EngineError::StreetPicture)?;
        let letterbox = Letterbox::new(spec.clone()).map_err(EngineError::Prepare)?;
        let picture = Preparer::new(letterbox).prepare(&Picture::new(image))?;
        let input = TensorData::stack(std::iter::once(&picture.tensor), spec.element, spec.tensor_len() * batch);
        let outputs = backend.run(batch, &input)?;
        tracing::debug!(batch, seconds = started.elapsed().as_secs_f64(), "model run on the street picture");
        Ok(Self { spec: spec.clone(), picture, outputs })
    }
}

/// Logs what the model finds on the street picture. If it finds nothing, or nothing where the pedestrians are, its input or its outputs
/// are misunderstood: this is the warning that is returned.
pub fn report(found: &[Detection]) -> Option<String> {
    let confident = || found.iter().filter(|one| one.score >= CONFIDENT);
    let of = |class: RoadUserClass| confident().filter(|one| one.class == class).count();
    let road_users: usize = RoadUserClass::ALL.into_iter().map(of).sum();
    if road_users == 0 {
        const NOTHING: &str = "the model finds no road user on the street picture of the start-up check: \
                               colour order, scale, resizing or labels in its card may be wrong";
        tracing::warn!(road_users, "{NOTHING}");
        return Some(NOTHING.to_owned());
    }
    let in_place = confident().filter(|one| one.class == RoadUserClass::Pedestrian && is_pedestrian(&one.rect)).count();
    if in_place == 0 {
        const ELSEWHERE: &str = "the model finds road users on the street picture of the start-up check, but no pedestrian where one is: \
                                 its boxes or labels may be misunderstood (order or unit of the numbers, resizing, order of the labels)";
        tracing::warn!(road_users, pedestrians = of(RoadUserClass::Pedestrian), "{ELSEWHERE}");
        return Some(ELSEWHERE.to_owned());
    }
    tracing::info!(
        road_users,
        in_place,
        pedestrians = of(RoadUserClass::Pedestrian),
        "the model finds road users on the street picture"
    );
    None
}

fn is_pedestrian(rect: &Rect) -> bool {
    PEDESTRIANS.iter().any(|&[left, top, right, bottom]| rect.iou(&Rect::from_edges(left, top, right, bottom)) >= SAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pedestrian(edges: [f32; 4]) -> Detection {
        Detection::new(Rect::from_edges(edges[0], edges[1], edges[2], edges[3]), RoadUserClass::Pedestrian, 0.9)
    }

    #[test]
    fn a_model_that_finds_a_pedestrian_in_its_place_is_understood() {
        let found = [pedestrian([10.0, 10.0, 50.0, 90.0]), pedestrian([426.0, 176.0, 450.0, 245.0])];
        assert_eq!(report(&found), None);
    }

    #[test]
    fn boxes_read_in_another_order_or_unit_are_noticed() {
        let turned = PEDESTRIANS.map(|[left, top, right, bottom]| pedestrian([top, left, bottom, right]));
        let stretched = PEDESTRIANS.map(|edges| pedestrian(edges.map(|edge| edge * 1.5)));
        let centred = PEDESTRIANS.map(|[left, top, right, bottom]| {
            let (width, height) = (right - left, bottom - top);
            pedestrian([left - width / 2.0, top - height / 2.0, left + width / 2.0, top + height / 2.0])
        });
        for found in [turned, stretched, centred] {
            assert!(report(&found).is_some_and(|warning| warning.contains("no pedestrian where one is")), "{found:?}");
        }
    }

    #[test]
    fn pedestrians_under_another_label_are_noticed() {
        let found = PEDESTRIANS.map(|edges| Detection { class: RoadUserClass::Cyclist, ..pedestrian(edges) });
        assert!(report(&found).is_some_and(|warning| warning.contains("order of the labels")));
    }
}
