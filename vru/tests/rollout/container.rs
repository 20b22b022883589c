//! A container of one of our images as a node runs it: as its user, alone with its processes, with a read-only root, without capabilities,
//! and with the volumes of the pod. The network is the one of this machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use vru_runtime::test_util::Launch;

/// As the manifests say it.
const USER: u32 = 65_532;

/// An image that `images/build.sh` unpacked.
pub struct Image {
    root: PathBuf,
    config: Config,
}

/// What an image says about its containers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    env: Vec<String>,
    #[serde(default)]
    entrypoint: Vec<String>,
    #[serde(default)]
    cmd: Vec<String>,
    stop_signal: Option<String>,
}

/// A file or folder of this machine in a container.
#[derive(Debug, Clone)]
pub struct Mount {
    pub here: PathBuf,
    pub path: String,
    pub writable: bool,
}

impl Mount {
    /// Kubernetes gives volumes to the group of the pod.
    pub fn of(here: PathBuf, path: impl Into<String>, writable: bool) -> Self {
        let inside = fs::read_dir(&here).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in inside.chain([here.clone()]) {
            chown(path, Some(USER), Some(USER)).expect("this test runs as root");
        }
        Self { here, path: path.into(), writable }
    }
}

impl Image {
    pub fn open(images: &Path, name: &str) -> Self {
        let folder = images.join(name);
        let root = folder.join("root").canonicalize();
        let root = root.unwrap_or_else(|error| panic!("there is no image {name} in {}: {error}", images.display()));
        let config = fs::read(folder.join("config.json")).unwrap();
        Self { root, config: serde_json::from_slice(&config).unwrap() }
    }

    /// The signal that asks for the end, without `SIG`.
    pub fn stop_signal(&self) -> String {
        self.config.stop_signal.as_deref().unwrap_or("TERM").trim_start_matches("SIG").to_owned()
    }

    /// A container with this host name. Without a command it is the image's, with these arguments or the image's.
    pub fn container(
        &self,
        host: &str,
        log: PathBuf,
        mounts: &[Mount],
        variables: &BTreeMap<String, String>,
        command: &[String],
        args: &[String],
    ) -> Launch {
        let mut options: Vec<String> = Vec::new();
        let mut option = |words: &[&str]| options.extend(words.iter().map(|&word| word.to_owned()));
        option(&[
            "--ro-bind",
            path(&self.root),
            "/",
            "--perms",
            "1777",
            "--tmpfs",
            "/tmp",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
        ]);
        for mount in mounts {
            self.make_mount_point(mount);
            option(&[if mount.writable { "--bind" } else { "--ro-bind" }, path(&mount.here), &mount.path]);
        }
        // The program is process 1, as in a container: the kernel gives it no signal that it does not handle.
        option(&[
            "--unshare-pid",
            "--as-pid-1",
            "--unshare-ipc",
            "--unshare-uts",
            "--hostname",
            host,
            "--die-with-parent",
        ]);
        // A user namespace would make 65532 another name of root. So the user is changed inside, by root, which takes these three, and
        // nothing of them is left to the program.
        option(&[
            "--cap-drop",
            "ALL",
            "--cap-add",
            "CAP_SETUID",
            "--cap-add",
            "CAP_SETGID",
            "--cap-add",
            "CAP_SETPCAP",
        ]);
        option(&["--clearenv"]);
        for variable in &self.config.env {
            let (name, value) = variable.split_once('=').expect("a variable has a value");
            option(&["--setenv", name, value]);
        }
        for (name, value) in variables {
            option(&["--setenv", name, value]);
        }
        let user = USER.to_string();
        option(&["--", "/usr/bin/setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"]);
        option(&["--inh-caps=-all", "--bounding-set=-all", "--"]);
        let (command, args) = match (command, args) {
            ([], []) => (&self.config.entrypoint[..], &self.config.cmd[..]),
            ([], args) => (&self.config.entrypoint[..], args),
            (command, args) => (command, args),
        };
        Launch::new("bwrap", log).args(options).args(command).args(args)
    }

    /// As container runtimes do it, in the layer that belongs to this container alone.
    fn make_mount_point(&self, mount: &Mount) {
        let point = self.root.join(mount.path.trim_start_matches('/'));
        if mount.here.is_dir() {
            fs::create_dir_all(&point).unwrap();
        } else {
            fs::create_dir_all(point.parent().unwrap()).unwrap();
            fs::File::options().create(true).append(true).open(&point).unwrap();
        }
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// The program in a container: bubblewrap, which started it, would not pass a signal on.
pub fn program_of(bubblewrap: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{bubblewrap}/task/{bubblewrap}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// What a program may that none may, in words. The kernel says it, not the program.
pub fn too_much(program: u32) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{program}/status")).unwrap();
    let fields: BTreeMap<&str, Vec<&str>> = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, words)| (name, words.split_whitespace().collect()))
        .collect();
    let user = USER.to_string();
    let none = "0000000000000000";
    let mut found = Vec::new();
    for (name, wanted) in [
        ("Uid", vec![user.as_str(); 4]),
        ("Gid", vec![user.as_str(); 4]),
        ("Groups", Vec::new()),
        ("CapInh", vec![none]),
        ("CapPrm", vec![none]),
        ("CapEff", vec![none]),
        ("CapBnd", vec![none]),
        ("CapAmb", vec![none]),
        ("NoNewPrivs", vec!["1"]),
    ] {
        if fields.get(name) != Some(&wanted) {
            found.push(format!("{name} is {:?}, not {wanted:?}", fields.get(name)));
        }
    }
    // device, folder, options: of each mount.
    let mounts = fs::read_to_string(format!("/proc/{program}/mounts")).unwrap();
    let root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>()).find(|words| words[1] == "/").unwrap();
    if root[3].split(',').next() != Some("ro") {
        found.push(format!("its root is mounted {}", root[3]));
    }
    found
}
