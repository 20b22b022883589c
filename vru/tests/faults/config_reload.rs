//! The cameras file is changed while ingest runs. A file with mistakes is reported in full and changes nothing.

use std::path::Path;

use vru_runtime::test_util::{ServiceProcess, folder, wait_for, wait_until};

use crate::camera_server::CameraServer;
use crate::pipeline::{DEADLINE, Pipeline, frames_of, start};

/// Replaces the file atomically, as editors do.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

fn pulled(server: &CameraServer, name: &str) -> String {
    format!("[[cameras]]\nid = '{name}'\npull = {{ url = '{}' }}\noutput = {{ max_fps = 10.0 }}\n", server.url(name))
}

fn refused(ingest: &ServiceProcess) -> u64 {
    ingest.count("cameras_refused_changes_total", &[("from", "file")])
}

#[test]
fn mistakes_in_the_cameras_file_are_logged_in_full_and_change_nothing() {
    let server = CameraServer::start();
    for name in ["one", "two", "three"] {
        server.synthetic(name);
    }
    let pipeline = Pipeline::new("reload", 2);
    let file = folder("cameras").join("cameras.toml");
    replace(&file, &(pulled(&server, "one") + &pulled(&server, "two")));
    let [ingest] = start([pipeline.ingest().set("cameras.file", &file)]);
    let sent = |name: &str| ingest.count("ingest_sent_frames_total", &[("camera", name)]);
    let frames_come = |name: &str| {
        let before = sent(name);
        wait_for(DEADLINE, &format!("frames of {name}"), || {
            let now = sent(name);
            if now >= before + 5 { Ok(()) } else { Err(format!("{before} → {now}; {}", ingest.log_tail())) }
        });
    };
    frames_come("one");
    frames_come("two");

    let mistakes = pulled(&server, "one").replace("rtsp:", "http:")
        + &pulled(&server, "two").replace("max_fps", "max_ftp")
        + "[[cameras]]\nid = 'three'\n";
    let broken = [mistakes.as_str(), "[[cameras]\nid = "];
    for (before, text) in (0..).zip(broken) {
        replace(&file, text);
        wait_until(DEADLINE, "the change to be refused", || refused(&ingest) == before + 1);
        frames_come("one");
        frames_come("two");
    }
    std::fs::remove_file(&file).unwrap();
    wait_until(DEADLINE, "the missing file to be reported", || refused(&ingest) == 3);
    frames_come("one");
    frames_come("two");
    assert_eq!(ingest.ready().unwrap().0, 200, "ingest stays ready while its cameras run");
    let log = ingest.log();
    for [camera, what] in [["`one`", "rtsp://"], ["`two`", "max_ftp"], ["`three`", "exactly one"], ["cannot read", ""]]
    {
        let logged = log.lines().filter(|line| line.contains("mistake in the cameras file"));
        let logged = logged.filter(|line| line.contains(camera) && line.contains(what)).count();
        assert_eq!(logged, 1, "{camera} {what} must be logged once:\n{log}");
    }
    assert!(!server.was_played("three"), "a camera of a file with mistakes was started");

    replace(&file, &(pulled(&server, "one") + &pulled(&server, "three")));
    frames_come("three");
    wait_until(DEADLINE, "ingest to disconnect from the removed camera", || server.clients() == 2);
    frames_come("one");
    assert_eq!(refused(&ingest), 3);
    assert_eq!(
        ingest.count("ingest_sessions_total", &[("camera", "one")]),
        1,
        "the camera that stayed was reconnected"
    );
    assert_eq!(ingest.count("ingest_errors_total", &[]), 0, "{}", ingest.log_tail());
    assert!(ingest.stop().success(), "{}", ingest.log_tail());
    let mut expected = 0;
    for frame in frames_of(&pipeline.bus, "one") {
        let sequence = frame.id.unwrap().sequence;
        assert_eq!(sequence, expected + u64::from(frame.dropped_before), "a gap that was not counted");
        expected = sequence + 1;
    }
}
