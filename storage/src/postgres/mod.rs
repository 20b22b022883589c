//! PostgreSQL: connection settings, TLS, and the migrations in `storage/migrations`.

mod config;
mod connect;
mod error;
mod migrate;

pub use config::{DatabaseConfig, SslMode};
pub use connect::connect;
pub use error::DatabaseError;
pub use migrate::migrate;
