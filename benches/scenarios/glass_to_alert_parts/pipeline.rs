//! Our programs, from the RTSP camera to gRPC.

use std::ops::Range;
use std::sync::Arc;

use vru_benches::clock_camera::ClockCameras;
use vru_benches::worker::infer_worker;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, ServiceLaunch, ServiceProcess, free_port, kafka, wait_for};

use super::frame_balance::FrameBalance;
use super::sightings::Sightings;
use super::stages;
use super::subscriber::TimedSubscriber;
use super::{DEADLINE, SETTLE, WINDOW};

/// Zones side by side. A track that enters a zone for the first time raises an alert: about one picture in two has one.
const ZONES: u32 = 24;

/// Ingest, one inference worker and the alert sink, on topics of their own.
#[derive(Debug)]
pub struct MeasuredPipeline {
    bus: Arc<Bus>,
    ingest: ServiceProcess,
    infer: ServiceProcess,
    // Runs until it is dropped.
    _sink: ServiceProcess,
    address: String,
}

impl MeasuredPipeline {
    /// Starts the services and waits until they are ready.
    pub fn start() -> Self {
        let bus = Arc::new(kafka().bus("bench-glass", 4));
        let group = |service: &str| format!("{}{service}", bus.prefix());
        let address = format!("127.0.0.1:{}", free_port());
        let ingest = ServiceLaunch::new("vru-ingest")
            .bus(&bus)
            .set("push.enabled", "false")
            .set("pull.allow_this_host", "true")
            .set("group", group("ingest"))
            .start();
        let infer = infer_worker(&bus).start();
        let sink = ServiceLaunch::new("vru-sink")
            .args(["alerts"])
            .bus(&bus)
            .set("alerts.listen", &address)
            .set("alerts.auth", "none")
            .start();
        for service in [&ingest, &infer, &sink] {
            service.wait_ready(DEADLINE);
        }
        Self { bus, ingest, infer, _sink: sink, address }
    }

    /// Adds `count` cameras, measures, and removes the cameras. When all of them show pictures, something else is made that is there while
    /// it measures: `beside` gets the topics and the names of the cameras. Returns also what it returned, and the measured time in
    /// microseconds since 1970.
    pub fn watch<T>(
        &self,
        cameras: &ClockCameras,
        count: usize,
        beside: impl FnOnce(&Arc<Bus>, &[String]) -> T,
    ) -> (Sightings, T, Range<i64>) {
        let subscriber = TimedSubscriber::connect(&self.address);
        let names: Vec<String> = (0..count).map(|number| format!("camera-{number:02}")).collect();
        for (number, name) in names.iter().enumerate() {
            self.bus.put_camera(&config(name, cameras.url(number)));
        }
        wait_for(DEADLINE, "the sender reports of every camera", || {
            let missing: Vec<&String> = names.iter().filter(|name| !subscriber.has_synchronised(name)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("no sender report of {missing:?}")) }
        });
        let other = beside(&self.bus, &names);
        std::thread::sleep(SETTLE);
        let begun = now_us();
        std::thread::sleep(WINDOW);
        let window = begun..now_us();
        for name in &names {
            self.bus.remove_camera(name);
        }
        self.balance();
        (Sightings::read(subscriber.arrivals(), &window), other, window)
    }

    /// The counts of all frames, once every frame is accounted for.
    pub fn balance(&self) -> FrameBalance {
        FrameBalance::read(&self.ingest, &self.infer, DEADLINE)
    }

    /// Prints the time in each stage, from our own timestamps.
    pub fn print_stages(&self, seen: &Sightings) {
        stages::print(&self.bus, seen);
    }
}

fn config(name: &str, url: String) -> v1::CameraConfig {
    let pull = v1::PullSource { url, ..v1::PullSource::default() };
    let zone = |number: u32| {
        let edge = |number: u32| f64::from(number) / f64::from(ZONES);
        let (left, right) = (edge(number), edge(number + 1));
        let corners = [(left, 0.0), (right, 0.0), (right, 1.0), (left, 1.0)];
        let polygon = corners.map(|(x, y)| v1::Point { x, y }).to_vec();
        v1::Zone { id: format!("zone-{number}"), name: String::new(), polygon }
    };
    let rule = |number: u32| v1::Rule {
        id: format!("enters-{number}"),
        severity: v1::Severity::Warning.into(),
        kind: Some(v1::rule::Kind::ZonePresence(v1::ZonePresence {
            zone_id: format!("zone-{number}"),
            min_seconds: Some(0.0),
            ..Default::default()
        })),
    };
    v1::CameraConfig {
        id: name.to_owned(),
        enabled: true,
        source: Some(v1::camera_config::Source::Pull(pull)),
        zones: (0..ZONES).map(zone).collect(),
        rules: (0..ZONES).map(rule).collect(),
        ..v1::CameraConfig::default()
    }
}
