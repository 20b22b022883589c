//! Requests to servers of others: webhooks, identity providers. They reach the public internet and what the configuration allows, never our
//! own network by a detour.
//!
//! - `client`: one request, with its bounds. `target`: which addresses may be asked. `networks`: ranges of addresses.

mod client;
mod networks;
mod target;

pub(crate) use client::{Failure, Outbound};
pub use networks::Network;
pub(crate) use target::Reach;
