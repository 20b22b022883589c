//! The inference worker as every bench runs it, so that their figures compare.

use vru_runtime::test_util::{Bus, ServiceLaunch, require_asset};

/// The model, under the cache folder.
pub const MODEL: &str = "models/nanodet-g.onnx";

/// A worker on the test's topics: the demo's model on one thread of the CPU.
pub fn infer_worker(bus: &Bus) -> ServiceLaunch {
    ServiceLaunch::new("vru-infer")
        .bus(bus)
        .env("MODEL_PATH", require_asset(MODEL))
        .set("model.onnxruntime", require_asset("onnxruntime/libonnxruntime.so"))
        .set("model.provider", "cpu")
        .set("model.threads", "1")
        .set("group", format!("{}infer", bus.prefix()))
}
