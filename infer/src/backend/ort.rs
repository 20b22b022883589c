//! The backend for ONNX Runtime.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use half::f16;
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{NoSelectedOutputs, RunOptions, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Outlet, PrimitiveTensorElementType, TensorElementType, TensorRef};
use vru_runtime::{assets, report};
use vru_vision::letterbox::Element;

use super::provider::{InputShape, ProviderPlan, candidates, dispatch, plan};
use super::{Backend, BackendError, ModelIo, OutputTensor, TensorData, TensorPort, engine_cache, library, placement};
use crate::config::{ModelConfig, Provider};

/// A model that is loaded in ONNX Runtime.
pub struct OrtBackend {
    session: Session,
    options: RunOptions<NoSelectedOutputs>,
    io: ModelIo,
}

impl Debug for OrtBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrtBackend").field("io", &self.io).finish_non_exhaustive()
    }
}

impl OrtBackend {
    /// Loads the model with the first of the configured providers that loads. A named provider has no fallback: its failure is
    /// the error.
    pub fn load(config: &ModelConfig, path: &Path) -> Result<Self, BackendError> {
        let environment = library::environment(config.onnxruntime.as_deref())?;
        let mut last_error = None;
        for provider in candidates(config.provider) {
            match Self::load_with(&environment, config, path, *provider) {
                Ok(backend) => return Ok(backend),
                // The file is not a usable model with any provider.
                Err(error @ (BackendError::Model { .. } | BackendError::Inputs { .. })) => return Err(error),
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
        provider: Provider,
    ) -> Result<Self, BackendError> {
        let plans = match provider {
            Provider::Cpu | Provider::Auto => Vec::new(),
            gpu => gpu_plans(environment, config, path, gpu)?,
        };
        let (session, placement) = placement::collect(|| build(environment, config, path, provider, &plans));
        let session = session?;
        let io = ModelIo { provider, placement, ..read_io(&session)? };
        check_placement(&io)?;
        let mut options = RunOptions::new().map_err(BackendError::Configure)?;
        // The session was created with a verbose log, to learn the placement. Its runs log warnings only.
        options.set_log_level(LogLevel::Warning).map_err(BackendError::Configure)?;
        Ok(Self { session, options, io })
    }
}

/// The options for a GPU depend on the model's input. To read the input, the model is loaded once on the CPU.
fn gpu_plans(
    environment: &Environment,
    config: &ModelConfig,
    path: &Path,
    provider: Provider,
) -> Result<Vec<ProviderPlan>, BackendError> {
    let cache = config.engine_cache.clone().unwrap_or_else(|| assets::cache_dir().join("engines"));
    let unknown = InputShape { name: String::new(), dims: Vec::new(), dynamic_batch: false };
    // Check that the provider is available before spending minutes.
    dispatch(&plan(provider, config, &unknown, &cache))?;
    if provider == Provider::Tensorrt {
        engine_cache::prepare(&cache, std::fs::metadata(path).map_or(0, |model| model.len()))?;
    }
    let io = read_io(&build(environment, config, path, Provider::Cpu, &[])?)?;
    let dynamic_batch = io.input.dims.first().is_some_and(|dim| *dim < 0);
    let input = InputShape { name: io.input.name, dims: io.input.dims, dynamic_batch };
    let mut plans = vec![plan(provider, config, &input, &cache)];
    if provider == Provider::Tensorrt {
        // For the nodes that TensorRT does not support.
        plans.push(plan(Provider::Cuda, config, &input, &cache));
    }
    Ok(plans)
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

fn read_io(session: &Session) -> Result<ModelIo, BackendError> {
    let inputs: Vec<TensorPort> = session.inputs().iter().map(port).collect();
    let [input] = inputs.as_slice() else { return Err(BackendError::Inputs { inputs }) };
    Ok(ModelIo {
        input: input.clone(),
        outputs: session.outputs().iter().map(port).collect(),
        metadata: read_metadata(session),
        provider: Provider::Cpu,
        placement: Vec::new(),
    })
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
        // The free dimensions are the batch, and perhaps height and width, which follow from the length of the input.
        let shape = resolve_dims(&self.io.input.dims, batch, input.len());
        let value = match input {
            TensorData::F32(numbers) => view(shape, numbers),
            TensorData::F16(numbers) => view(shape, numbers),
            TensorData::U8(numbers) => view(shape, numbers),
        };
        let inputs = [value.map_err(fail)?];
        let outputs = self.session.run_with_options(inputs, &self.options).map_err(fail)?;
        read_outputs(&outputs)
    }
}

/// Replaces the free dimensions of the input. The first is the batch. If one more is free, it follows from the input's length;
/// if height and width are free, the input is a square.
fn resolve_dims(dims: &[i64], batch: usize, len: usize) -> Vec<i64> {
    let mut shape = dims.to_vec();
    if let Some(first) = shape.first_mut() {
        *first = batch as i64;
    }
    let free = shape.iter().filter(|dim| **dim < 0).count();
    let known: i64 = shape.iter().filter(|dim| **dim >= 0).product::<i64>().max(1);
    let rest = len as i64 / known;
    for dim in shape.iter_mut().filter(|dim| **dim < 0) {
        *dim = if free == 1 { rest } else { rest.isqrt() };
    }
    shape
}

fn view<T>(shape: Vec<i64>, numbers: &[T]) -> ort::Result<SessionInputValue<'_>>
where
    T: PrimitiveTensorElementType + Debug + Clone + 'static,
{
    Ok(TensorRef::from_array_view((shape, numbers))?.into())
}

fn read_outputs(outputs: &SessionOutputs<'_>) -> Result<Vec<OutputTensor>, BackendError> {
    outputs.iter().map(|(name, value)| read_output(name, &value)).collect()
}

fn read_output(name: &str, value: &DynValue) -> Result<OutputTensor, BackendError> {
    let type_name = || value.dtype().to_string();
    let wrong = || BackendError::OutputType { output: name.to_owned(), type_name: type_name() };
    let (dims, data): (Vec<usize>, Vec<f32>) = match value.dtype().tensor_type() {
        Some(TensorElementType::Float32) => numbers(value, |x: f32| x),
        Some(TensorElementType::Float16) => numbers(value, f16::to_f32),
        // Integers are class indices, far below 2^24, up to which f32 is exact.
        Some(TensorElementType::Int64) => numbers(value, |x: i64| x as f32),
        Some(TensorElementType::Int32) => numbers(value, |x: i32| x as f32),
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
