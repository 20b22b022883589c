//! CPU time of processes and threads, as the kernel accounts it.

use std::fs;
use std::time::Duration;

// USER_HZ: fixed on Linux for user space, independent of the kernel's own tick.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds of a process and its threads so far.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_else(|error| panic!("process {pid}: {error}"));
    // The name in parentheses may contain spaces; the state and numbers follow it.
    let (_, numbers) = stat.rsplit_once(')').expect("the name is in parentheses");
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    let ticks = |at: usize| numbers[at].parse::<f64>().expect("ticks are a number");
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
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
