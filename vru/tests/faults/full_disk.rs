//! The disk under the embedded PostgreSQL and the embedded object store is full.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vru_runtime::test_util::{
    DiskHandle, Launch, Metrics, Process, SmallDisk, binary, folder, free_port, http_get, wait_for, wait_until,
};

use crate::pipeline::{DEADLINE, short_clip};

const FRAMES: u64 = 200;
const CONFIG: &str = "vru.toml";
/// Of `shutdown.deadline`.
const DRAIN: Duration = Duration::from_secs(6);
/// Past it: 2 s for what leaves at once, and the rest for a busy machine.
const MARGIN: Duration = Duration::from_secs(8);

/// `vru up` with its data on a small disk, and one file as its camera.
struct Up {
    disk: SmallDisk,
    place: PathBuf,
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
        let config = place.join(CONFIG);
        let text = format!(
            "cameras.file = '{}'\npage.listen = '{page}'\nalerts = {{ listen = '{alerts}', auth = 'none' }}\n\
             push.listen = '{push}'\nshutdown.deadline = '{}s'\n\
             [admin]\ninfer = '{infer}'\ningest = '{ingest}'\nsink = '{sink}'\n",
            cameras.display(),
            DRAIN.as_secs()
        );
        std::fs::write(&config, text).unwrap();
        let disk = SmallDisk::new(mebibytes);
        let process = run(disk.launch(&binary("vru"), place.join("up.log")), &place, &disk);
        Self { disk, place, process, sink: sink.parse().unwrap() }
    }

    /// The same on the same disk, once the process has ended.
    fn start_again(&mut self, kept: &DiskHandle) {
        self.process = run(kept.launch(&binary("vru"), self.place.join("again.log")), &self.place, &self.disk);
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

    /// Until PostgreSQL takes nothing more; what the sink says then.
    fn wait_for_sink_to_wait(&self) -> String {
        wait_for(DEADLINE, "the sink to say that it waits", || {
            let answer = http_get(self.sink, "/ready")?;
            if answer.status == 503 && answer.body.contains("postgres") { Ok(answer.body) } else { Err(answer.body) }
        })
    }

    fn wait_for_log(&self, words: &str) {
        wait_until(DEADLINE, words, || self.process.log().contains(words));
    }
}

fn run(launch: Launch, place: &Path, disk: &SmallDisk) -> Process {
    let arguments = [Path::new("up"), Path::new("--config"), &place.join(CONFIG), Path::new("--data")];
    launch.args(arguments).args([disk.path().join("data")]).spawn()
}

/// The files of the embedded object store that have one of their final names.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { objects(&path) } else { vec![path] }).collect()
}

/// A figure of the account at the end; the rows are counted in PostgreSQL itself.
fn account(log: &str, word: &str) -> Option<u64> {
    let line = log.lines().rfind(|line| line.trim_start().starts_with(word))?;
    line.split_whitespace().last()?.parse().ok()
}

#[test]
fn a_full_disk_is_told_and_waited_out_and_nothing_is_lost_or_spoiled() {
    let up = Up::start(110);
    up.wait_for_rows(20);
    up.disk.fill(&up.process);
    // What is wrong, where, and what to do.
    up.wait_for_log(&format!("the disk of {} is full: free some space", up.disk.path().join("data").display()));
    up.wait_for_log("No space left on device");
    let ready = up.wait_for_sink_to_wait();
    assert!(ready.contains("No space left on device"), "{ready}");
    let stored = up.rows().unwrap();
    assert!(stored < FRAMES, "the disk was full too late");

    up.disk.free(&up.process);
    up.wait_for_rows(FRAMES);
    up.wait_for_log("nothing waits any more");
    let mut pictures = 0;
    for path in objects(&up.disk.outside_path(&up.process).join("data/s3/vru")) {
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
    assert_eq!((account(&log, "inferred"), account(&log, "rows")), (Some(FRAMES), Some(FRAMES)), "{log}");
}

#[test]
fn a_full_disk_does_not_hold_up_the_end_and_nothing_is_lost_or_doubled_by_it() {
    let mut up = Up::start(110);
    up.wait_for_rows(20);
    up.disk.fill(&up.process);
    up.wait_for_sink_to_wait();
    let stored = up.rows().unwrap();
    assert!(stored < FRAMES, "the disk was full too late");
    let kept = DiskHandle::new(&up.disk, &up.process);
    up.process.signal("TERM");
    let status = up.process.wait(DRAIN + MARGIN);
    let log = up.process.log();
    assert!(!status.success(), "not all was stored, and it does not say so: {log}");

    kept.free();
    up.start_again(&kept);
    // The broker of before is gone with the process: the file is read again, and what has rows is not stored again.
    up.wait_for_rows(FRAMES - stored);
    up.process.signal("TERM");
    let status = up.process.wait(DEADLINE);
    let log = up.process.log();
    assert!(status.success(), "{log}");
    let [inferred, rows, before] = ["inferred", "rows", "stored before"].map(|word| account(&log, word));
    assert_eq!((inferred, rows, before), (Some(FRAMES), Some(FRAMES - stored), Some(stored)), "{log}");
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
