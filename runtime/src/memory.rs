//! What the C library's allocator may keep, and what it holds.

/// Arenas of the allocator. The C library makes up to eight a core, and each keeps what was once needed in it; with a thread for
/// every client, broker and camera, a sink then holds three times the memory that it uses.
const ARENAS: libc::c_int = 2;

/// Of a service that moves large blocks now and then.
const LARGE: libc::c_int = 256 * 1024;

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
    #[test]
    fn the_heap_grows_by_what_is_taken() {
        let before = super::heap().used;
        let taken = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(super::heap().used >= before + (32 << 20), "{} bytes were taken", taken.len());
    }

    #[test]
    fn the_c_library_takes_the_bounds() {
        assert!(super::bound_arenas() && super::return_large_blocks());
    }
}
