//! One run of the model on a street picture before anything else: it shows what shapes leave open about the outputs, and whether
//! the model finds road users at all.

use std::time::Instant;

use vru_media::jpeg;
use vru_vision::detection::Detection;
use vru_vision::letterbox::{InputSpec, Letterbox};
use vru_vision::road_user::RoadUserClass;

use crate::backend::{Backend, OutputTensor, TensorData};
use crate::error::EngineError;
use crate::model::{PreparedPicture, Preparer};
use crate::picture::Picture;

/// A frame with pedestrians. `models/README.md` names its origin and licence.
const STREET: &[u8] = include_bytes!("../assets/street.jpg");

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

/// Logs what the model finds on the street picture. Nothing at all means that its input or its outputs are misunderstood: this
/// is the warning that is returned.
pub fn report(found: &[Detection]) -> Option<String> {
    let of = |class: RoadUserClass| found.iter().filter(|one| one.class == class && one.score >= CONFIDENT).count();
    let road_users: usize = RoadUserClass::ALL.into_iter().map(of).sum();
    if road_users == 0 {
        const NOTHING: &str = "the model finds no road user on the street picture of the start-up check: \
                               colour order, scale, resizing or labels in its card may be wrong";
        tracing::warn!(road_users, "{NOTHING}");
        return Some(NOTHING.to_owned());
    }
    tracing::info!(
        road_users,
        pedestrians = of(RoadUserClass::Pedestrian),
        "the model finds road users on the street picture"
    );
    None
}
