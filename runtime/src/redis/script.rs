/// A Lua script, which Redis executes as a whole or not at all.
#[derive(Debug)]
pub struct Script {
    pub(super) text: String,
    /// By which a server knows it that has executed it before.
    pub(super) hash: String,
}

impl Script {
    pub fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }
}
