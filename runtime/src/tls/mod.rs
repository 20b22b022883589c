//! TLS for servers: the certificate is loaded again when its files change, and connections that are open keep the one they began with.
//! And for clients that verify a server otherwise than by its host name.

mod any_name;
mod certificate;
mod config;
mod metrics;
mod roots;
mod server;

pub use any_name::{AnyName, Trust};
pub use certificate::TlsError;
pub use config::TlsConfig;
pub use roots::{RootsError, roots};
pub use server::ServerTls;

#[cfg(test)]
mod tests;
