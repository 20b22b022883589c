//! What the C library's allocator may keep, what it holds, and how it is made to give back.

use std::time::Duration;

use crate::report;

/// Arenas of the allocator. The C library makes up to eight a core, and each keeps what was once needed in it; with a thread for
/// every client, broker and camera, a sink then holds three times the memory that it uses.
const ARENAS: libc::c_int = 2;

/// Of a service that moves large blocks now and then.
const LARGE: libc::c_int = 256 * 1024;

/// How often [`give_back`] looks.
const LOOK: Duration = Duration::from_secs(1);
/// Memory is given back when this much lies unused, bytes. Less is soon used again.
const UNUSED: usize = 32 << 20;

/// Bounds them; false where the C library refuses, which costs memory only. To be called before there are threads.
pub fn bound_arenas() -> bool {
    set(libc::M_ARENA_MAX, ARENAS)
}

/// Gives each block of 256 KiB and more back to the system at once. Of itself the allocator keeps such blocks for the next time (up
/// to 32 MiB each), and after an outage, when all that waited in Kafka is read at once, a sink stays at three times what it uses.
/// It costs half a millisecond a megabyte: not for a service that takes such blocks with each picture. As [`bound_arenas`].
pub fn return_large_blocks() -> bool {
    set(libc::M_MMAP_THRESHOLD, LARGE)
}

/// Gives memory back to the system that the allocator keeps unused, for as long as the future is polled. Of itself the allocator
/// gives back what lies at a heap's end only; a decoder that is made anew finds its gaps too small or too large, and the heap grows
/// with every broken stream. Belongs to a service's start.
pub async fn give_back() {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // What was given back still counts as kept, until it is used again.
    let mut given_back = 0;
    loop {
        look.tick().await;
        // It may hold the allocator's locks for some milliseconds.
        let looked = tokio::task::spawn_blocking(move || {
            let kept = heap().kept;
            if kept < given_back + UNUSED {
                return given_back.min(kept);
            }
            trim();
            kept
        });
        match looked.await {
            Ok(kept) => given_back = kept,
            Err(error) => {
                tracing::error!(error = %report::chain(&error), "unused memory is no longer given back");
                return;
            }
        }
    }
}

fn trim() {
    // SAFETY: it locks each arena for a moment, and touches pages only that hold nothing but free memory.
    #[expect(unsafe_code, reason = "the C library has no other way")]
    let _gave: libc::c_int = unsafe { libc::malloc_trim(0) };
}

fn set(parameter: libc::c_int, value: libc::c_int) -> bool {
    // SAFETY: `mallopt` takes two numbers and touches nothing but the allocator's settings; no other thread runs yet.
    #[expect(unsafe_code, reason = "the C library has no other way but an environment variable set before the start")]
    let accepted = unsafe { libc::mallopt(parameter, value) };
    accepted == 1
}

/// The heap, bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heap {
    /// Handed out.
    pub(crate) used: usize,
    /// Given back by the program, and not by the allocator to the system.
    pub(crate) kept: usize,
}

/// What the allocator holds in all its arenas. Resident memory alone does not tell a leak from memory that is kept.
pub(crate) fn heap() -> Heap {
    // SAFETY: it takes nothing, locks each arena for a moment, and returns numbers.
    #[expect(unsafe_code, reason = "the C library's own account has no other way")]
    let info = unsafe { libc::mallinfo2() };
    Heap { used: info.uordblks + info.hblkhd, kept: info.fordblks }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;
    use crate::test_util;

    /// Tests that measure the process's memory, one at a time.
    static MEASURES: Mutex<()> = Mutex::new(());

    fn resident() -> u64 {
        test_util::resident_bytes(std::process::id())
    }

    #[test]
    fn the_heap_grows_by_what_is_taken() {
        let _alone = MEASURES.lock();
        let before = heap().used;
        let taken = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(heap().used >= before + (32 << 20), "{} bytes were taken", taken.len());
    }

    #[test]
    fn memory_that_lies_unused_between_what_is_used_is_given_back() {
        let _alone = MEASURES.lock();
        // Blocks small enough to come from the heap, and each second one stays: there is no free end.
        let mut blocks: Vec<Vec<u8>> = (0..4_096).map(|_| vec![1; 64 << 10]).collect();
        let full = resident();
        let mut odd = false;
        blocks.retain(|_| {
            odd = !odd;
            odd
        });
        assert!(resident() + (64 << 20) > full, "the allocator gave it back of itself");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.spawn(give_back());
        runtime.block_on(test_util::eventually(Duration::from_secs(20), "half of it to be given back", async || {
            let now = resident();
            if now + (100 << 20) <= full { Ok(()) } else { Err(format!("{now} bytes of {full}")) }
        }));
        assert_eq!(std::hint::black_box(blocks).len(), 2_048);
    }

    #[test]
    fn the_c_library_takes_the_bounds() {
        assert!(bound_arenas() && return_large_blocks());
    }
}
