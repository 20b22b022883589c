//! Latency from the camera to a client of the live feed, beside the latency to a subscriber of alerts in the same run: the programs and the
//! camera of `glass_to_alert`, and `vru-api` with one WebSocket, below saturation. Both latencies are read from the clock in the picture
//! that arrived: our own timestamps are not used.
//!
//! A picture of the feed waits for its boxes, as an alert does; then the API passes it on (`full`), or decodes, shrinks and encodes it
//! (`tile`). The goal is at most 40 ms more than the alert.
//!
//! Does not measure: what `glass_to_alert` does not, browsers, H.264 to the client (it waits for nothing that `full` does not wait for), and
//! several clients, for which `live_feed` says what one more costs.

#[path = "glass_to_alert_parts/frame_balance.rs"]
mod frame_balance;
#[path = "glass_to_alert_parts/pipeline.rs"]
mod pipeline;
#[path = "glass_to_alert_parts/sightings.rs"]
mod sightings;
#[path = "glass_to_alert_parts/stages.rs"]
mod stages;
#[path = "glass_to_alert_parts/subscriber.rs"]
mod subscriber;
#[path = "glass_to_client_parts/viewer.rs"]
mod viewer;

use std::time::Duration;

use vru_benches::clock_camera::ClockCameras;
use vru_benches::measure::Turns;
use vru_benches::note;
use vru_benches::row::{BenchRow, Goal};

use pipeline::MeasuredPipeline;
use sightings::Sightings;
use viewer::Page;

const RENDITIONS: [&str; 2] = ["full", "tile"];
/// More than one camera may saturate the worker on two cores.
const CAMERAS: usize = 1;
/// Length of each measurement.
const WINDOW: Duration = Duration::from_secs(24);
/// Time between the first picture and the measurement.
const SETTLE: Duration = Duration::from_secs(6);
const DEADLINE: Duration = Duration::from_mins(1);
/// Pictures a second that one camera shows, less those that may be dropped.
const LEAST_PICTURES: f64 = 9.0;

fn main() {
    let cameras = ClockCameras::start();
    for rendition in RENDITIONS {
        let pipeline = MeasuredPipeline::start();
        let (alerts, page, window) =
            pipeline.watch(&cameras, CAMERAS, |bus, names| Page::open(bus.clone(), names, rendition));
        let shown = Sightings::read(page.arrivals(), &window);
        let balance = pipeline.balance();
        let (synchronised, dropped) = (alerts.capture_errors_ms.len(), 100.0 * balance.dropped_share());
        note(&format!("{rendition}: alerts {}, {synchronised} with a sender report", alerts.summary()));
        note(&format!("{rendition}: client {}; {balance}, {dropped:.1} % dropped", shown.summary()));
        pipeline.print_stages(&alerts);
        // Fewer pictures would be a choice of the fast ones.
        let least = LEAST_PICTURES * WINDOW.as_secs_f64() * CAMERAS as f64;
        assert!(shown.all.len() as f64 >= least, "the client got {} pictures, fewer than {least}", shown.all.len());

        let mut latency = Turns::default();
        latency.add(shown.p95_ms(), alerts.p95_ms());
        let name = format!("glass_to_client/{CAMERAS:02} cameras {rendition} p95");
        let peer = "glass to alert, p95 of the same run";
        BenchRow::of(&name, &latency, 1.0, "ms", Goal::Over(40.0), peer).save();
    }
}
