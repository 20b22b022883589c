//! Two ingest pods share the cameras; when one is killed, its cameras move to the other.

use std::collections::BTreeMap;

use vru_runtime::test_util::{ServiceLaunch, ServiceProcess, free_port, kafka, wait_for};

use crate::camera_server::CameraServer;
use crate::pipeline::{DEADLINE, camera, frames_of, ingest, pull, start};

const CAMERAS: usize = 6;

fn connected(pod: &ServiceProcess) -> BTreeMap<String, f64> {
    let mut cameras = pod.metrics().by_label("ingest_camera_connected", "camera");
    cameras.retain(|_, connected| *connected > 0.0);
    cameras
}

#[test]
fn the_cameras_of_a_killed_pod_move_to_the_other() {
    let server = CameraServer::start();
    let bus = kafka().bus("pods", 6);
    let pod = || -> ServiceLaunch { ingest(&bus, free_port()).set("kafka.session_timeout", "6s") };
    let [first, second] = start([pod(), pod()]);
    let ids: Vec<String> = (0..CAMERAS).map(|number| format!("cam-{number}")).collect();
    for id in &ids {
        server.synthetic(id);
        bus.put_camera(&camera(id, pull(server.url(id))));
    }
    // Each camera is connected to one pod, and each pod has some.
    let (of_first, of_second) = wait_for(DEADLINE, "the cameras to be shared", || {
        let (of_first, of_second) = (connected(&first), connected(&second));
        let both = of_first.len() + of_second.len();
        let apart = of_first.keys().all(|id| !of_second.contains_key(id));
        let shared = both == CAMERAS && apart && !of_first.is_empty() && !of_second.is_empty();
        if shared { Ok((of_first, of_second)) } else { Err(format!("{of_first:?} {of_second:?}")) }
    });
    let newest_session = |id: &str| frames_of(&bus, id).last().map(|frame| frame.id.as_ref().unwrap().session);
    // A camera counts as connected before its first frame is on the topic.
    let before: BTreeMap<&String, u64> = ids
        .iter()
        .map(|id| {
            let first = || newest_session(id).ok_or_else(|| "no frame".to_owned());
            (id, wait_for(DEADLINE, &format!("a frame of {id}"), first))
        })
        .collect();

    first.kill();
    wait_for(DEADLINE, "the other pod to have all cameras", || {
        let cameras = connected(&second);
        if cameras.len() == CAMERAS { Ok(()) } else { Err(format!("{cameras:?}; {}", second.log_tail())) }
    });
    for id in of_first.keys() {
        wait_for(DEADLINE, &format!("frames of {id} from the other pod"), || {
            let session = newest_session(id);
            if session > Some(before[id]) { Ok(()) } else { Err(format!("{session:?}")) }
        });
    }
    // The cameras of the second pod kept their connections.
    for id in of_second.keys() {
        assert_eq!(newest_session(id), Some(before[id]), "{id} was reconnected");
    }
    assert!(second.stop().success(), "{}", second.log_tail());
}
