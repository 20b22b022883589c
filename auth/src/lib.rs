//! Authentication of API clients by bearer tokens (JSON Web Tokens).
//!
//! A server takes the token from the `authorization` header ([`bearer_token`]) and verifies it ([`TokenVerifier`]). It gets the
//! [`Identity`] of the client, or an [`AuthError`], which it maps to the status of its own protocol. Nothing here depends on a
//! protocol: gRPC and HTTP servers share it.

mod bearer;
mod claims;
mod config;
mod keys;
mod verifier;

pub use bearer::bearer_token;
pub use config::JwtConfig;
pub use keys::KeyError;
pub use verifier::{AuthError, Identity, JwtVerifier, TokenVerifier};
