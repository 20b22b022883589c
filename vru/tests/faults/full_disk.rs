//! The disk under the embedded PostgreSQL and the embedded object store is full.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vru_runtime::test_util::{Metrics, Process, SmallDisk, binary, folder, free_port, http_get, wait_for, wait_until};

use crate::pipeline::{DEADLINE, short_clip};

const FRAMES: u64 = 200;

/// `vru up` with its data on a small disk, and one file as its camera.
struct Up {
    disk: SmallDisk,
    process: Process,
    sink: SocketAddr,
}

impl Up {
    fn start(mebibytes: u32) -> Self {
        let place = folder("up");
        let cameras = place.join("cameras.toml");
        let clip = short_clip(FRAMES);
        let text = format!(
            "[[cameras]]\nid = 'street'\nfile = {{ path = '{}' }}\n\
             zones = [{{ id = 'all', polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }}]\n\
             rules = [{{ id = 'there', zone_presence = {{ zone = 'all', min_frames = 2 }} }}]\n",
            clip.display()
        );
        std::fs::write(&cameras, text).unwrap();
        let [page, alerts, infer, ingest, sink, push] = [(); 6].map(|()| format!("127.0.0.1:{}", free_port()));
        let config = place.join("vru.toml");
        let text = format!(
            "cameras.file = '{}'\npage.listen = '{page}'\nalerts = {{ listen = '{alerts}', auth = 'none' }}\n\
             push.listen = '{push}'\n[admin]\ninfer = '{infer}'\ningest = '{ingest}'\nsink = '{sink}'\n",
            cameras.display()
        );
        std::fs::write(&config, text).unwrap();
        let disk = SmallDisk::new(mebibytes);
        let launch =
            disk.launch(&binary("vru"), place.join("up.log")).args([Path::new("up"), Path::new("--config"), &config]);
        let process = launch.args([Path::new("--data"), &disk.path().join("data")]).spawn();
        Self { disk, process, sink: sink.parse().unwrap() }
    }

    /// Frames that have rows.
    fn rows(&self) -> Result<u64, String> {
        if let Some(status) = self.process.ended() {
            panic!("vru up ended ({status}):\n{}", self.process.log());
        }
        let metrics = Metrics::parse(&http_get(self.sink, "/metrics")?.body)?;
        Ok(metrics.count("sink_stored_frames_total", &[("sink", "postgres")]))
    }

    fn wait_for_rows(&self, wanted: u64) {
        wait_for(DEADLINE, &format!("{wanted} rows"), || match self.rows() {
            Ok(rows) if rows >= wanted => Ok(()),
            other => Err(format!("{other:?}; {}", self.process.log_tail())),
        });
    }

    fn wait_for_log(&self, words: &str) {
        wait_until(DEADLINE, words, || self.process.log().contains(words));
    }
}

/// The files of the embedded object store that have one of their final names.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { objects(&path) } else { vec![path] }).collect()
}

#[test]
fn a_full_disk_is_told_and_waited_out_and_nothing_is_lost_or_spoiled() {
    let up = Up::start(110);
    up.wait_for_rows(20);
    up.disk.fill(&up.process);
    // What is wrong, where, and what to do.
    up.wait_for_log(&format!("the disk of {} is full: free some space", up.disk.path().join("data").display()));
    up.wait_for_log("No space left on device");
    let ready = wait_for(DEADLINE, "the sink to say that it waits", || {
        let answer = http_get(up.sink, "/ready")?;
        if answer.status == 503 && answer.body.contains("postgres") { Ok(answer.body) } else { Err(answer.body) }
    });
    assert!(ready.contains("No space left on device"), "{ready}");
    let stored = up.rows().unwrap();
    assert!(stored < FRAMES, "the disk was full too late");

    up.disk.free(&up.process);
    up.wait_for_rows(FRAMES);
    up.wait_for_log("nothing waits any more");
    let mut pictures = 0;
    for path in objects(&up.disk.seen(&up.process).join("data/s3/vru")) {
        let bytes = std::fs::read(&path).unwrap();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("jpg") => {
                vru_media::jpeg::decode(&bytes, None).unwrap();
                pictures += 1;
            }
            Some("parquet") => assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{}", path.display()),
            _ => assert!(!bytes.is_empty(), "{}", path.display()),
        }
    }
    assert!(pictures > 0, "no alert had a picture");
    up.process.signal("TERM");
    let status = up.process.wait(DEADLINE);
    let log = up.process.log();
    assert!(status.success(), "{log}");
    // Counted in PostgreSQL itself.
    let account = |word: &str| {
        let line = log.lines().rfind(|line| line.trim_start().starts_with(word));
        line.and_then(|line| line.split_whitespace().last()?.parse::<u64>().ok())
    };
    assert_eq!((account("inferred"), account("rows")), (Some(FRAMES), Some(FRAMES)), "{log}");
}

#[test]
fn a_disk_that_is_too_small_to_begin_with_ends_the_start_with_what_is_wrong() {
    let up = Up::start(20);
    let status = up.process.wait(Duration::from_mins(2));
    let log = up.process.log();
    assert_eq!(status.code(), Some(1), "{log}");
    let place = up.disk.path().join("data").display().to_string();
    assert!(log.contains(&place) && log.contains("Check free disk space"), "{log}");
}
