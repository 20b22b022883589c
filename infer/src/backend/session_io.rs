//! Reads what a session of ONNX Runtime takes and gives.

use std::collections::BTreeMap;

use ort::session::Session;
use ort::value::{Outlet, TensorElementType};
use vru_vision::letterbox::Element;

use super::sizes_input::SizesInput;
use super::{BackendError, ModelIo, TensorPort};
use crate::config::Provider;

/// The inputs and outputs, and the meaning of the inputs for sizes.
pub(super) fn read_io(session: &Session) -> Result<(ModelIo, Vec<SizesInput>), BackendError> {
    let (mut pictures, mut sizes, mut ports, mut unknown) =
        (Vec::new(), Vec::<SizesInput>::new(), Vec::new(), Vec::new());
    for outlet in session.inputs() {
        let port = port(outlet);
        match SizesInput::of(&port, outlet.dtype().tensor_type()) {
            Some(input) if sizes.iter().all(|other| other.role != input.role) => {
                sizes.push(input);
                ports.push(port);
            }
            None if port.dims.len() == 4 => pictures.push(port),
            _ => unknown.push(port),
        }
    }
    let input = match (&pictures[..], &unknown[..]) {
        ([picture], []) => picture.clone(),
        // A single input of another form is described better by what it lacks.
        ([], [other]) if sizes.is_empty() => other.clone(),
        _ => return Err(BackendError::Inputs { inputs: session.inputs().iter().map(port).collect(), unknown }),
    };
    let io = ModelIo {
        input,
        sizes: ports,
        outputs: session.outputs().iter().map(port).collect(),
        metadata: read_metadata(session),
        provider: Provider::Cpu,
        placement: Vec::new(),
    };
    Ok((io, sizes))
}

fn read_metadata(session: &Session) -> BTreeMap<String, String> {
    let Ok(metadata) = session.metadata() else { return BTreeMap::new() };
    let keys = metadata.custom_keys().unwrap_or_default();
    keys.into_iter().filter_map(|key| metadata.custom(&key).map(|value| (key, value))).collect()
}

fn port(outlet: &Outlet) -> TensorPort {
    let dtype = outlet.dtype();
    let element = match dtype.tensor_type() {
        Some(TensorElementType::Float32) => Some(Element::F32),
        Some(TensorElementType::Float16) => Some(Element::F16),
        Some(TensorElementType::Uint8) => Some(Element::U8),
        _ => None,
    };
    let type_name = dtype.tensor_type().map_or_else(|| "no tensor".to_owned(), |ty| ty.to_string());
    let dims = dtype.tensor_shape().map_or_else(Vec::new, |shape| shape.to_vec());
    TensorPort { name: outlet.name().to_owned(), dims, element, type_name }
}
