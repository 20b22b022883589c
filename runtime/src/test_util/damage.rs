//! Damage to bytes, as a bad link or a faulty encoder does it.

use bytes::Bytes;
use rand::Rng as _;
use rand::rngs::StdRng;

/// Truncated, with flipped bits, with random bytes, or with a wrong byte in its headers.
pub fn damaged(random: &mut StdRng, intact: &Bytes) -> Bytes {
    let mut bytes = intact.to_vec();
    match random.random_range(0..4) {
        0 => bytes.truncate(random.random_range(1..bytes.len())),
        1 => {
            for _ in 0..random.random_range(1..=20) {
                let at = random.random_range(0..bytes.len());
                bytes[at] ^= 1 << random.random_range(0..8);
            }
        }
        2 => {
            let from = random.random_range(0..bytes.len());
            let to = (from + random.random_range(1..400)).min(bytes.len());
            random.fill(&mut bytes[from..to]);
        }
        _ => {
            let at = random.random_range(0..bytes.len().min(64));
            bytes[at] = random.random();
        }
    }
    bytes.into()
}
