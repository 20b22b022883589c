//! Our own services as processes: the real binaries, configured by their environment.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use parking_lot::Mutex;

use super::{Bus, Launch, Metrics, Process, folder, free_port, http_get, wait_for};

/// One of our binaries, as built beside the running test.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its own file");
    // target/<profile>/deps/<test> → target/<profile>/<name>
    let folder = test.parent().and_then(|deps| deps.parent()).expect("a test lies in target/<profile>/deps");
    let path = folder.join(name);
    let (profile, whole) = if cfg!(debug_assertions) { ("", "test") } else { ("--release ", "bench") };
    assert!(
        path.exists(),
        "{} is missing: build it first with `cargo build {profile}--workspace --bins`, or run `make {whole}`",
        path.display()
    );
    path
}

/// Runs a binary to its end, within a minute, with settings in its environment only.
pub fn run_to_end(name: &str, args: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "60"]).arg(binary(name)).args(args);
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(|variable| variable.starts_with(crate::config::ENV_PREFIX)) {
            command.env_remove(variable);
        }
    }
    command.envs(settings.iter().map(|(key, value)| (variable(key), value)));
    command.output().unwrap_or_else(|error| panic!("cannot run {name}: {error}"))
}

fn variable(key: &str) -> String {
    format!("{}{}", crate::config::ENV_PREFIX, key.to_uppercase().replace('.', "__"))
}

/// How a service is to be started.
#[derive(Debug, Clone)]
pub struct ServiceLaunch {
    name: String,
    launch: Launch,
    admin: SocketAddr,
}

impl ServiceLaunch {
    /// A binary on an admin port of its own, and with a drain deadline that suits a test.
    pub fn new(binary_name: &str) -> Self {
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let log = folder(binary_name).join("service.log");
        let launch = Launch::new(binary(binary_name), log).env("NO_COLOR", "1");
        let service = Self { name: binary_name.to_owned(), launch, admin };
        service.set("admin", admin.to_string()).set("shutdown.deadline", "15s")
    }

    /// Sets `section.key`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<OsString>) -> Self {
        self.launch = self.launch.env(variable(key), value);
        self
    }

    /// Sets any environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.launch = self.launch.env(name, value);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.launch = self.launch.args(args);
        self
    }

    /// Works on the test's topics.
    #[must_use]
    pub fn bus(self, bus: &Bus) -> Self {
        let config = bus.config();
        self.set("kafka.brokers", config.brokers).set("kafka.topic_prefix", config.topic_prefix)
    }

    /// Starts it; see [`Service::wait_ready`].
    pub fn start(self) -> Service {
        let process = Mutex::new(self.launch.spawn());
        Service { launch: self, process }
    }
}

/// A service that runs. Killed when dropped.
#[derive(Debug)]
pub struct Service {
    launch: ServiceLaunch,
    process: Mutex<Process>,
}

impl Service {
    /// Waits until `/ready` says yes; panics when the process ends first.
    pub fn wait_ready(&self, deadline: Duration) {
        wait_for(deadline, &format!("{} to be ready", self.launch.name), || {
            let process = self.process.lock();
            if let Some(status) = process.ended() {
                panic!("{} ended ({status}); its log ends:\n{}", self.launch.name, process.log_tail());
            }
            match http_get(self.launch.admin, "/ready") {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(format!("{}; its log ends:\n{}", answer.body, process.log_tail())),
                Err(error) => Err(format!("{error}; its log ends:\n{}", process.log_tail())),
            }
        });
    }

    /// Where its admin server listens.
    pub fn admin(&self) -> SocketAddr {
        self.launch.admin
    }

    /// Status and body of `/ready`.
    pub fn ready(&self) -> Result<(u16, String), String> {
        http_get(self.launch.admin, "/ready").map(|answer| (answer.status, answer.body))
    }

    /// What `/metrics` says now.
    pub fn metrics(&self) -> Metrics {
        let name = &self.launch.name;
        let answer = http_get(self.launch.admin, "/metrics").unwrap_or_else(|error| {
            panic!("{name} gives no metrics: {error}; its log ends:\n{}", self.log_tail());
        });
        Metrics::parse(&answer.body).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// One metric's sum over the series with these labels; 0 when there is none.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().sum(name, labels)
    }

    /// As [`Service::metric`], of counts.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.metrics().count(name, labels)
    }

    /// SIGTERM, and waits for its end.
    pub fn stop(&self) -> ExitStatus {
        let process = self.process.lock();
        process.signal("TERM");
        process.wait(Duration::from_secs(30))
    }

    /// Sends a signal, by its name without `SIG`, and does not wait.
    pub fn signal(&self, signal: &str) {
        self.process.lock().signal(signal);
    }

    /// SIGKILL, and waits for its end.
    pub fn kill(&self) {
        self.process.lock().kill();
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.process.lock().signal_tree("STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.lock().signal_tree("CONT");
    }

    /// Starts it again with the same settings; it must have ended.
    pub fn restart(&self) {
        let mut process = self.process.lock();
        assert!(process.ended().is_some(), "{} still runs", self.launch.name);
        *process = self.launch.launch.spawn();
    }

    /// How it ended, or none while it runs.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.process.lock().ended()
    }

    /// Its process, until it is restarted.
    pub fn pid(&self) -> u32 {
        self.process.lock().pid()
    }

    /// Resident memory, bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.process.lock().resident_bytes()
    }

    /// All that it logged.
    pub fn log(&self) -> String {
        self.process.lock().log()
    }

    /// The end of what it logged.
    pub fn log_tail(&self) -> String {
        self.process.lock().log_tail()
    }
}
