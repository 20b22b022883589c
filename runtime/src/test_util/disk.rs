//! A small disk that a test can fill.
//!
//! It is a tmpfs in a mount namespace of the process that uses it. It needs no block device, and no root where the kernel allows user
//! namespaces. It is gone when the process ends, unless a [`DiskHandle`] exists. A limit on file sizes (`ulimit -f`) would be simpler but
//! is a different fault: the process gets SIGXFSZ instead of `ENOSPC`.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use super::{Launch, Process, folder};
use crate::child::is_root;

/// The file that takes the space.
const FILLER: &str = "filler";

/// A disk that exists for one process, at a path of its own.
#[derive(Debug)]
pub struct SmallDisk {
    mount_point: PathBuf,
    mebibytes: u32,
}

impl SmallDisk {
    pub fn new(mebibytes: u32) -> Self {
        Self { mount_point: folder("disk"), mebibytes }
    }

    /// The mount point, as the process sees it.
    pub fn path(&self) -> &Path {
        &self.mount_point
    }

    /// A launch of the program with the disk mounted. Arguments can be added.
    pub fn launch(&self, program: &Path, log: impl Into<PathBuf>) -> Launch {
        let user_namespace: &[&str] = if is_root() { &[] } else { &["--user", "--map-current-user", "--keep-caps"] };
        let mount = "mount -t tmpfs -o \"size=$0m,mode=755\" disk \"$1\" && shift && exec \"$@\"";
        Launch::new("unshare", log)
            .args(["--mount"])
            .args(user_namespace.iter().copied())
            .args(["sh", "-c", mount])
            .args([self.mebibytes.to_string()])
            .args([&self.mount_point, program])
    }

    /// The path of the disk outside of its process.
    pub fn outside_path(&self, process: &Process) -> PathBuf {
        let inside = self.mount_point.strip_prefix("/").expect("test folders have absolute paths");
        Path::new(&format!("/proc/{}/root", process.pid())).join(inside)
    }

    /// Fills it to the last block.
    pub fn fill(&self, process: &Process) {
        let path = self.outside_path(process).join(FILLER);
        let mut file = File::create(&path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
        for block in [1 << 20, 1 << 12] {
            let block = vec![0; block];
            while file.write_all(&block).is_ok() {}
        }
    }

    /// Frees the space that [`SmallDisk::fill`] took.
    pub fn free(&self, process: &Process) {
        let path = self.outside_path(process).join(FILLER);
        fs::remove_file(&path).unwrap_or_else(|error| panic!("cannot remove {}: {error}", path.display()));
    }
}

/// Keeps a [`SmallDisk`] mounted after its process has ended, until the handle is dropped.
#[derive(Debug)]
pub struct DiskHandle {
    mount_point: PathBuf,
    /// Option of `nsenter` → the namespace to enter.
    namespaces: Vec<(&'static str, File)>,
}

impl DiskHandle {
    /// The process must be running.
    pub fn new(disk: &SmallDisk, process: &Process) -> Self {
        let open = |name: &str| {
            let path = format!("/proc/{}/ns/{name}", process.pid());
            File::open(&path).unwrap_or_else(|error| panic!("cannot open {path}: {error}"))
        };
        let mut namespaces = vec![("--mount", open("mnt"))];
        if !is_root() {
            namespaces.insert(0, ("--user", open("user")));
        }
        Self { mount_point: disk.mount_point.clone(), namespaces }
    }

    /// A launch of another program with the same disk. Arguments can be added.
    pub fn launch(&self, program: &Path, log: impl Into<PathBuf>) -> Launch {
        let own = std::process::id();
        let enter =
            self.namespaces.iter().map(|(option, file)| format!("{option}=/proc/{own}/fd/{}", file.as_raw_fd()));
        Launch::new("nsenter", log).args(["--preserve-credentials"]).args(enter).args([Path::new("--"), program])
    }

    /// Frees the space that [`SmallDisk::fill`] took.
    pub fn free(&self) {
        let log = folder("disk-handle").join("log");
        self.launch(Path::new("rm"), log).args([self.mount_point.join(FILLER)]).run();
    }
}
