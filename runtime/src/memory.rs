//! Settings of glibc's allocator that keep resident memory close to what a service uses, and its statistics. Why not another allocator:
//! `docs/decisions/0016-allocator.md`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::report;

/// glibc creates up to eight arenas for each core, and each arena keeps its peak. With a thread for every client, broker and camera, a sink
/// then holds three times the memory that it uses.
const MAX_ARENAS: libc::c_int = 2;

/// Size in bytes from which [`keep_little`] applies.
const LARGE_BLOCK: libc::c_int = 256 * 1024;

/// How often [`trim_periodically`] checks the heap.
const TRIM_INTERVAL: Duration = Duration::from_secs(1);
/// The heap is trimmed when resident memory has grown by this many bytes and as many are free. Less is likely to be used again soon.
static TRIM_ABOVE: AtomicUsize = AtomicUsize::new(32 << 20);
/// The same after [`keep_little`].
const TRIM_ABOVE_LITTLE: usize = 8 << 20;

/// Limits the number of arenas. Call before other threads exist. False if glibc refuses; then the process only uses more memory.
pub fn limit_arenas() -> bool {
    set_option(libc::M_ARENA_MAX, MAX_ARENAS)
}

/// Makes resident memory follow what the service uses closely. glibc returns each freed block of 256 KiB or more to the system at once
/// (by default it keeps such blocks, up to 32 MiB each), and smaller ones are trimmed sooner. Without this a sink, which writes in bursts,
/// stays at three times the memory that it uses after an outage, and its resident memory grows by a fifth until the peaks of its parts
/// have coincided. It costs 0.5 ms for each MiB allocated: do not use it in a service that allocates such blocks for each picture. Call
/// it like [`limit_arenas`].
pub fn keep_little() -> bool {
    TRIM_ABOVE.store(TRIM_ABOVE_LITTLE, Ordering::Relaxed);
    set_option(libc::M_MMAP_THRESHOLD, LARGE_BLOCK)
}

/// Returns free heap memory to the system, for as long as the future is polled. By default glibc returns only the end of a heap. A new
/// video decoder often does not fit into the gaps that the last one left, so the heap grows with every broken stream.
pub async fn trim_periodically() {
    let mut interval = tokio::time::interval(TRIM_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut least = 0;
    loop {
        interval.tick().await;
        // Trimming may hold the allocator's locks for some milliseconds.
        let check = tokio::task::spawn_blocking(move || {
            let resident = resident();
            // The allocator's own numbers do not tell it: memory that was trimmed still counts as free.
            let above = TRIM_ABOVE.load(Ordering::Relaxed);
            if resident < least + above || heap().free < above {
                return least.min(resident);
            }
            trim();
            self::resident()
        });
        match check.await {
            Ok(resident) => least = resident,
            Err(error) => {
                tracing::error!(error = %report::chain(&error), "heap trimming stopped, memory may grow");
                return;
            }
        }
    }
}

/// Resident memory of this process in bytes; 0 if the kernel does not say.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<usize>().ok()).unwrap_or(0) * 1024
}

fn trim() {
    // SAFETY: `malloc_trim` locks each arena and releases only pages that hold no allocated memory.
    #[expect(unsafe_code, reason = "only this function of the C library returns free memory")]
    let _released: libc::c_int = unsafe { libc::malloc_trim(0) };
}

fn set_option(option: libc::c_int, value: libc::c_int) -> bool {
    // SAFETY: `mallopt` takes two numbers and changes only settings of the allocator; no other thread runs yet.
    #[expect(unsafe_code, reason = "the alternative is an environment variable that must be set before the start")]
    let accepted = unsafe { libc::mallopt(option, value) };
    accepted == 1
}

/// State of the heap in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heap {
    /// Allocated by the program.
    pub(crate) used: usize,
    /// Freed by the program, but not returned to the system. Includes trimmed memory.
    pub(crate) free: usize,
}

/// Sums over all arenas. Resident memory alone cannot distinguish a leak from free memory that the allocator keeps.
pub(crate) fn heap() -> Heap {
    // SAFETY: `mallinfo2` takes no arguments, locks each arena and returns numbers.
    #[expect(unsafe_code, reason = "only this function of the C library has these numbers")]
    let info = unsafe { libc::mallinfo2() };
    Heap { used: info.uordblks + info.hblkhd, free: info.fordblks }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::test_util;

    /// Serialises the tests that measure the memory of this process.
    static MEASURES: Mutex<()> = Mutex::new(());

    fn resident() -> u64 {
        test_util::resident_bytes(std::process::id())
    }

    #[test]
    fn resident_memory_is_read() {
        let (ours, kernels) = (super::resident() as f64, resident() as f64);
        assert!((0.5..2.0).contains(&(ours / kernels)), "{ours} and {kernels} bytes");
    }

    #[test]
    fn the_heap_grows_by_an_allocation() {
        let _alone = MEASURES.lock();
        let before = heap().used;
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(heap().used >= before + (32 << 20), "allocated {} bytes", block.len());
    }

    #[test]
    fn free_memory_between_used_blocks_is_returned() {
        let _alone = MEASURES.lock();
        // The blocks are small enough to come from the heap. Every second one stays, so that the end of the heap is not free.
        let mut blocks: Vec<Vec<u8>> = (0..4_096).map(|_| vec![1; 64 << 10]).collect();
        let full = resident();
        let mut odd = false;
        blocks.retain(|_| {
            odd = !odd;
            odd
        });
        assert!(resident() + (64 << 20) > full, "the allocator returned the memory without trimming");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.spawn(trim_periodically());
        runtime.block_on(test_util::eventually(
            Duration::from_secs(20),
            "half of the memory to be returned",
            async || {
                let now = resident();
                if now + (100 << 20) <= full { Ok(()) } else { Err(format!("{now} bytes of {full}")) }
            },
        ));
        assert_eq!(std::hint::black_box(blocks).len(), 2_048);
    }

    #[test]
    fn the_c_library_accepts_the_options() {
        assert!(limit_arenas() && keep_little());
    }
}
