//! The execution providers to try, and their options. The options are plain data, so that tests can check them on a host
//! without a GPU.

use std::path::Path;

use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider as _, ExecutionProvider as _, ExecutionProviderDispatch};

use super::BackendError;
use crate::config::{ModelConfig, Provider};

/// An execution provider and its options, in ONNX Runtime's spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderPlan {
    /// Never `auto`.
    pub provider: Provider,
    /// Keys and values.
    pub options: Vec<(String, String)>,
}

/// An input of the model, on which the options depend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputShape {
    pub name: String,
    /// As the model declares them, -1 where free.
    pub declared: Vec<i64>,
    /// Of a run. A free batch is replaced by that of each profile.
    pub run: Vec<i64>,
}

impl InputShape {
    fn is_free(&self) -> bool {
        self.declared.iter().any(|dim| *dim < 0)
    }
}

/// The providers to try, in order. A named provider has no fallback.
pub fn candidates(provider: Provider) -> &'static [Provider] {
    match provider {
        Provider::Auto => &[Provider::Tensorrt, Provider::Cuda, Provider::Cpu],
        Provider::Tensorrt => &[Provider::Tensorrt],
        Provider::Cuda => &[Provider::Cuda],
        Provider::Cpu => &[Provider::Cpu],
    }
}

/// The options of a provider for a model.
pub fn plan(provider: Provider, config: &ModelConfig, inputs: &[InputShape], cache: &Path) -> ProviderPlan {
    let options = match provider {
        Provider::Tensorrt => tensorrt(config, inputs, cache),
        Provider::Cuda => cuda(config),
        Provider::Cpu | Provider::Auto => Vec::new(),
    };
    let options = options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    ProviderPlan { provider, options }
}

fn tensorrt(config: &ModelConfig, inputs: &[InputShape], cache: &Path) -> Vec<(&'static str, String)> {
    let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
    let cache = cache.display().to_string();
    let mut options = vec![
        ("device_id", config.device.to_string()),
        ("trt_fp16_enable", flag(config.fp16)),
        ("trt_max_workspace_size", (config.gpu_memory_mib << 20).to_string()),
        ("trt_engine_cache_enable", flag(true)),
        ("trt_engine_cache_path", cache.clone()),
        ("trt_timing_cache_enable", flag(true)),
        ("trt_timing_cache_path", cache),
    ];
    // One profile from the smallest to the largest batch, tuned for the largest. Without it TensorRT would rebuild the engine,
    // which takes minutes, for each larger batch. A profile names every input that has a free dimension.
    if let (true, Some(smallest), Some(largest)) =
        (inputs.iter().any(InputShape::is_free), config.batch_profiles.first(), config.batch_profiles.last())
    {
        options.push(("trt_profile_min_shapes", shapes(inputs, *smallest)));
        options.push(("trt_profile_opt_shapes", shapes(inputs, *largest)));
        options.push(("trt_profile_max_shapes", shapes(inputs, *largest)));
    }
    options
}

fn cuda(config: &ModelConfig) -> Vec<(&'static str, String)> {
    vec![
        ("device_id", config.device.to_string()),
        ("gpu_mem_limit", (config.gpu_memory_mib << 20).to_string()),
        // The search for the fastest algorithm runs once for each batch size; the warm-up runs all of them.
        ("cudnn_conv_algo_search", "EXHAUSTIVE".to_owned()),
        ("cudnn_conv_use_max_workspace", "1".to_owned()),
        // TF32 rounds to ten bits, which would give other boxes than on a CPU.
        ("use_tf32", "0".to_owned()),
    ]
}

fn shapes(inputs: &[InputShape], batch: usize) -> String {
    let shape = |input: &InputShape| {
        let free_batch = input.declared.first().is_some_and(|dim| *dim < 0);
        let dim = |(at, dim): (usize, &i64)| if at == 0 && free_batch { batch.to_string() } else { dim.to_string() };
        let dims: Vec<String> = input.run.iter().enumerate().map(dim).collect();
        format!("{}:{}", input.name, dims.join("x"))
    };
    inputs.iter().filter(|input| input.is_free()).map(shape).collect::<Vec<_>>().join(",")
}

/// Converts a plan for ONNX Runtime; `None` for the CPU, which is always available. If the provider cannot be registered, the
/// session fails.
pub(super) fn dispatch(plan: &ProviderPlan) -> Result<Option<ExecutionProviderDispatch>, BackendError> {
    let available = match plan.provider {
        Provider::Tensorrt => ep::TensorRT::is_available(),
        Provider::Cuda => ep::CUDA::is_available(),
        Provider::Cpu | Provider::Auto => return Ok(None),
    };
    let name = plan.provider.name();
    match available {
        Ok(true) => {}
        Ok(false) => return Err(BackendError::ProviderNotBuilt { provider: name }),
        Err(source) => return Err(BackendError::Provider { provider: name, source }),
    }
    let dispatch = if plan.provider == Provider::Tensorrt {
        let set = |ep: ep::TensorRT, (key, value): &(String, String)| ep.with_arbitrary_config(key, value);
        plan.options.iter().fold(ep::TensorRT::default(), set).build()
    } else {
        let set = |ep: ep::CUDA, (key, value): &(String, String)| ep.with_arbitrary_config(key, value);
        plan.options.iter().fold(ep::CUDA::default(), set).build()
    };
    Ok(Some(dispatch.error_on_failure()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, declared: &[i64], run: &[i64]) -> InputShape {
        InputShape { name: name.to_owned(), declared: declared.to_vec(), run: run.to_vec() }
    }

    fn square() -> InputShape {
        input("images", &[-1, 3, 640, 640], &[1, 3, 640, 640])
    }

    fn profiles(inputs: &[InputShape]) -> Option<[String; 3]> {
        let plan = plan(Provider::Tensorrt, &ModelConfig::default(), inputs, Path::new("/cache"));
        let shapes = |kind: &str| option(&plan, &format!("trt_profile_{kind}_shapes")).map(str::to_owned);
        Some([shapes("min")?, shapes("opt")?, shapes("max")?])
    }

    fn option<'a>(plan: &'a ProviderPlan, key: &str) -> Option<&'a str> {
        plan.options.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_named_provider_has_no_fallback() {
        for provider in [Provider::Tensorrt, Provider::Cuda, Provider::Cpu] {
            assert_eq!(candidates(provider), [provider]);
        }
    }

    #[test]
    fn auto_tries_the_fastest_first() {
        assert_eq!(candidates(Provider::Auto), [Provider::Tensorrt, Provider::Cuda, Provider::Cpu]);
    }

    #[test]
    fn tensorrt_builds_half_precision_engines_for_all_batch_profiles() {
        let plan = plan(Provider::Tensorrt, &ModelConfig::default(), &[square()], Path::new("/cache"));
        assert_eq!(option(&plan, "trt_fp16_enable"), Some("1"));
        assert_eq!(option(&plan, "trt_engine_cache_path"), Some("/cache"));
        assert_eq!(option(&plan, "trt_timing_cache_enable"), Some("1"));
        assert_eq!(option(&plan, "trt_profile_min_shapes"), Some("images:1x3x640x640"));
        assert_eq!(option(&plan, "trt_profile_opt_shapes"), Some("images:16x3x640x640"));
        assert_eq!(option(&plan, "trt_profile_max_shapes"), Some("images:16x3x640x640"));
    }

    #[test]
    fn free_sides_are_those_of_the_run_in_every_profile() {
        let cases = [
            (input("x", &[-1, 3, -1, -1], &[1, 3, 384, 640]), ["x:1x3x384x640", "x:16x3x384x640", "x:16x3x384x640"]),
            (input("x", &[-1, -1, -1, 3], &[1, 384, 640, 3]), ["x:1x384x640x3", "x:16x384x640x3", "x:16x384x640x3"]),
            (input("x", &[2, 3, -1, -1], &[2, 3, 384, 640]), ["x:2x3x384x640"; 3]),
        ];
        for (input, want) in cases {
            assert_eq!(profiles(&[input]), Some(want.map(str::to_owned)));
        }
    }

    #[test]
    fn a_profile_names_each_input_with_a_free_dimension() {
        let sizes = input("orig_target_sizes", &[-1, 2], &[1, 2]);
        let want = [1, 16, 16].map(|batch| format!("images:{batch}x3x640x640,orig_target_sizes:{batch}x2"));
        assert_eq!(profiles(&[square(), sizes]), Some(want));
        let fixed = input("orig_target_sizes", &[1, 2], &[1, 2]);
        let want = [1, 16, 16].map(|batch| format!("images:{batch}x3x640x640"));
        assert_eq!(profiles(&[square(), fixed]), Some(want));
    }

    #[test]
    fn a_model_without_free_dimensions_gets_no_profiles() {
        assert_eq!(profiles(&[input("images", &[1, 3, 384, 640], &[1, 3, 384, 640])]), None);
    }

    #[test]
    fn cuda_computes_in_full_precision_on_the_chosen_device() {
        let config = ModelConfig { device: 2, gpu_memory_mib: 1024, ..ModelConfig::default() };
        let plan = plan(Provider::Cuda, &config, &[square()], Path::new("/cache"));
        assert_eq!(option(&plan, "device_id"), Some("2"));
        assert_eq!(option(&plan, "gpu_mem_limit"), Some("1073741824"));
        assert_eq!(option(&plan, "use_tf32"), Some("0"));
    }
}
