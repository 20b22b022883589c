//! Child processes of tests. They cannot outlive the test process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use parking_lot::Mutex;

use super::wait::wait_for;
use crate::child;

/// Lines of a log that a panic shows.
const TAIL: usize = 40;

/// A program with its arguments and environment. It can be started more than once.
#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    user: Option<&'static str>,
    log: PathBuf,
}

impl Launch {
    /// The program, and the file that its output is appended to.
    pub fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new(), user: None, log: log.into() }
    }

    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Runs the program as another user if this process is root.
    #[must_use]
    pub fn unprivileged(mut self, user: &'static str) -> Self {
        self.user = child::is_root().then_some(user);
        self
    }

    pub fn spawn(&self) -> Process {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.unwrap_or_else(|error| panic!("cannot write {}: {error}", self.log.display()));
        let errors = log.try_clone().expect("a file handle can be cloned");
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child =
            child::spawn(command).unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        Process { pid: child.id(), child: Mutex::new(child), log: self.log.clone() }
    }

    /// Runs the program until it ends, for a minute at most. Panics with its output when it fails.
    pub fn run(&self) {
        let status = self.spawn().wait(Duration::from_mins(1));
        let output = child::last_lines(&self.log, TAIL);
        assert!(status.success(), "{} failed ({status}):\n{output}", self.program.display());
    }

    fn command(&self) -> Command {
        let account = match self.user {
            Some(user) => ["--reuid", user, "--regid", user, "--init-groups"].map(str::to_owned).to_vec(),
            None => Vec::new(),
        };
        let mut command = child::command(&self.program, "KILL", &account);
        command.args(&self.args);
        // The developer's own configuration must not reach the services under test.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with(crate::config::ENV_PREFIX)) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running child. It is killed when dropped.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    child: Mutex<Child>,
    log: PathBuf,
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit status; none while it runs.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().try_wait().expect("our own child can be waited for")
    }

    /// Waits for the end. Panics at the deadline.
    pub fn wait(&self, deadline: Duration) -> ExitStatus {
        let what = format!("process {} to end; its log ends:\n{}", self.pid, self.log_tail());
        wait_for(deadline, &what, || self.ended().ok_or_else(|| "it still runs".to_owned()))
    }

    /// Sends a signal, named without `SIG`.
    pub fn signal(&self, signal: &str) {
        if self.ended().is_none() {
            send(signal, &[self.pid]);
        }
    }

    /// Sends a signal to the process and all its descendants, parents first.
    pub fn signal_tree(&self, signal: &str) {
        if self.ended().is_none() {
            send(signal, &tree(self.pid));
        }
    }

    /// Sends SIGSTOP to the process and all its descendants, and waits until all their threads have stopped: on a busy machine some
    /// run on for a while, and would still answer.
    pub fn pause(&self) {
        if self.ended().is_none() {
            let pids = tree(self.pid);
            send("STOP", &pids);
            wait_for(Duration::from_mins(1), &format!("process {} to stop", self.pid), || {
                let running: Vec<u32> = pids.iter().copied().filter(|pid| runs(*pid)).collect();
                if running.is_empty() { Ok(()) } else { Err(format!("{running:?} still run")) }
            });
        }
    }

    /// Sends SIGKILL to the process and all its descendants, and waits for the end.
    pub fn kill(&self) {
        self.signal_tree("KILL");
        self.wait(Duration::from_secs(10));
    }

    /// Resident memory in bytes; 0 when it has ended.
    pub fn resident_bytes(&self) -> u64 {
        super::resident_bytes(self.pid)
    }

    /// Its whole output.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The last 40 lines of its output.
    pub fn log_tail(&self) -> String {
        child::last_lines(&self.log, TAIL)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        if matches!(child.try_wait(), Ok(None)) {
            send("KILL", &tree(self.pid));
            drop(child.wait());
        }
    }
}

/// Uses `kill` of the shell, because the standard library can only send SIGKILL. A process that has ended already is not a failure.
fn send(signal: &str, pids: &[u32]) {
    let script = "for pid in \"$@\"; do kill -s \"$0\" \"$pid\" 2>/dev/null; done; true";
    let pids = pids.iter().map(u32::to_string);
    let status = Command::new("sh").args(["-c", script, signal]).args(pids).status().expect("sh runs");
    assert!(status.success(), "cannot send {signal}");
}

/// Whether a thread of the process is neither stopped nor at its end.
fn runs(pid: u32) -> bool {
    fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten().any(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = after_name(&stat).chars().next();
        state.is_some_and(|state| !"TtZX".contains(state))
    })
}

/// The fields from the state on. The command's name before them is in brackets and may contain spaces.
fn after_name(stat: &str) -> &str {
    stat.rsplit_once(") ").map_or("", |(_, rest)| rest)
}

/// The process and all its descendants.
fn tree(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if let Some(parent) = after_name(&stat).split(' ').nth(1).and_then(|parent| parent.parse::<u32>().ok()) {
            parents.push((pid, parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == above).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_util::{folder, wait_until};

    fn shell(script: &str) -> Launch {
        Launch::new("sh", folder("process").join("log")).args(["-c", script])
    }

    #[test]
    fn a_paused_process_and_its_children_do_nothing_until_they_go_on() {
        let busy = "while :; do echo; done";
        let child = shell(&format!("{busy} & {busy}")).spawn();
        wait_until(Duration::from_mins(1), "output", || !child.log().is_empty());
        for _ in 0..20 {
            child.pause();
            let before = child.log().len();
            std::thread::sleep(Duration::from_millis(20));
            assert_eq!(child.log().len(), before);
            child.signal_tree("CONT");
        }
        child.kill();
    }

    #[test]
    fn a_child_outlives_the_thread_that_started_it() {
        let child = std::thread::spawn(|| shell("sleep 0.5; echo survived").spawn()).join().unwrap();
        let status = child.wait(Duration::from_secs(10));
        assert!(status.success(), "{status}");
        assert_eq!(child.log().trim(), "survived");
    }

    #[test]
    fn a_kill_reaches_grandchildren() {
        let child = shell("sleep 61 & echo $!; wait").spawn();
        let grandchild = wait_for(Duration::from_secs(5), "the pid", || {
            child.log().trim().parse::<u32>().map_err(|e| e.to_string())
        });
        child.kill();
        let stat = || fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
        wait_for(Duration::from_secs(5), "its end", || {
            let stat = stat();
            if stat.is_empty() || stat.contains(") Z ") { Ok(()) } else { Err(stat) }
        });
    }

    #[test]
    fn a_process_stops_and_continues() {
        let child = shell("exec sleep 62").spawn();
        let state = |child: &Process| fs::read_to_string(format!("/proc/{}/stat", child.pid())).unwrap();
        child.signal_tree("STOP");
        wait_for(Duration::from_secs(5), "the stop", || {
            if state(&child).contains(") T ") { Ok(()) } else { Err(state(&child)) }
        });
        child.signal_tree("CONT");
        wait_for(Duration::from_secs(5), "the continuation", || {
            if state(&child).contains(") S ") { Ok(()) } else { Err(state(&child)) }
        });
    }
}
