//! CPU time of processes and threads, as the kernel accounts it.

use std::fs;
use std::time::Duration;

use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

/// CPU seconds of a process and its threads so far, those included that have ended. Counted in nanoseconds: the ticks of
/// `/proc/PID/stat` are a sixth of what a camera costs in a tenth of a second, and short work between two ticks escapes them.
pub fn cpu_seconds(pid: u32) -> f64 {
    let clock = i32::try_from(pid).ok().and_then(|pid| clock_getcpuclockid(Pid::from_raw(pid)).ok());
    let time = clock.and_then(|clock| clock.now().ok()).unwrap_or_else(|| panic!("process {pid} has no CPU clock"));
    Duration::from(time).as_secs_f64()
}

/// CPU time of this thread so far.
pub fn thread_cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel keeps statistics of its scheduler");
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.expect("the first number is the time on a processor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_of_work_is_counted() {
        let before = cpu_seconds(std::process::id());
        let started = std::time::Instant::now();
        while started.elapsed().as_millis() < 300 {
            std::hint::spin_loop();
        }
        let used = cpu_seconds(std::process::id()) - before;
        assert!(used > 0.0 && used < 5.0, "{used}");
    }
}
