//! The disk under the embedded PostgreSQL and the embedded object store is full.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use vru_runtime::test_util::{DiskHandle, Metrics, Process, SmallDisk, binary, folder, http_get, wait_for, wait_until};

use crate::pipeline::{DEADLINE, short_clip};
use crate::support::up::{self, UpAddresses};

const FRAMES: u64 = 200;
/// `shutdown.deadline` of a process that cannot store what it has.
const SHORT_DRAIN: Duration = Duration::from_secs(6);
/// That of one that can, on a busy machine.
const LONG_DRAIN: Duration = Duration::from_mins(2);
/// After the deadline: 2 s for the hard stop, and the rest for a busy machine.
const MARGIN: Duration = Duration::from_secs(8);

/// `vru up` with its data on a small disk, and a file as its camera.
struct VruUp {
    disk: SmallDisk,
    folder: PathBuf,
    config: PathBuf,
    process: Process,
    sink: SocketAddr,
}

impl VruUp {
    fn start(mebibytes: u32, drain: Duration) -> Self {
        let home = folder("up");
        let cameras = home.join("cameras.toml");
        let clip = short_clip(FRAMES);
        let text = format!(
            "[[cameras]]\nid = 'street'\nfile = {{ path = '{}' }}\n\
             zones = [{{ id = 'all', polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]] }}]\n\
             rules = [{{ id = 'there', zone_presence = {{ zone = 'all', min_frames = 2 }} }}]\n",
            clip.display()
        );
        std::fs::write(&cameras, text).unwrap();
        let addresses = UpAddresses::free();
        let seconds = drain.as_secs();
        let text = format!("cameras.file = '{}'\nshutdown.deadline = '{seconds}s'\n", cameras.display());
        let config = up::write_config(&home, &addresses, &text);
        let disk = SmallDisk::new(mebibytes);
        let launch = disk.launch(&binary("vru"), home.join("up.log"));
        let process = up::command(launch, &config, &disk.path().join("data")).spawn();
        Self { disk, folder: home, config, process, sink: addresses.sink }
    }

    /// Starts again on the same disk, after the process has ended.
    fn start_again(&mut self, kept: &DiskHandle) {
        let launch = kept.launch(&binary("vru"), self.folder.join("again.log"));
        let drain = format!("shutdown.deadline={}s", LONG_DRAIN.as_secs());
        let command = up::command(launch, &self.config, &self.disk.path().join("data"));
        self.process = command.args(["--set", &drain]).spawn();
    }

    /// Number of frames with a row.
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

    /// Waits until PostgreSQL refuses writes. Returns what the sink reports then.
    fn wait_for_sink_to_wait(&self) -> String {
        wait_for(DEADLINE, "the sink to report that it waits", || {
            let answer = http_get(self.sink, "/ready")?;
            if answer.status == 503 && answer.body.contains("postgres") { Ok(answer.body) } else { Err(answer.body) }
        })
    }

    fn wait_for_log(&self, words: &str) {
        wait_until(DEADLINE, words, || self.process.log().contains(words));
    }
}

/// The files of the embedded object store, all of which have their final names.
fn objects(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { objects(&path) } else { vec![path] }).collect()
}

/// A number of the account at the end. Its rows are counted in PostgreSQL.
fn account(log: &str, word: &str) -> Option<u64> {
    let line = log.lines().rfind(|line| line.trim_start().starts_with(word))?;
    line.split_whitespace().last()?.parse().ok()
}

#[test]
fn a_full_disk_is_reported_and_nothing_is_lost_or_corrupted() {
    let up = VruUp::start(110, LONG_DRAIN);
    up.wait_for_rows(20);
    up.disk.fill(&up.process);
    // The message says what is wrong, where, and what to do.
    up.wait_for_log(&format!("the disk of {} is full: free some space", up.disk.path().join("data").display()));
    up.wait_for_log("No space left on device");
    let ready = up.wait_for_sink_to_wait();
    assert!(ready.contains("No space left on device"), "{ready}");
    let stored = up.rows().unwrap();
    assert!(stored < FRAMES, "the disk became full after the last frame");

    up.disk.free(&up.process);
    up.wait_for_rows(FRAMES);
    up.wait_for_log("no more troubles: everything works again");
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
fn a_full_disk_does_not_delay_the_shutdown_and_nothing_is_lost_or_duplicated() {
    let mut up = VruUp::start(110, SHORT_DRAIN);
    up.wait_for_rows(20);
    up.disk.fill(&up.process);
    up.wait_for_sink_to_wait();
    let stored = up.rows().unwrap();
    assert!(stored < FRAMES, "the disk became full after the last frame");
    let kept = DiskHandle::new(&up.disk, &up.process);
    up.process.signal("TERM");
    let status = up.process.wait(SHORT_DRAIN + MARGIN);
    let log = up.process.log();
    assert!(!status.success(), "frames are missing, but the exit status is a success: {log}");

    kept.free();
    up.start_again(&kept);
    // The embedded broker ended with the process: the file is read again, and frames that have rows are not stored again.
    up.wait_for_rows(FRAMES - stored);
    up.process.signal("TERM");
    let status = up.process.wait(DEADLINE);
    let log = up.process.log();
    assert!(status.success(), "{log}");
    let [inferred, rows, before] = ["inferred", "rows", "stored before"].map(|word| account(&log, word));
    assert_eq!((inferred, rows, before), (Some(FRAMES), Some(FRAMES - stored), Some(stored)), "{log}");
}

#[test]
fn a_disk_that_is_too_small_is_an_error_at_the_start() {
    let up = VruUp::start(20, SHORT_DRAIN);
    let status = up.process.wait(Duration::from_mins(2));
    let log = up.process.log();
    assert_eq!(status.code(), Some(1), "{log}");
    let folder = up.disk.path().join("data").display().to_string();
    assert!(log.contains(&folder) && log.contains("Check free disk space"), "{log}");
}
