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
        let (events, _) = watch(&bus.config(), &CamerasConfig::default(), share, &shutdown, ready);
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

/// Every event up to and with the next `CaughtUp`.
async fn settled(pod: &mut Pod) -> Vec<CameraEvent> {
    let mut events = Vec::new();
    let settled = async {
        loop {
            let event = pod.events.recv().await.expect("the watcher runs");
            let caught_up = matches!(event, CameraEvent::CaughtUp);
            events.push(event);
            if caught_up {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), settled).await.expect("the cameras settle in time");
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn superseded_versions_and_removed_cameras_are_never_passed_on() {
    let bus = kafka().bus("settled", 3);
    let named = |id: &str, version: usize| v1::CameraConfig { name: format!("version {version}"), ..camera(id) };
    for version in 0..40 {
        for id in ["a", "b", "gone", "off"] {
            bus.put_camera(&named(id, version));
        }
    }
    bus.remove_camera("gone");
    bus.put_camera(&v1::CameraConfig { enabled: false, ..camera("off") });
    for share in [Share::All, Share::Group(format!("{}pods", bus.prefix()))] {
        let mut pod = Pod::start(&bus, share.clone());
        // A group assigns the partitions in one step here, but may do it in several.
        let mut sent = BTreeSet::new();
        while sent.len() < 2 {
            for event in settled(&mut pod).await {
                match event {
                    CameraEvent::Upsert(id, config) => {
                        assert_eq!(config.name, "version 39", "{share:?}: {id}");
                        assert!(sent.insert(id.to_string()), "{share:?}: {id} was sent twice");
                    }
                    CameraEvent::Remove(id) => panic!("{share:?}: {id} was never sent"),
                    CameraEvent::CaughtUp => {}
                }
            }
        }
        assert_eq!(sent, BTreeSet::from(["a".to_owned(), "b".to_owned()]), "{share:?}");
        pod.shutdown.soft.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_topic_replaces_the_cameras() {
    let mut bus = kafka().bus("cameras-recreated", 2);
    for id in ["a", "b", "c"] {
        bus.put_camera(&camera(id));
    }
    let shares = [Share::All, Share::Group(format!("{}pods", bus.prefix()))];
    let mut pods: Vec<Pod> = shares.into_iter().map(|share| Pod::start(&bus, share)).collect();
    for pod in &mut pods {
        pod.until("the cameras", |cameras| cameras.len() == 3).await;
    }
    tokio::task::block_in_place(|| bus.recreate(Topic::Cameras, 2));
    bus.put_camera(&camera("b"));
    bus.put_camera(&camera("d"));
    let wanted = BTreeSet::from(["b".to_owned(), "d".to_owned()]);
    for pod in &mut pods {
        pod.until("the cameras of the new topic", |cameras| *cameras == wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_returns_when_everything_on_the_topic_was_sent() {
    let bus = kafka().bus("refresh", 2);
    let shutdown = Shutdown::default();
    let ready = Readiness::default().part("cameras");
    let (mut events, refresher) = watch(&bus.config(), &CamerasConfig::default(), Share::All, &shutdown, ready);
    let (mut cameras, mut caught_up) = (0, 0);
    for number in 0..20 {
        bus.put_camera(&camera(&format!("cam-{number}")));
        let until = refresher.refresh().await.expect("the watch runs");
        while let Ok(event) = events.try_recv() {
            match event {
                CameraEvent::Upsert(..) => cameras += 1,
                CameraEvent::CaughtUp => caught_up += 1,
                CameraEvent::Remove(id) => panic!("{id} was not removed"),
            }
        }
        assert_eq!((cameras, caught_up), (number + 1, until));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_whose_client_cannot_be_made_says_so_and_tries_again() {
    let bus = kafka().bus("no-client", 1);
    for share in [Share::All, Share::Group("pods".to_owned())] {
        let mut config = bus.config();
        let options = serde_json::json!({ "queued.min.messages": "many" });
        config.options = serde_json::from_value(options).expect("options are a map of texts");
        let (shutdown, readiness) = (Shutdown::default(), Readiness::default());
        let (events, _) = watch(&config, &CamerasConfig::default(), share, &shutdown, readiness.part("cameras"));
        vru_runtime::test_util::eventually(Duration::from_mins(1), "the reason in /ready", async || {
            let waiting = readiness.waiting_for();
            let why = waiting.get("cameras").cloned().unwrap_or_default();
            if why.contains("queued.min.messages") { Ok(()) } else { Err(why) }
        })
        .await;
        assert!(!events.is_closed(), "the watch goes on");
        assert!(!shutdown.failure.is_reported());
    }
}
