//! Our services as child processes: the real programs, configured by environment variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Output};
use std::time::Duration;

use parking_lot::Mutex;

use super::{Bus, Launch, Metrics, Process, folder, free_port, http_get, secrets, wait_for};

/// The path of one of our programs, built in the same target folder as the running test. Panics when it is missing.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this program is known");
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

/// Runs a program until it ends, for a minute at most. `settings` are pairs of configuration key and value.
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

/// Program, settings and arguments of a service.
#[derive(Debug, Clone)]
pub struct ServiceLaunch {
    name: String,
    launch: Launch,
    admin: SocketAddr,
    /// Secret → what it is. Its log may have none of them.
    secrets: BTreeMap<String, String>,
}

impl ServiceLaunch {
    /// Gives the service a free admin port and a shutdown deadline of 15 s.
    pub fn new(binary_name: &str) -> Self {
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let log = folder(binary_name).join("service.log");
        let launch = Launch::new(binary(binary_name), log).env("NO_COLOR", "1");
        let service = Self { name: binary_name.to_owned(), launch, admin, secrets: BTreeMap::new() };
        service.set("admin", admin.to_string()).set("shutdown.deadline", "15s")
    }

    /// Sets the configuration key `section.key`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<OsString>) -> Self {
        let value = value.into();
        if let Some(secret) = value.to_str().and_then(|value| secrets::of_setting(key, value)) {
            self.secrets.insert(secret, key.to_owned());
        }
        self.launch = self.launch.env(variable(key), value);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.launch = self.launch.env(name, value);
        self
    }

    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.launch = self.launch.args(args);
        self
    }

    /// Makes the service use the topics of a test.
    #[must_use]
    pub fn bus(self, bus: &Bus) -> Self {
        let config = bus.config();
        self.set("kafka.brokers", config.brokers).set("kafka.topic_prefix", config.topic_prefix)
    }

    /// Starts the service and does not wait until it is ready.
    pub fn start(self) -> ServiceProcess {
        let process = Mutex::new(self.launch.spawn());
        ServiceProcess { launch: self, process }
    }
}

/// A service as a child process. Killed when dropped. The test fails if its log has a secret that it was given.
#[derive(Debug)]
pub struct ServiceProcess {
    launch: ServiceLaunch,
    process: Mutex<Process>,
}

impl ServiceProcess {
    /// Waits until `/ready` answers 200. Panics when the process ends first.
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

    /// The address of its admin server.
    pub fn admin(&self) -> SocketAddr {
        self.launch.admin
    }

    /// Status and body of `/ready`.
    pub fn ready(&self) -> Result<(u16, String), String> {
        http_get(self.launch.admin, "/ready").map(|answer| (answer.status, answer.body))
    }

    /// Scrapes `/metrics`.
    pub fn metrics(&self) -> Metrics {
        let name = &self.launch.name;
        let answer = http_get(self.launch.admin, "/metrics").unwrap_or_else(|error| {
            panic!("cannot scrape {name}: {error}; its log ends:\n{}", self.log_tail());
        });
        Metrics::parse(&answer.body).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Scrapes and sums all series with this name and these labels; 0 when there is none.
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().sum(name, labels)
    }

    /// Like [`ServiceProcess::metric`], for counters.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.metrics().count(name, labels)
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(&self) -> ExitStatus {
        let process = self.process.lock();
        process.signal("TERM");
        process.wait(Duration::from_secs(30))
    }

    /// Sends a signal, named without `SIG`, and does not wait.
    pub fn signal(&self, signal: &str) {
        self.process.lock().signal(signal);
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(&self) {
        self.process.lock().kill();
    }

    /// Sends SIGSTOP.
    pub fn pause(&self) {
        self.process.lock().pause();
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.process.lock().signal_tree("CONT");
    }

    /// Starts it again with the same settings. Panics when it still runs.
    pub fn restart(&self) {
        let mut process = self.process.lock();
        assert!(process.ended().is_some(), "{} still runs", self.launch.name);
        *process = self.launch.launch.spawn();
    }

    /// The exit status; none while it runs.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.process.lock().ended()
    }

    /// The process id. A restart changes it.
    pub fn pid(&self) -> u32 {
        self.process.lock().pid()
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.process.lock().resident_bytes()
    }

    /// The whole log.
    pub fn log(&self) -> String {
        self.process.lock().log()
    }

    /// The last 40 lines of the log.
    pub fn log_tail(&self) -> String {
        self.process.lock().log_tail()
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        // A panic during a panic would hide the first one.
        if !std::thread::panicking() {
            let shown = secrets::shown(&self.log(), &self.launch.secrets);
            assert!(shown.is_empty(), "the log of {} shows secrets: {}", self.launch.name, shown.join(", "));
        }
    }
}
