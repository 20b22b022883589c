//! The peer: `peers/diy.py`, one process per camera and one for the model, on the same broker and the same cameras. It raises an
//! alert for every picture with a person. Its subscriber is ours, in Rust, which is faster than one in Python.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use vru_benches::clock_camera::ClockCameras;
use vru_benches::peer::{Environment, script_path};
use vru_runtime::clock::now_us;
use vru_runtime::test_util::{Bus, Launch, Process, Topic, folder, kafka};

use super::sightings::{Arrival, Sightings};
use super::{DEADLINE, SETTLE, WINDOW};

/// The libraries of the peer and their versions.
pub fn versions() -> String {
    let output = Command::new(Environment::Diy.python()).arg(script_path("diy.py")).arg("versions").output();
    String::from_utf8_lossy(&output.expect("Python starts").stdout).trim().to_owned()
}

/// Measures the peer with `count` cameras.
pub fn watch(cameras: &ClockCameras, count: usize, model: &Path) -> Sightings {
    let bus = kafka().bus("bench-diy", 4);
    let (frames, alerts) = (bus.name(Topic::Frames), bus.name(Topic::Alerts));
    let brokers = bus.config().brokers;
    let analyse = start("infer", &[&brokers, &frames, &alerts, model.to_str().expect("a plain path")]);
    let mut processes = vec![analyse];
    for number in 0..count {
        let name = format!("camera-{number:02}");
        processes.push(start("capture", &[&brokers, &frames, &name, &cameras.url(number)]));
    }
    let mut subscriber = DiySubscriber::connect(&bus, &alerts);
    subscriber.wait_for(count, &processes);
    subscriber.take_for(SETTLE);
    let begun = now_us();
    subscriber.take_for(WINDOW);
    let window = begun..now_us();
    // Late pictures of the window count too: otherwise a pipeline that falls behind would look fast.
    subscriber.take_until_taken_after(window.end);
    Sightings::read(subscriber.arrivals, &window)
}

fn start(part: &str, args: &[&str]) -> Process {
    Launch::new(Environment::Diy.python(), folder("diy").join("diy.log"))
        .args([script_path("diy.py").into_os_string(), part.into()])
        .args(args)
        .spawn()
}

struct DiySubscriber {
    consumer: BaseConsumer,
    arrivals: Vec<Arrival>,
    cameras: Vec<Vec<u8>>,
}

impl DiySubscriber {
    fn connect(bus: &Bus, alerts: &str) -> Self {
        let group = format!("{}subscriber", bus.prefix());
        let client =
            bus.config().client("bench-subscriber", &[("group.id", &group), ("auto.offset.reset", "earliest")]);
        let consumer: BaseConsumer = client.create().expect("a consumer can be made");
        consumer.subscribe(&[alerts]).expect("a plain topic");
        Self { consumer, arrivals: Vec::new(), cameras: Vec::new() }
    }

    fn take(&mut self) {
        let Some(message) = self.consumer.poll(Duration::from_millis(100)) else { return };
        let at_us = now_us();
        let message = message.expect("the broker lives");
        let camera = message.key().unwrap_or_default().to_vec();
        if !self.cameras.contains(&camera) {
            self.cameras.push(camera);
        }
        let picture = bytes::Bytes::copy_from_slice(message.payload().unwrap_or_default());
        self.arrivals.push(Arrival { at_us, picture, alert: None });
    }

    /// Waits until an alert of each camera has arrived.
    fn wait_for(&mut self, count: usize, processes: &[Process]) {
        let started = Instant::now();
        while self.cameras.len() < count {
            self.take();
            for process in processes {
                assert!(process.ended().is_none(), "the peer ended: {}", process.log_tail());
            }
            assert!(started.elapsed() < DEADLINE, "{} of {count} cameras gave alerts", self.cameras.len());
        }
    }

    fn take_for(&mut self, time: Duration) {
        let started = Instant::now();
        while started.elapsed() < time {
            self.take();
        }
    }

    /// Receives until a picture arrives that was taken after `end_us`, or until the deadline: pictures that are still missing then
    /// would only be later.
    fn take_until_taken_after(&mut self, end_us: i64) {
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            let before = self.arrivals.len();
            self.take();
            let new = self.arrivals[before..].to_vec();
            if !Sightings::read(new, &(end_us..i64::MAX)).all.is_empty() {
                return;
            }
        }
    }
}
