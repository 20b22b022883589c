//! Makes a session of ONNX Runtime, with the options of its provider.

use std::path::Path;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use vru_runtime::assets;
use vru_vision::model_card::ModelCard;

use super::engine_cache::EngineCache;
use super::picture_input::{input_spec, run_dims};
use super::provider::{InputShape, ProviderPlan, dispatch, plan};
use super::session_io::read_io;
use super::{BackendError, ModelIo};
use crate::config::{ModelConfig, Provider};

/// The options for a GPU depend on the model's input. To read the input, the model is loaded once on the CPU. Also returns the folder of
/// TensorRT's engines, which must be kept while the model is used.
pub(super) fn gpu_plans(
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

/// Loads the model with these options.
pub(super) fn build(
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

#[cfg(test)]
mod tests {
    use vru_vision::letterbox::Element;

    use super::*;
    use crate::backend::TensorPort;

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
