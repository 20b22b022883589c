use ring::digest;

/// How the body of a `PATCH` is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Against faults on the way, not against people.
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(crate) const NAMES: &'static str = "sha1,sha256";

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::Sha1),
            "sha256" => Some(Self::Sha256),
            _ => None,
        }
    }

    pub(crate) fn bytes(self) -> usize {
        self.function().output_len()
    }

    fn function(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        }
    }
}

/// What the client says of a body, and what came of it so far.
pub(crate) struct Checksum {
    stated: Vec<u8>,
    context: digest::Context,
}

impl std::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checksum")
    }
}

impl Checksum {
    pub(crate) fn new(algorithm: Algorithm, stated: Vec<u8>) -> Self {
        Self { stated, context: digest::Context::new(algorithm.function()) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(crate) fn matches(self) -> bool {
        self.context.finish().as_ref() == self.stated
    }
}
