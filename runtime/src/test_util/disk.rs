//! A small disk that is full when a test says so.
//!
//! It is a memory file system in a mount namespace of the process that uses it, so it needs neither a device nor, where the
//! kernel lets users have namespaces, root; and it is gone with the process, unless it is kept. A limit on file sizes would be
//! simpler and is another fault: it ends a process by a signal and never says that there is no space.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use super::process::is_root;
use super::{Launch, Process, folder};

/// What takes the space.
const FILLER: &str = "filler";

/// Where the disk appears, for its process only.
#[derive(Debug)]
pub struct SmallDisk {
    place: PathBuf,
    mebibytes: u32,
}

impl SmallDisk {
    /// A disk of that size.
    pub fn new(mebibytes: u32) -> Self {
        Self { place: folder("disk"), mebibytes }
    }

    /// Its path, for the process.
    pub fn path(&self) -> &Path {
        &self.place
    }

    /// A program that has the disk; arguments may be added.
    pub fn launch(&self, program: &Path, log: impl Into<PathBuf>) -> Launch {
        let who: &[&str] = if is_root() { &[] } else { &["--user", "--map-current-user", "--keep-caps"] };
        let mount = "mount -t tmpfs -o \"size=$0m,mode=755\" disk \"$1\" && shift && exec \"$@\"";
        Launch::new("unshare", log)
            .args(["--mount"])
            .args(who.iter().copied())
            .args(["sh", "-c", mount])
            .args([self.mebibytes.to_string()])
            .args([&self.place, program])
    }

    /// The disk as seen from outside of the process.
    pub fn seen(&self, process: &Process) -> PathBuf {
        let inside = self.place.strip_prefix("/").expect("folders of tests are absolute");
        Path::new(&format!("/proc/{}/root", process.pid())).join(inside)
    }

    /// Fills it to the last block.
    pub fn fill(&self, process: &Process) {
        let path = self.seen(process).join(FILLER);
        let mut file = File::create(&path).unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        for block in [1 << 20, 1 << 12] {
            let block = vec![0; block];
            while file.write_all(&block).is_ok() {}
        }
    }

    /// Frees what was filled.
    pub fn free(&self, process: &Process) {
        let path = self.seen(process).join(FILLER);
        fs::remove_file(&path).unwrap_or_else(|error| panic!("cannot remove {}: {error}", path.display()));
    }
}

/// A disk that outlives the process that it was made for, until this is dropped.
#[derive(Debug)]
pub struct KeptDisk {
    place: PathBuf,
    /// Options of `nsenter`, each with the namespace that it names.
    namespaces: Vec<(&'static str, File)>,
}

impl KeptDisk {
    /// Keeps the disk of a process that runs.
    pub fn new(disk: &SmallDisk, process: &Process) -> Self {
        let open = |name: &str| {
            let path = format!("/proc/{}/ns/{name}", process.pid());
            File::open(&path).unwrap_or_else(|error| panic!("cannot open {path}: {error}"))
        };
        let mut namespaces = vec![("--mount", open("mnt"))];
        if !is_root() {
            namespaces.insert(0, ("--user", open("user")));
        }
        Self { place: disk.place.clone(), namespaces }
    }

    /// Another program that has the disk; arguments may be added.
    pub fn launch(&self, program: &Path, log: impl Into<PathBuf>) -> Launch {
        let own = std::process::id();
        let enter =
            self.namespaces.iter().map(|(option, file)| format!("{option}=/proc/{own}/fd/{}", file.as_raw_fd()));
        Launch::new("nsenter", log).args(["--preserve-credentials"]).args(enter).args([Path::new("--"), program])
    }

    /// Frees what was filled.
    pub fn free(&self) {
        let log = folder("kept-disk").join("log");
        self.launch(Path::new("rm"), log).args([self.place.join(FILLER)]).run();
    }
}
