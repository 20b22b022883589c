//! A server as a child process that tests start, stop, pause and kill.

use std::time::Duration;

use parking_lot::Mutex;

use super::process::{Launch, Process};
use super::wait::wait_for;

const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(30);

type Probe = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// A server process with its readiness probe.
pub struct ServerProcess {
    name: &'static str,
    launch: Launch,
    stop_signal: &'static str,
    probe: Probe,
    process: Mutex<Process>,
}

impl ServerProcess {
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

    /// Sends the stop signal and waits for the end. The server stays stopped until [`ServerProcess::restart`].
    pub fn stop(&self) {
        let process = self.process.lock();
        process.signal(self.stop_signal);
        process.wait(STOP);
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(&self) {
        self.process.lock().kill();
    }

    /// Stops the server if it runs, starts it with the same data and ports, and waits until it is ready.
    pub fn restart(&self) {
        self.stop();
        *self.process.lock() = self.launch.spawn();
        self.wait_ready();
    }

    /// Sends SIGSTOP: connections stay open, but requests get no response.
    pub fn pause(&self) {
        self.process.lock().pause();
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.process.lock().signal_tree("CONT");
    }

    /// Waits until the probe passes. Panics when the process has ended.
    pub fn wait_ready(&self) {
        wait_for(START, &format!("{} to be ready", self.name), || {
            let process = self.process.lock();
            if let Some(status) = process.ended() {
                panic!("{} ended ({status}); its log ends:\n{}", self.name, process.log_tail());
            }
            (self.probe)().map_err(|reason| format!("{reason}; its log ends:\n{}", process.log_tail()))
        });
    }

    /// The last 40 lines of its output.
    pub fn log_tail(&self) -> String {
        self.process.lock().log_tail()
    }
}

impl std::fmt::Debug for ServerProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerProcess").field("name", &self.name).finish_non_exhaustive()
    }
}
