//! PostgreSQL: connection settings, TLS, and the migrations in `storage/migrations`.

mod config;
mod connect;
mod error;
mod migrate;
mod pool;
mod replication;
mod schema;
mod tls;
mod url;

pub use config::DatabaseConfig;
pub use connect::connect;
pub use error::DatabaseError;
pub use migrate::migrate;
pub use pool::{Pool, PooledClient};
pub use replication::Replication;
pub use schema::{Schema, check_schema};
pub use tls::SslMode;
