//! Redis: what a service can do without for a while. A server that is away or hangs delays nobody for longer than `redis.timeout`, and then
//! nobody at all until it answers again: [`Redis`] says at once that there is none.

mod client;
mod config;
mod connection;
mod error;
mod metrics;
mod script;

pub use client::Redis;
pub use config::RedisConfig;
pub use error::RedisError;
pub use redis::{Cmd, FromRedisValue, cmd};
pub use script::Script;
