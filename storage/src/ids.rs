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

/// Whether [`new_id`] could have made it.
pub(crate) fn is_id(prefix: &str, text: &str) -> bool {
    let letters = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    letters.is_some_and(|letters| letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_service_are_told_from_others() {
        let id = new_id("camera");
        assert!(is_id("camera", &id));
        for other in ["camera", "camera_", "gate", &id[1..], &id[..id.len() - 1], &format!("{id}0"), &id.to_uppercase()]
        {
            assert!(!is_id("camera", other), "{other}");
        }
        assert!(!is_id("site", &id));
    }
}
