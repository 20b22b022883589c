//! The inference worker that all benches use, so that their figures are comparable.

use vru_runtime::test_util::{Bus, ServiceLaunch, require_asset};

/// Path of the model in the cache folder.
pub const MODEL: &str = "models/nanodet-g.onnx";

/// A worker on the bench's topics, with the demo's model on one CPU thread.
pub fn infer_worker(bus: &Bus) -> ServiceLaunch {
    ServiceLaunch::new("vru-infer")
        .bus(bus)
        .env("MODEL_PATH", require_asset(MODEL))
        .set("model.onnxruntime", require_asset("onnxruntime/libonnxruntime.so"))
        .set("model.provider", "cpu")
        .set("model.threads", "1")
        .set("group", format!("{}infer", bus.prefix()))
        .set("camera_tests.group", format!("{}camera-test-pictures", bus.prefix()))
}
