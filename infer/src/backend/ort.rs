//! The backend for ONNX Runtime.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use half::f16;
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Outlet, PrimitiveTensorElementType, Tensor, TensorElementType, TensorRef};
use vru_runtime::{assets, report};
use vru_vision::layout::MAX_OUTPUT_NUMBERS;
use vru_vision::letterbox::{Element, InputSpec};
use vru_vision::model_card::ModelCard;

use super::engine_cache::EngineCache;
use super::picture_input::{input_spec, run_dims};
use super::provider::{InputShape, ProviderPlan, candidates, dispatch, plan};
use super::sizes_input::{self, SizesElement, SizesInput, SizesOrder, SizesRole};
use super::{Backend, BackendError, ModelIo, OutputTensor, TensorData, TensorPort, library, placement};
use crate::config::{ModelConfig, Provider};

/// A model that is loaded in ONNX Runtime.
pub struct OrtBackend {
    session: Session,
    options: RunOptions<NoSelectedOutputs>,
    io: ModelIo,
    input: InputSpec,
    sizes: Vec<SizesInput>,
    /// The two numbers that an input for the wanted size is given.
    size: (i64, i64),
    /// Keeps other programs from deleting them.
    _engines: Option<EngineCache>,
}

impl Debug for OrtBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrtBackend").field("io", &self.io).finish_non_exhaustive()
    }
}

impl OrtBackend {
    /// Loads the model with the first of the configured providers that loads. A named provider has no fallback: its failure is
    /// the error. `digest` identifies the weights: an engine that TensorRT built for others is not used.
    pub fn load(
        config: &ModelConfig,
        path: &Path,
        card: Option<&ModelCard>,
        digest: &str,
    ) -> Result<Self, BackendError> {
        let environment = library::environment(config.onnxruntime.as_deref())?;
        let mut last_error = None;
        for provider in candidates(config.provider) {
            match Self::load_with(&environment, config, path, card, digest, *provider) {
                Ok(backend) => return Ok(backend),
                // The file is not a usable model with any provider.
                Err(error) if !error.may_be_the_provider() => return Err(error),
                Err(error) => {
                    if config.provider == Provider::Auto {
                        let reason = report::chain(&error).to_string();
                        tracing::info!(provider = provider.name(), reason, "execution provider skipped");
                    }
                    last_error = Some(error);
                }
            }
        }
        Err(last_error.expect("there is at least one candidate, and every candidate failed"))
    }

    fn load_with(
        environment: &Environment,
        config: &ModelConfig,
        path: &Path,
        card: Option<&ModelCard>,
        digest: &str,
        provider: Provider,
    ) -> Result<Self, BackendError> {
        let (plans, engines) = match provider {
            Provider::Cpu | Provider::Auto => (Vec::new(), None),
            gpu => gpu_plans(environment, config, path, card, digest, gpu)?,
        };
        let (session, placement) = placement::collect(|| build(environment, config, path, provider, &plans));
        let session = session?;
        let (io, sizes) = read_io(&session)?;
        let io = ModelIo { provider, placement, ..io };
        check_placement(&io)?;
        check_output_sizes(&io)?;
        let input = input_spec(&io, card)?;
        let mut options = RunOptions::new().map_err(BackendError::Configure)?;
        // The session was created with a verbose log, to learn the placement. Its runs log warnings only.
        options.set_log_level(LogLevel::Warning).map_err(BackendError::Configure)?;
        let size = (i64::from(input.width), i64::from(input.height));
        let mut backend = Self { session, options, io, input, sizes, size, _engines: engines };
        backend.order_size()?;
        Ok(backend)
    }

    /// Whether width or height comes first does not matter for a square. For another input, a run with a wide size shows it.
    fn order_size(&mut self) -> Result<(), BackendError> {
        let wanted = self.sizes.iter().position(|sizes| sizes.role == SizesRole::Wanted);
        let Some(port) = wanted.map(|at| self.io.sizes[at].clone()) else { return Ok(()) };
        let (width, height) = self.size;
        if width == height {
            return Ok(());
        }
        let batch = self.io.input.dims.first().copied().and_then(|dim| usize::try_from(dim).ok()).unwrap_or(1).max(1);
        self.size = sizes_input::WIDE;
        let outputs = self.run(batch, &TensorData::zeros(self.input.element, self.input.tensor_len() * batch))?;
        let boxes = outputs.iter().find(|output| matches!(output.dims[..], [_, _, 4]));
        self.size = match boxes.and_then(|boxes| sizes_input::order(&boxes.data)) {
            Some(SizesOrder::WidthFirst) => (width, height),
            Some(SizesOrder::HeightFirst) => (height, width),
            None => return Err(BackendError::SizesOrder { input: Box::new(port) }),
        };
        tracing::info!(input = %port, size = ?self.size, "boxes are wanted in pixels of the input");
        Ok(())
    }
}

/// The options for a GPU depend on the model's input. To read the input, the model is loaded once on the CPU. Also returns the folder of
/// TensorRT's engines, which must be kept while the model is used.
fn gpu_plans(
    environment: &Environment,
    config: &ModelConfig,
    path: &Path,
    card: Option<&ModelCard>,
    digest: &str,
    provider: Provider,
) -> Result<(Vec<ProviderPlan>, Option<EngineCache>), BackendError> {
    // TensorRT names an engine by the graph and not by its weights.
    let root = config.engine_cache.clone().unwrap_or_else(|| assets::cache_dir().join("engines"));
    let cache = root.join(digest);
    // Check that the provider is available before spending minutes.
    dispatch(&plan(provider, config, &[], &cache))?;
    let engines = if provider == Provider::Tensorrt {
        let model_bytes = std::fs::metadata(path).map_or(0, |model| model.len());
        Some(EngineCache::open(&root, digest, model_bytes, config.engine_cache_mib << 20)?)
    } else {
        None
    };
    let (io, _) = read_io(&build(environment, config, path, Provider::Cpu, &[])?)?;
    let inputs = input_shapes(&io, card)?;
    let mut plans = vec![plan(provider, config, &inputs, &cache)];
    if provider == Provider::Tensorrt {
        // For the nodes that TensorRT does not support.
        plans.push(plan(Provider::Cuda, config, &inputs, &cache));
    }
    Ok((plans, engines))
}

/// Each input as the model declares it, and in a run.
fn input_shapes(io: &ModelIo, card: Option<&ModelCard>) -> Result<Vec<InputShape>, BackendError> {
    let run = run_dims(&io.input.dims, &input_spec(io, card)?, 1);
    let picture = InputShape { name: io.input.name.clone(), declared: io.input.dims.clone(), run };
    let sizes = io.sizes.iter().map(|port| InputShape {
        run: vec![port.dims.first().copied().filter(|batch| *batch > 0).unwrap_or(1), 2],
        name: port.name.clone(),
        declared: port.dims.clone(),
    });
    Ok(std::iter::once(picture).chain(sizes).collect())
}

fn build(
    environment: &Environment,
    config: &ModelConfig,
    path: &Path,
    provider: Provider,
    plans: &[ProviderPlan],
) -> Result<Session, BackendError> {
    let configure = |error: ort::Error<_>| BackendError::Configure(error.into());
    let mut builder = Session::builder(environment)
        .map_err(BackendError::Configure)?
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(configure)?
        .with_log_level(LogLevel::Verbose)
        .map_err(configure)?
        // Idle threads must not spin: the cores are needed for decoding.
        .with_intra_op_spinning(false)
        .map_err(configure)?
        .with_intra_threads(config.threads)
        .map_err(configure)?;
    for plan in plans {
        if let Some(dispatch) = dispatch(plan)? {
            builder = builder
                .with_execution_providers([dispatch])
                .map_err(|source| BackendError::Provider { provider: plan.provider.name(), source: source.into() })?;
        }
    }
    builder.commit_from_file(path).map_err(|source| match provider {
        Provider::Cpu | Provider::Auto => BackendError::Model { path: path.to_owned(), source },
        gpu => BackendError::Provider { provider: gpu.name(), source },
    })
}

/// Fails if the provider computes no node: ONNX Runtime would silently compute the model on the CPU.
fn check_placement(io: &ModelIo) -> Result<(), BackendError> {
    let wanted = match io.provider {
        Provider::Tensorrt => "TensorrtExecutionProvider",
        Provider::Cuda => "CUDAExecutionProvider",
        Provider::Cpu | Provider::Auto => return Ok(()),
    };
    if io.placement.iter().any(|share| share.provider.eq_ignore_ascii_case(wanted) && share.nodes > 0) {
        return Ok(());
    }
    let placed: Vec<String> = io.placement.iter().map(|share| format!("{} {}", share.provider, share.nodes)).collect();
    Err(BackendError::ProviderUnused { provider: io.provider.name(), placed: placed.join(", ") })
}

/// A declared output that is too large is not computed even once.
fn check_output_sizes(io: &ModelIo) -> Result<(), BackendError> {
    for output in &io.outputs {
        let sizes = output.dims.iter().skip(1).map(|dim| usize::try_from(*dim).unwrap_or(1));
        check_numbers(&output.name, sizes.fold(1, usize::saturating_mul))?;
    }
    Ok(())
}

fn check_numbers(output: &str, numbers: usize) -> Result<(), BackendError> {
    if numbers <= MAX_OUTPUT_NUMBERS {
        return Ok(());
    }
    Err(BackendError::OutputSize { output: output.to_owned(), numbers, limit: MAX_OUTPUT_NUMBERS })
}

/// The inputs and outputs, and the meaning of the inputs for sizes.
fn read_io(session: &Session) -> Result<(ModelIo, Vec<SizesInput>), BackendError> {
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

impl Backend for OrtBackend {
    fn io(&self) -> &ModelIo {
        &self.io
    }

    fn run(&mut self, batch: usize, input: &TensorData) -> Result<Vec<OutputTensor>, BackendError> {
        let fail = |source| BackendError::Run { batch, source };
        let shape = run_dims(&self.io.input.dims, &self.input, batch as i64);
        let value = match input {
            TensorData::F32(numbers) => view(shape, numbers),
            TensorData::F16(numbers) => view(shape, numbers),
            TensorData::U8(numbers) => view(shape, numbers),
        };
        let mut inputs = vec![(self.io.input.name.as_str(), value.map_err(fail)?)];
        let size = (i64::from(self.input.width), i64::from(self.input.height));
        for sizes in &self.sizes {
            let pairs = sizes.pairs(size, self.size, batch);
            let shape = vec![batch as i64, 2];
            let value = match sizes.element {
                SizesElement::I64 => owned(shape, pairs),
                SizesElement::I32 => owned(shape, pairs.iter().map(|side| *side as i32).collect()),
                SizesElement::F32 => owned(shape, pairs.iter().map(|side| *side as f32).collect()),
            };
            inputs.push((sizes.name.as_str(), value.map_err(fail)?));
        }
        let outputs = self.session.run_with_options(inputs, &self.options).map_err(fail)?;
        read_outputs(&outputs, batch)
    }
}

fn view<T>(shape: Vec<i64>, numbers: &[T]) -> ort::Result<SessionInputValue<'_>>
where
    T: PrimitiveTensorElementType + Debug + Clone + 'static,
{
    Ok(TensorRef::from_array_view((shape, numbers))?.into())
}

fn owned<T>(shape: Vec<i64>, numbers: Vec<T>) -> ort::Result<SessionInputValue<'static>>
where
    T: PrimitiveTensorElementType + Debug + Clone + 'static,
{
    Ok(Tensor::from_array((shape, numbers))?.into())
}

fn read_outputs(outputs: &SessionOutputs<'_>, batch: usize) -> Result<Vec<OutputTensor>, BackendError> {
    outputs.iter().map(|(name, value)| read_output(name, &value, batch)).collect()
}

/// Copies an output. Layouts read outputs with up to three dimensions: masks and feature maps have more, and stay where they are.
fn read_output(name: &str, value: &DynValue, batch: usize) -> Result<OutputTensor, BackendError> {
    let type_name = || value.dtype().to_string();
    let wrong = || BackendError::OutputType { output: name.to_owned(), type_name: type_name() };
    let shape = value.dtype().tensor_shape().ok_or_else(wrong)?;
    let dims: Vec<usize> = shape.iter().map(|dim| usize::try_from(*dim).unwrap_or(0)).collect();
    if !(1..=3).contains(&dims.len()) {
        return Ok(OutputTensor { name: name.to_owned(), dims, data: Vec::new() });
    }
    let numbers_in_all = dims.iter().copied().fold(1, usize::saturating_mul);
    check_numbers(name, numbers_in_all / batch.max(1))?;
    let (dims, data): (Vec<usize>, Vec<f32>) = match value.dtype().tensor_type() {
        Some(TensorElementType::Float32) => numbers(value, |x: f32| x),
        Some(TensorElementType::Float16) => numbers(value, f16::to_f32),
        // Integers are class indices, far below 2^24, up to which f32 is exact.
        Some(TensorElementType::Int64) => numbers(value, |x: i64| x as f32),
        Some(TensorElementType::Int32) => numbers(value, |x: i32| x as f32),
        // Only numbers of rows are read from an output with one dimension.
        _ if dims.len() == 1 => Some((dims, Vec::new())),
        _ => None,
    }
    .ok_or_else(wrong)?;
    Ok(OutputTensor { name: name.to_owned(), dims, data })
}

fn numbers<T: PrimitiveTensorElementType + Copy>(
    value: &DynValue,
    convert: impl Fn(T) -> f32,
) -> Option<(Vec<usize>, Vec<f32>)> {
    let (shape, data) = value.try_extract_tensor::<T>().ok()?;
    let dims = shape.iter().map(|dim| usize::try_from(*dim).unwrap_or(0)).collect();
    Some((dims, data.iter().map(|number| convert(*number)).collect()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The profiles for the smallest and the largest batch of a model with this input, as TensorRT gets them.
    fn profiles(dims: &[i64], element: Element, imgsz: Option<&str>, sizes: &[(&str, &[i64])]) -> Option<[String; 2]> {
        let port = |name: &str, dims: &[i64], element| TensorPort {
            name: name.to_owned(),
            dims: dims.to_vec(),
            element,
            type_name: String::new(),
        };
        let io = ModelIo {
            input: port("images", dims, Some(element)),
            sizes: sizes.iter().map(|(name, dims)| port(name, dims, None)).collect(),
            outputs: Vec::new(),
            metadata: imgsz.map(|size| ("imgsz".to_owned(), size.to_owned())).into_iter().collect(),
            provider: Provider::Cpu,
            placement: Vec::new(),
        };
        let inputs = input_shapes(&io, None).unwrap();
        let plan = plan(Provider::Tensorrt, &ModelConfig::default(), &inputs, Path::new("/cache"));
        let shapes = |kind: &str| {
            let key = format!("trt_profile_{kind}_shapes");
            plan.options.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone())
        };
        assert_eq!(shapes("opt"), shapes("max"), "tuned for the largest batch");
        Some([shapes("min")?, shapes("max")?])
    }

    #[test]
    fn profiles_name_the_sides_that_a_run_has_in_both_orders_of_dimensions() {
        let size = Some("[384, 640]");
        for element in [Element::F32, Element::F16, Element::U8] {
            // Channels first: everything free, the batch, the sides, one side, and nothing but the batch of a model without metadata.
            for (dims, size) in [
                (&[-1, 3, -1, -1], size),
                (&[-1, 3, 384, 640], size),
                (&[-1, 3, -1, 640], size),
                (&[-1, -1, -1, -1], size),
                (&[-1, 3, 384, 640], None),
            ] {
                let want = [1, 16].map(|batch| format!("images:{batch}x3x384x640"));
                assert_eq!(profiles(dims, element, size, &[]), Some(want), "{dims:?}");
            }
            for dims in [&[-1, -1, -1, 3], &[-1, 384, 640, 3], &[-1, 384, -1, 3]] {
                let want = [1, 16].map(|batch| format!("images:{batch}x384x640x3"));
                assert_eq!(profiles(dims, element, size, &[]), Some(want), "{dims:?}");
            }
            for (dims, want) in [(&[4, 3, -1, -1], "images:4x3x384x640"), (&[4, -1, -1, 3], "images:4x384x640x3")] {
                let want = [want, want].map(str::to_owned);
                assert_eq!(profiles(dims, element, size, &[]), Some(want), "a fixed batch is no other in a profile");
            }
            for fixed in [&[4, 3, 384, 640], &[4, 384, 640, 3]] {
                assert_eq!(profiles(fixed, element, None, &[]), None);
            }
        }
    }

    #[test]
    fn profiles_name_the_inputs_for_sizes_that_have_a_free_batch() {
        let sizes: [(&str, &[i64]); 2] = [("im_shape", &[-1, 2]), ("scale_factor", &[1, 2])];
        let want = [1, 16].map(|batch| format!("images:{batch}x3x640x640,im_shape:{batch}x2"));
        assert_eq!(profiles(&[-1, 3, 640, 640], Element::F32, None, &sizes), Some(want));
        let want = ["im_shape:1x2", "im_shape:16x2"].map(str::to_owned);
        assert_eq!(profiles(&[1, 3, 640, 640], Element::F32, None, &sizes), Some(want));
    }
}
