//! A server that tests start, stop, pause and kill.

use std::time::Duration;

use parking_lot::Mutex;

use super::process::{Launch, Process};
use super::wait::wait_for;

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(30);

type Probe = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// One server process with its readiness probe.
pub struct Server {
    name: &'static str,
    launch: Launch,
    stop_signal: &'static str,
    probe: Probe,
    process: Mutex<Process>,
}

impl Server {
    /// Starts it and waits until the probe passes.
    pub(super) fn start(
        name: &'static str,
        launch: Launch,
        stop_signal: &'static str,
        probe: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let process = Mutex::new(launch.spawn());
        let server = Self { name, launch, stop_signal, probe: Box::new(probe), process };
        server.wait_ready();
        server
    }

    /// Stops it in order and waits for its end. It stays stopped until [`Server::restart`].
    pub fn stop(&self) {
        let process = self.process.lock();
        process.signal(self.stop_signal);
        process.wait(STOP);
    }

    /// SIGKILL, and waits for its end.
    pub fn kill(&self) {
        self.process.lock().kill();
    }

    /// Starts it again on the same data and ports (stopping it first when it runs), and waits until it is ready.
    pub fn restart(&self) {
        self.stop();
        *self.process.lock() = self.launch.spawn();
        self.wait_ready();
    }

    /// SIGSTOP: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.process.lock().signal_tree("STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.lock().signal_tree("CONT");
    }

    /// Waits until the server does its work.
    pub fn wait_ready(&self) {
        wait_for(START, &format!("{} to be ready", self.name), || {
            let process = self.process.lock();
            if let Some(status) = process.ended() {
                panic!("{} ended ({status}); its log ends:\n{}", self.name, process.log_tail());
            }
            (self.probe)().map_err(|reason| format!("{reason}; its log ends:\n{}", process.log_tail()))
        });
    }

    /// The end of what it printed.
    pub fn log_tail(&self) -> String {
        self.process.lock().log_tail()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("name", &self.name).finish_non_exhaustive()
    }
}
