//! What the C library's allocator may keep.

/// Arenas of the allocator. The C library makes up to eight a core, and each keeps what was once needed in it; with a thread for
/// every client, broker and camera, a sink then holds three times the memory that it uses.
const ARENAS: libc::c_int = 2;

/// Bounds them; false where the C library refuses, which costs memory only. To be called before there are threads.
pub fn bound_arenas() -> bool {
    // SAFETY: `mallopt` takes two numbers and touches nothing but the allocator's settings; no other thread runs yet.
    #[expect(unsafe_code, reason = "the C library has no other way but an environment variable set before the start")]
    let accepted = unsafe { libc::mallopt(libc::M_ARENA_MAX, ARENAS) };
    accepted == 1
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_c_library_takes_the_bound() {
        assert!(super::bound_arenas());
    }
}
