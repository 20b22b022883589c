//! The gRPC server that pushes alerts.
//!
//! The [`feed`] reads all of `vru.alerts` into the [`hub`]: a ring of recent alerts. Every instance reads every alert, without a consumer
//! group.
//!
//! A call of `Subscribe` comes in over a [`connection`] of the [`listener`], is checked ([`subscribe`]) and becomes a [`subscription`], whose
//! responses are sent by [`stream`] and [`writer`]. A subscriber has a place in the ring and no alerts of its own. When its token is older
//! than the ring, or it falls behind the ring, it is served from Kafka until the ring covers its position ([`replay`]); then it is attached
//! under the hub's lock, so that nothing is lost between the two and nothing comes twice. When it does not read and too many alerts wait,
//! its stream ends with the token to resume with ([`resume_token`]). The stream ends too when the bearer token expires or its key is
//! revoked, although the subscriber does not read.
//!
//! When the topic is deleted and created again, ring and subscribers begin anew ([`generation`]): streams end, and a subscriber that resumes
//! with a token of the old topic is told so and receives the new topic from its first alert on.
//!
//! After inference was killed, it raises some alerts a second time; subscribers receive each only once ([`recent_ids`]). An alert is
//! encoded once for all subscribers ([`encoded_alert`], [`wire`], [`response`]).

mod batch;
pub mod config;
mod connection;
mod encoded_alert;
mod feed;
mod filter;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod generation;
mod hub;
mod listener;
mod recent_ids;
mod replay;
mod request;
mod response;
mod server;
mod stream;
mod subscribe;
mod subscription;
mod topic;
mod wire;
mod writer;

pub use config::AlertsConfig;
pub(crate) use server::run;
use vru_runtime::kafka::resume_token;
