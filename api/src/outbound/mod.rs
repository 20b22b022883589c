//! Requests to servers of others: webhooks, MQTT brokers, identity providers. They reach the public internet and what the configuration
//! allows, never our own network by a detour.
//!
//! - `exchange`: one request of HTTP, with its bounds. `client`: who makes it. `stream`: a connection to an address that was checked. `target`: which addresses may be asked.
//!   `broker`: addresses of MQTT brokers.

mod broker;
mod client;
mod exchange;
mod stream;
mod target;

pub(crate) use client::{Failure, Outbound};
pub(crate) use stream::Stream;
pub(crate) use target::{Reach, Target};
