//! Reproducible randomness for tests.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A generator with a random seed, or with the seed in `VRU_TEST_SEED`. It prints the seed, so that a failure can be reproduced.
#[expect(clippy::print_stderr, reason = "the seed is needed to reproduce a failure")]
pub fn seeded_rng(name: &str) -> StdRng {
    let seed = match std::env::var("VRU_TEST_SEED") {
        Ok(text) => text.parse().expect("VRU_TEST_SEED is a number"),
        Err(_) => rand::random::<u64>(),
    };
    eprintln!("{name}: VRU_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}
