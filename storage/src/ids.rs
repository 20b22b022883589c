//! Ids that the service makes: a prefix that names the kind, and random letters that nobody can guess or confuse.

use rand::Rng as _;

/// Without `i`, `l`, `o` and `u`, which look like others.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 100 random bits.
const LENGTH: usize = 20;

/// For example `site_0k4…`.
pub(crate) fn new_id(prefix: &str) -> String {
    let mut random = rand::rng();
    let letters = (0..LENGTH).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]));
    format!("{prefix}_{}", letters.collect::<String>())
}
