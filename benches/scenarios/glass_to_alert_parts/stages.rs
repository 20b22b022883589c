//! The time of an alert in each stage, from our own timestamps: printed, but in no row.

use std::collections::HashMap;

use vru_benches::measure::quantile;
use vru_benches::note;
use vru_proto::v1;
use vru_runtime::test_util::{Bus, Topic};

use super::sightings::{Sighting, Sightings};

/// Camera, session, sequence number.
type FrameId = (String, u64, u64);

/// Prints median and p95 of each stage.
pub fn print(bus: &Bus, seen: &Sightings) {
    let detections: Vec<v1::FrameDetections> = bus.messages(Topic::Detections);
    let by_frame: HashMap<FrameId, v1::FrameDetections> =
        detections.into_iter().filter_map(|found| Some((frame_id(found.frame_id.as_ref()?), found))).collect();
    let mut times: Vec<(&str, Vec<f64>)> = NAMES.map(|name| (name, Vec::new())).into();
    for sighting in &seen.all {
        let Some(alert) = &sighting.arrival.alert else { continue };
        let Some(found) = alert.frame_id.as_ref().and_then(|id| by_frame.get(&frame_id(id))) else { continue };
        for ((_, times), took) in times.iter_mut().zip(stages(sighting, alert, found)) {
            times.push(took as f64 / 1e3);
        }
    }
    let stages: Vec<String> = times
        .iter()
        .map(|(name, times)| format!("{name} {:.1}/{:.1}", quantile(times, 0.5), quantile(times, 0.95)))
        .collect();
    note(&format!("  by our timestamps, p50/p95 ms: {}", stages.join(", ")));
}

const NAMES: [&str; 7] = ["camera+ingest", "kafka", "queued", "decode", "preprocess", "model", "kafka+sink"];

fn stages(sighting: &Sighting, alert: &v1::Alert, found: &v1::FrameDetections) -> [i64; 7] {
    let timings = found.timings.unwrap_or_default();
    let [queued, decode, preprocess] = [timings.queued_us, timings.decode_us, timings.preprocess_us].map(i64::from);
    let infer = queued + decode + preprocess;
    // `queued` includes both waits: for a decoder and for the model.
    let model = i64::from(timings.inference_us) + i64::from(timings.postprocess_us) + i64::from(timings.track_us);
    let kafka = found.inferred_at_us - found.ingested_at_us - infer - model;
    [
        found.ingested_at_us - sighting.taken_us,
        kafka,
        queued,
        decode,
        preprocess,
        model,
        sighting.arrival.at_us - alert.emitted_at_us,
    ]
}

fn frame_id(id: &v1::FrameId) -> FrameId {
    (id.camera_id.clone(), id.session, id.sequence)
}
