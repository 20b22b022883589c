//! Child processes that cannot outlive the test process.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use parking_lot::Mutex as Lock;

use super::wait::wait_for;

/// How to start a process, again and again.
#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    user: Option<&'static str>,
    log: PathBuf,
}

impl Launch {
    /// The program, and the file that gets what it prints.
    pub fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), args: Vec::new(), env: Vec::new(), user: None, log: log.into() }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Runs as another user when this process is root.
    #[must_use]
    pub fn unprivileged(mut self, user: &'static str) -> Self {
        self.user = is_root().then_some(user);
        self
    }

    /// Starts it.
    pub fn spawn(&self) -> Process {
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.unwrap_or_else(|error| panic!("cannot write {}: {error}", self.log.display()));
        let errors = log.try_clone().expect("a file handle can be cloned");
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = spawn_from_keeper(command);
        let child = child.unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        Process { pid: child.id(), child: Lock::new(child), log: self.log.clone() }
    }

    /// Runs it to its end and panics with its output when it fails.
    pub fn run(&self) {
        let status = self.spawn().wait(Duration::from_mins(1));
        assert!(status.success(), "{} failed ({status}):\n{}", self.program.display(), tail(&self.log));
    }

    fn command(&self) -> Command {
        let mut command = Command::new("setpriv");
        if let Some(user) = self.user {
            command.args(["--reuid", user, "--regid", user, "--init-groups"]);
        }
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program).args(&self.args);
        // Configuration of whoever runs the tests must not leak into the services under test.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with(crate::config::ENV_PREFIX)) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        // A Ctrl-C at the terminal is for the test process; the children follow it by the parent-death signal.
        command.process_group(0);
        command
    }
}

/// Whether this process may change users.
pub(super) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

type Order = (Command, SyncSender<io::Result<Child>>);

/// The parent-death signal comes when the *thread* that started the child ends, and the thread of a test ends before the
/// servers that it started for all; so one thread, which lives as long as the process, starts all children.
fn spawn_from_keeper(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Mutex<SyncSender<Order>>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (orders_tx, orders) = sync_channel::<Order>(1);
        let keep = move || {
            for (mut command, reply) in orders {
                drop(reply.send(command.spawn()));
            }
        };
        std::thread::Builder::new().name("test-keeper".to_owned()).spawn(keep).expect("a thread can be started");
        Mutex::new(orders_tx)
    });
    let (reply_tx, reply) = sync_channel(1);
    let sent = keeper.lock().expect("sending does not panic").send((command, reply_tx));
    sent.expect("the keeper lives as long as the process");
    reply.recv().expect("the keeper answers each order")
}

/// A running child. It is killed when dropped.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    child: Lock<Child>,
    log: PathBuf,
}

impl Process {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, or none while it runs.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.child.lock().try_wait().expect("our own child can be waited for")
    }

    /// Waits for its end; panics at the deadline.
    pub fn wait(&self, deadline: Duration) -> ExitStatus {
        let what = format!("process {} to end; its log ends:\n{}", self.pid, self.log_tail());
        wait_for(deadline, &what, || self.ended().ok_or_else(|| "it runs".to_owned()))
    }

    /// Sends a signal, by its name without `SIG`.
    pub fn signal(&self, signal: &str) {
        if self.ended().is_none() {
            send(signal, &[self.pid]);
        }
    }

    /// Sends a signal to it and to all processes below it, the parent first.
    pub fn signal_tree(&self, signal: &str) {
        if self.ended().is_none() {
            send(signal, &tree(self.pid));
        }
    }

    /// SIGKILL, for it and all below it, and waits for its end.
    pub fn kill(&self) {
        self.signal_tree("KILL");
        self.wait(Duration::from_secs(10));
    }

    /// Resident memory in bytes; 0 when it has ended.
    pub fn resident_bytes(&self) -> u64 {
        super::resident_bytes(self.pid)
    }

    /// All that it printed.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of what it printed.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
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

/// The last lines of a log.
pub(super) fn tail(log: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// `kill` of the shell: the standard library sends nothing but SIGKILL. A process that is gone already is no failure.
fn send(signal: &str, pids: &[u32]) {
    let script = "for pid in \"$@\"; do kill -s \"$0\" \"$pid\" 2>/dev/null; done; true";
    let pids = pids.iter().map(u32::to_string);
    let status = Command::new("sh").args(["-c", script, signal]).args(pids).status().expect("sh runs");
    assert!(status.success(), "cannot send {signal}");
}

/// The process and all below it.
fn tree(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The command's name, in brackets, may hold spaces.
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        if let Some(parent) = after_name.split(' ').nth(1).and_then(|parent| parent.parse::<u32>().ok()) {
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
    use crate::test_util::folder;

    fn shell(script: &str) -> Launch {
        Launch::new("sh", folder("process").join("log")).args(["-c", script])
    }

    #[test]
    fn a_child_lives_on_when_the_thread_that_asked_for_it_ends() {
        let child = std::thread::spawn(|| shell("sleep 0.5; echo survived").spawn()).join().unwrap();
        let status = child.wait(Duration::from_secs(10));
        assert!(status.success(), "{status}");
        assert_eq!(child.log().trim(), "survived");
    }

    #[test]
    fn killing_reaches_the_children_of_a_child() {
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
    fn stop_and_continue() {
        let child = shell("exec sleep 62").spawn();
        let state = |child: &Process| fs::read_to_string(format!("/proc/{}/stat", child.pid())).unwrap();
        child.signal_tree("STOP");
        wait_for(Duration::from_secs(5), "the stop", || {
            if state(&child).contains(") T ") { Ok(()) } else { Err(state(&child)) }
        });
        child.signal_tree("CONT");
        wait_for(Duration::from_secs(5), "going on", || {
            if state(&child).contains(") S ") { Ok(()) } else { Err(state(&child)) }
        });
    }
}
