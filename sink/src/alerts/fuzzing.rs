//! Resume tokens and bearer tokens.

use super::TokenVerifier;
use super::auth::{JwtVerifier, KeyError};
use super::config::JwtConfig;
use super::token::{self, StreamId};

fn stream() -> StreamId {
    StreamId::new("cluster", "vru.alerts")
}

/// The positions of a resume token of the topic `vru.alerts` on the cluster `cluster`.
pub fn decode_token(text: &str) -> Result<Vec<i64>, String> {
    token::decode(stream(), text).map_err(|error| error.to_string())
}

/// The token for positions there.
pub fn encode_token(positions: &[i64]) -> String {
    token::encode(stream(), positions)
}

/// What verifies bearer tokens.
pub fn verifier(config: &JwtConfig) -> Result<impl TokenVerifier + use<>, KeyError> {
    JwtVerifier::new(config)
}
