//! Child processes that end with this process, whatever ends it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use vru_runtime::child;

/// Lines of the log in an error.
const TAIL_LINES: usize = 12;

/// A program to run: its arguments, user and log file.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    args: Vec<OsString>,
    user: Option<User>,
    log: PathBuf,
    death_signal: &'static str,
}

/// An account of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// A program failed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Not installed, or no permission. A retry does not help.
    #[error("start the program {program}")]
    Start {
        program: String,
        #[source]
        source: io::Error,
    },
    #[error("{program} failed ({status}); the end of {log}:\n{tail}")]
    Failed {
        program: String,
        status: ExitStatus,
        /// File with its output.
        log: String,
        /// The last lines of the log.
        tail: String,
    },
    #[error("{program} did not end within {after:?} and was killed")]
    TimedOut { program: String, after: Duration },
}

impl Program {
    /// The output of the program is appended to the file `log`.
    pub fn new(path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), args: Vec::new(), user: None, log: log.into(), death_signal: "KILL" }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: Into<OsString>>(mut self, args: impl IntoIterator<Item = I>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Runs as this user; `None` is the current one.
    #[must_use]
    pub fn user(mut self, user: Option<User>) -> Self {
        self.user = user;
        self
    }

    /// The signal that the program gets when this process dies, without `SIG`; `KILL` by default.
    #[must_use]
    pub fn death_signal(mut self, signal: &'static str) -> Self {
        self.death_signal = signal;
        self
    }

    pub fn start(&self) -> Result<ChildProcess, ProgramError> {
        let fail = |source| ProgramError::Start { program: self.name(), source };
        let log = File::options().create(true).append(true).open(&self.log).map_err(fail)?;
        let errors = log.try_clone().map_err(fail)?;
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = child::spawn(command).map_err(fail)?;
        Ok(ChildProcess { child, name: self.name(), log: self.log.clone() })
    }

    /// Runs the program to its end; an error when it fails or the deadline passes. Blocks.
    pub fn run(&self, deadline: Duration) -> Result<(), ProgramError> {
        let mut running = self.start()?;
        let status = running.wait(deadline)?;
        if status.success() { Ok(()) } else { Err(running.failed(status)) }
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }

    fn command(&self) -> Command {
        let account = match self.user {
            Some(User { uid, gid }) => {
                vec![format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]
            }
            None => Vec::new(),
        };
        let mut command = child::command(&self.path, self.death_signal, &account);
        command.args(&self.args);
        // The other user may have no access to the current folder.
        command.current_dir("/");
        command
    }
}

/// A running child process. Dropping it kills it.
#[derive(Debug)]
pub struct ChildProcess {
    child: Child,
    name: String,
    log: PathBuf,
}

impl ChildProcess {
    /// The exit status; none while the process runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for the end; kills the process at the deadline. Blocks.
    pub fn wait(&mut self, deadline: Duration) -> Result<ExitStatus, ProgramError> {
        let until = Instant::now() + deadline;
        loop {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            if Instant::now() >= until {
                self.kill();
                return Err(ProgramError::TimedOut { program: self.name.clone(), after: deadline });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The error for a failed process, with the end of its output.
    pub fn failed(&self, status: ExitStatus) -> ProgramError {
        let (program, log) = (self.name.clone(), self.log.display().to_string());
        ProgramError::Failed { program, status, log, tail: child::last_lines(&self.log, TAIL_LINES) }
    }

    /// Kills the process and waits for its end.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
    }
}

/// Looks up an account in `/etc/passwd`.
pub fn find_user(name: &str) -> Option<User> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        Some(User { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn shell(script: &str, folder: &Path) -> Program {
        Program::new("sh", folder.join("log")).args(["-c", script])
    }

    #[test]
    fn a_failure_shows_the_output() {
        let folder = tempfile::tempdir().unwrap();
        let error = shell("echo no room >&2; exit 3", folder.path()).run(Duration::from_secs(5)).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("no room") && text.contains('3'), "{text}");
    }

    #[test]
    fn a_program_that_hangs_is_killed_at_its_deadline() {
        let folder = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let error = shell("sleep 60", folder.path()).run(Duration::from_millis(200)).unwrap_err();
        assert!(matches!(error, ProgramError::TimedOut { .. }), "{error}");
        // Long before its own end.
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
