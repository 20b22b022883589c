//! Child processes that end with this process, however it ends.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, OnceLock};

/// A command that runs `program`, to be started by [`spawn`]. When this process dies, the kernel sends `death_signal` (without `SIG`) to
/// the program. `account` holds options of `setpriv` that change the user, or nothing. Arguments of the program can be added.
pub fn command(program: &Path, death_signal: &str, account: &[String]) -> Command {
    // `setpriv` is part of util-linux. The standard library can neither set a parent-death signal nor drop supplementary groups.
    let mut command = Command::new("setpriv");
    command.args(account).args(["--pdeathsig", death_signal, "--"]).arg(program);
    // Ctrl-C at the terminal goes to this process only. It stops its children in order.
    command.process_group(0);
    command
}

type Request = (Command, SyncSender<io::Result<Child>>);

/// Starts the command from a thread that lives as long as this process. The kernel sends the parent-death signal when the *thread* that
/// started the child ends, and threads of tests and of async runtimes end earlier.
pub fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<Mutex<SyncSender<Request>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (requests_tx, requests) = sync_channel::<Request>(1);
        let serve = move || {
            for (mut command, reply) in requests {
                drop(reply.send(command.spawn()));
            }
        };
        std::thread::Builder::new().name("child-spawner".to_owned()).spawn(serve).expect("a thread can be started");
        Mutex::new(requests_tx)
    });
    let ended = || io::Error::other("the thread that starts child processes has ended");
    let (reply_tx, reply) = sync_channel(1);
    spawner.lock().map_err(|_| ended())?.send((command, reply_tx)).map_err(|_| ended())?;
    reply.recv().map_err(|_| ended())?
}

/// Whether this process can start children as other users.
pub fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:") && line.split_whitespace().nth(2) == Some("0"))
}

/// The last `count` lines of a log file; empty when it cannot be read.
pub fn last_lines(log: &Path, count: usize) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_child_outlives_the_thread_that_requested_it() {
        let request = || {
            let mut sleep = command(Path::new("sleep"), "KILL", &[]);
            sleep.arg("60");
            spawn(sleep).unwrap()
        };
        let mut child = std::thread::spawn(request).join().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
