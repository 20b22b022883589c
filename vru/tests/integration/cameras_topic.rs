//! The topic of cameras is deleted and created again while everything runs: the database still has the cameras.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vru_proto::v1;
use vru_runtime::test_util::{Topic, free_port, kafka, postgres, wait_for, wait_until};

use crate::camera_server::CameraServer;
use crate::camera_tests::{api, site_of_first_admin};
use crate::pipeline::{DEADLINE, ingest};

#[test]
fn a_topic_of_cameras_that_was_created_again_gets_all_cameras_and_they_are_watched() {
    let server = CameraServer::start();
    let mut bus = kafka().bus("cameras-topic", 2);
    let database = postgres().database();
    let (service, address) = api(&bus, &database);
    let pod = ingest(&bus, free_port()).start();
    pod.wait_ready(DEADLINE);
    let (client, site) = site_of_first_admin(&address);
    let cameras = format!("/api/v1/sites/{site}/cameras");
    let settings = |name: &str, enabled: bool| json!({ "settings": { "name": name, "enabled": enabled, "pull": { "url": server.url(name) } } });
    let add = |name: &str| -> String {
        server.synthetic(name);
        let (status, camera) = client.call("POST", &cameras, Some(&settings(name, true)));
        assert_eq!(status, 201, "{camera}");
        camera["id"].as_str().unwrap().to_owned()
    };
    let (gate, yard) = (add("gate"), add("yard"));
    wait_until(DEADLINE, "both cameras to be watched", || server.clients() == 2);
    // The next publisher sends all cameras once, and then knows which topic it is.
    service.kill();
    service.restart();
    service.wait_ready(DEADLINE);
    let published = || service.metric("api_camera_changes_total", &[("result", "published")]) as u64;
    wait_for(DEADLINE, "the publisher to have sent all cameras", || {
        if published() >= 2 { Ok(()) } else { Err(format!("{} changes", published())) }
    });

    bus.recreate(Topic::Cameras, 3);
    let on_topic = || -> BTreeSet<String> {
        let cameras: Vec<v1::CameraConfig> = bus.messages(Topic::Cameras);
        cameras.into_iter().map(|camera| camera.id).collect()
    };
    let all: BTreeSet<String> = [gate.clone(), yard].into();
    wait_for(DEADLINE, "all cameras to be on the topic", || {
        let found = on_topic();
        if found == all { Ok(()) } else { Err(format!("{found:?}; {}", service.log_tail())) }
    });
    wait_until(DEADLINE, "both cameras to be watched", || server.clients() == 2);
    // Changes on the new topic are seen by the pod that runs.
    let camera = format!("{cameras}/{gate}");
    let change = |version: u64, enabled: bool| {
        let (status, answer): (u16, Value) = client.replace(&camera, version, &settings("gate", enabled));
        assert_eq!(status, 200, "{answer}");
    };
    change(1, false);
    wait_until(DEADLINE, "the disabled camera to be left alone", || server.clients() == 1);
    change(2, true);
    wait_until(DEADLINE, "the camera to be watched again", || server.clients() == 2);
    // A pod that knows the new topic only has both.
    pod.kill();
    wait_until(DEADLINE, "the cameras to be left alone", || server.clients() == 0);
    pod.restart();
    wait_until(DEADLINE, "both cameras to be watched after a restart", || server.clients() == 2);
}
