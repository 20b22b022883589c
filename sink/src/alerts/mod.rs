//! The gRPC server that pushes alerts.
//!
//! The [`feed`] reads all of `vru.alerts` into the [`hub`]: a ring of recent alerts, and a bounded queue for each subscriber. Every
//! instance reads every alert, without a consumer group.
//!
//! A call of `Subscribe` is checked ([`subscribe`]) and becomes a [`subscription`]. A subscriber that resumes is served from the
//! ring where the ring reaches back far enough, else from Kafka until it does ([`replay`]). Then it is attached under the hub's
//! lock, so that nothing is lost between the two and nothing comes twice. When a subscriber falls behind by more than its queue
//! holds, its stream ends with the token to resume with ([`resume_token`]): the cost of a subscriber is bounded.
//!
//! After inference was killed, it raises some alerts a second time; subscribers receive each only once ([`recent_ids`]). An alert is
//! encoded once for all subscribers ([`encoded_alert`], [`wire`], [`codec`]).

mod codec;
pub mod config;
mod encoded_alert;
mod feed;
mod filter;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod hub;
mod recent_ids;
mod replay;
mod response;
mod resume_token;
mod server;
mod service;
mod subscribe;
mod subscription;
mod topic;
mod wire;

pub use config::AlertsConfig;
pub(crate) use server::run;
