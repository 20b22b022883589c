use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc;
use vru_proto::v1;
use vru_runtime::admin::Readiness;
use vru_runtime::cameras::{CameraEvent, CamerasConfig, Share, watch};
use vru_runtime::shutdown::Shutdown;
use vru_runtime::test_util::{Bus, Topic, kafka};

fn camera(id: &str) -> v1::CameraConfig {
    let push = v1::PushSource { allow_anonymous: true, ..Default::default() };
    v1::CameraConfig {
        id: id.to_owned(),
        enabled: true,
        source: Some(v1::camera_config::Source::Push(push)),
        ..Default::default()
    }
}

struct Pod {
    shutdown: Shutdown,
    events: mpsc::Receiver<CameraEvent>,
    cameras: BTreeSet<String>,
}

impl Pod {
    fn start(bus: &Bus, share: Share) -> Self {
        let shutdown = Shutdown::default();
        let ready = Readiness::default().part("cameras");
        let events = watch(&bus.config(), &CamerasConfig::default(), share, &shutdown, ready);
        Self { shutdown, events, cameras: BTreeSet::new() }
    }

    fn apply(&mut self, event: Option<CameraEvent>) {
        match event.expect("the watcher runs") {
            CameraEvent::Upsert(id, _) => {
                self.cameras.insert(id.to_string());
            }
            CameraEvent::Remove(id) => {
                self.cameras.remove(id.as_str());
            }
            CameraEvent::CaughtUp => {}
        }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&BTreeSet<String>) -> bool) {
        let reached = async {
            while !holds(&self.cameras) {
                let event = self.events.recv().await;
                self.apply(event);
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached)
            .await
            .unwrap_or_else(|_| panic!("timed out waiting for {what}; the cameras are {:?}", self.cameras));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_of_a_group_share_the_cameras_and_take_over_from_each_other() {
    let bus = kafka().bus("share", 8);
    for number in 0..24 {
        bus.put_camera(&camera(&format!("cam-{number}")));
    }
    let share = || Share::Group(format!("{}pods", bus.prefix()));
    let mut one = Pod::start(&bus, share());
    one.until("all cameras", |cameras| cameras.len() == 24).await;
    let mut two = Pod::start(&bus, share());
    // Cameras move partition by partition: apply events until each camera is with exactly one pod.
    let shared = async {
        while two.cameras.is_empty()
            || !one.cameras.is_disjoint(&two.cameras)
            || one.cameras.len() + two.cameras.len() < 24
        {
            tokio::select! {
                event = one.events.recv() => one.apply(event),
                event = two.events.recv() => two.apply(event),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shared).await.expect("the cameras are shared in time");
    two.shutdown.soft.cancel();
    one.until("all cameras again", |cameras| cameras.len() == 24).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_and_removals_are_applied_and_rubbish_becomes_a_dead_letter() {
    let bus = kafka().bus("follow", 2);
    bus.put_camera(&camera("a"));
    let mut pod = Pod::start(&bus, Share::All);
    pod.until("a", |cameras| cameras.contains("a")).await;
    bus.produce(Topic::Cameras, "a", Some(b"\xff\xff rubbish"));
    bus.put_camera(&camera("b"));
    pod.until("a, with its last good configuration, and b", |cameras| cameras.len() == 2).await;
    bus.remove_camera("a");
    pod.until("a to go", |cameras| cameras.len() == 1).await;
    bus.put_camera(&v1::CameraConfig { enabled: false, ..camera("b") });
    pod.until("b to be disabled", BTreeSet::is_empty).await;
    let letters = bus.records(Topic::DeadLetters);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].header("vru-source-topic"), Some(bus.name(Topic::Cameras).as_str()));
}
