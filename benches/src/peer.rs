//! Peers in processes of their own. A Python script prepares once; then each line on its input is a number of runs, and it answers with
//! the time that they took. A server is this program once more.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use crate::repository;

/// A running script of `benches/peers`.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The peer's libraries and their versions.
    pub versions: String,
}

/// The Python environments of `scripts/setup.sh`.
#[derive(Debug, Clone, Copy)]
pub enum Environment {
    /// OpenCV, NumPy, ONNX Runtime.
    Tests,
    /// Roboflow trackers.
    Trackers,
    /// OpenCV, ONNX Runtime and a Kafka client.
    Diy,
    /// The AWS command line.
    Awscli,
}

#[derive(Deserialize)]
struct Greeting {
    versions: String,
}

#[derive(Deserialize)]
struct Took {
    seconds: f64,
}

impl Environment {
    /// The environment's Python. Panics with the command that installs it where it is missing.
    pub fn python(self) -> PathBuf {
        let folder = match self {
            Self::Tests => "venv",
            Self::Trackers => "venv-trackers",
            Self::Diy => "venv-diy",
            Self::Awscli => "venv-awscli",
        };
        let python = cache().join(folder).join("bin/python");
        assert!(python.is_file(), "{} is missing: run `scripts/setup.sh bench`", python.display());
        python
    }
}

/// The cache folder of `scripts/setup.sh`, by the same rule.
pub fn cache() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("VRU_CACHE").unwrap_or_else(|| {
        let caches = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        caches.unwrap_or_default().join("vru")
    })
}

/// The path of a script in `benches/peers`.
pub fn script_path(script: &str) -> PathBuf {
    repository().join("benches/peers").join(script)
}

impl Peer {
    /// Starts a script with arguments and waits until it has prepared.
    pub fn start(environment: Environment, script: &str, args: &[&str]) -> Self {
        let path = script_path(script);
        let mut command = Command::new(environment.python());
        command.arg(&path).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        // One thread, also in the libraries that NumPy and OpenCV call.
        for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(name, "1");
        }
        let mut child = command.spawn().expect("Python starts");
        let input = child.stdin.take().expect("stdin is a pipe");
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut peer = Self { child, input, output, versions: String::new() };
        peer.versions = peer.read::<Greeting>().versions;
        peer
    }

    /// Runs `times` times. Returns the seconds.
    pub fn run(&mut self, times: u64) -> f64 {
        writeln!(self.input, "{times}").expect("the peer reads");
        self.read::<Took>().seconds
    }

    /// Runs once and returns the result as 32-bit numbers, to be compared with ours. `to` is a file for the exchange.
    pub fn result(&mut self, to: &Path) -> Vec<f32> {
        writeln!(self.input, "result {}", to.display()).expect("the peer reads");
        self.read::<Took>();
        let bytes = std::fs::read(to).expect("the peer wrote its result");
        bytes.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect()
    }

    fn read<T: for<'a> Deserialize<'a>>(&mut self) -> T {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer answered {line:?}: {error}"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The same program once more, as a server to compare with: a process of its own, so that its CPU time and memory are.
#[derive(Debug)]
pub struct ServerPeer {
    child: Child,
    commands: ChildStdin,
    address: String,
}

impl ServerPeer {
    /// Starts this program with a variable that makes it the server, and waits until it says where it listens.
    pub fn start(variable: &str, value: impl AsRef<OsStr>) -> Self {
        let program = std::env::current_exe().expect("a process knows its own file");
        let mut command = Command::new(program);
        command.env(variable, value).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let commands = child.stdin.take().expect("stdin is a pipe");
        let mut address = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        output.read_line(&mut address).expect("it says where it listens");
        Self { child, commands, address: address.trim().to_owned() }
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its input.
    pub fn command(&mut self, line: &str) {
        writeln!(self.commands, "{line}").expect("it reads");
    }
}

/// In the server: says where it listens.
pub fn tell_address(listener: &tokio::net::TcpListener) {
    writeln!(std::io::stdout(), "{}", listener.local_addr().expect("it listens")).expect("the bench reads");
}

impl Drop for ServerPeer {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
