//! TLS for servers. The certificate is loaded again when its files change; connections that are open keep the one they began with.

mod certificate;
mod metrics;
mod server;

pub use certificate::TlsError;
pub use server::ServerTls;

#[cfg(test)]
mod tests;
