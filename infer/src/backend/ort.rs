//! The backend for ONNX Runtime.

use std::fmt::Debug;
use std::path::Path;

use half::f16;
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor, TensorElementType, TensorRef};
use vru_runtime::report;
use vru_vision::layout::MAX_OUTPUT_NUMBERS;
use vru_vision::letterbox::InputSpec;
use vru_vision::model_card::ModelCard;

use super::engine_cache::EngineCache;
use super::picture_input::{input_spec, run_dims};
use super::provider::candidates;
use super::session::{build, gpu_plans};
use super::session_io::read_io;
use super::sizes_input::{self, SizesElement, SizesInput, SizesOrder, SizesRole};
use super::{Backend, BackendError, ModelIo, OutputTensor, TensorData, library, placement};
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
