//! Requests to servers of others: webhooks, identity providers. They reach the public internet and what the configuration allows, never our
//! own network by a detour.
//!
//! - `client`: one request, with its bounds. `target`: which addresses may be asked.

mod client;
mod target;

pub(crate) use client::{Failure, Outbound};
pub(crate) use target::Reach;
