//! Authentication of API clients by bearer tokens (JSON Web Tokens).
//!
//! A server takes the token from the `authorization` header ([`bearer_token`]) and verifies it ([`TokenVerifier`]). It gets the
//! [`Identity`] of the client, or an [`AuthError`], which it maps to the status of its own protocol. Nothing here depends on a
//! protocol: gRPC and HTTP servers share it.
//!
//! Keys come from a secret, a PEM file, a JWKS file or the JWKS URL of an identity provider ([`JwtConfig`]), or from any [`KeySource`]; all
//! but the secret are followed while the service runs. A [`SigningKey`] signs such tokens.
//!
//! What somebody may do is in [`policy`].

mod bearer;
mod claims;
mod config;
mod error;
mod fetch;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jwks;
mod key;
mod key_set;
mod key_source;
mod metrics;
pub mod policy;
mod signing;
mod sources;
mod validate;
mod verifier;

pub use bearer::bearer_token;
pub use config::JwtConfig;
pub use error::{AuthError, KeyError};
pub use key_source::{KeySource, Pace};
pub use signing::{Grant, SigningError, SigningKey};
pub use verifier::{Identity, JwtVerifier, TokenVerifier};
