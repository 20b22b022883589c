//! Bearer tokens and the keys that verify them: real keys, a real HTTP server for the key set, and hostile tokens.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod hostile_tokens;
mod key_files;
mod key_url;
mod keys;
