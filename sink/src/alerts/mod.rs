//! The gRPC server that pushes alerts.
//!
//! Every instance reads all of `vru.alerts`, without a group ([`feed`]), into a ring of recent alerts and from there to its
//! subscribers ([`hub`]). A subscriber that resumes is served from the ring where that reaches back far enough, else from Kafka
//! until it does ([`replay`]); then it is attached under the hub's lock, so that nothing falls between and nothing comes twice
//! ([`subscription`]). Whoever falls behind by more than its queue is cut with the token to resume from: what one subscriber
//! costs is bounded, whatever it does.
//!
//! An alert that inference raises again after it was killed is told once ([`recent`]). An alert is encoded once ([`event`]); what differs between subscribers is the token behind it ([`token`]).

mod auth;
pub mod config;
mod event;
mod feed;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod hub;
mod recent;
mod replay;
mod server;
mod service;
mod subscription;
mod token;

pub use auth::{AuthError, Identity, TokenVerifier};
pub use config::AlertsConfig;
pub(crate) use server::run;
