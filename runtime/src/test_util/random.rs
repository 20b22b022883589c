//! Random moments that can be had again.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A generator whose seed is printed, and taken from `VRU_TEST_SEED` when that is set.
#[expect(clippy::print_stderr, reason = "whoever reads a failed test needs the seed")]
pub fn seeded_rng(name: &str) -> StdRng {
    let seed = match std::env::var("VRU_TEST_SEED") {
        Ok(text) => text.parse().expect("VRU_TEST_SEED is a number"),
        Err(_) => rand::random::<u64>(),
    };
    eprintln!("{name}: VRU_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
