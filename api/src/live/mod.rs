//! Live feeds: sockets with pictures and boxes, which `vru-live` makes, and streams of events for plain clients
//! ([decision 65](../../../docs/decisions/0065-live-feed.md)).
//!
//! - `feeds`: what they share. `places`: how many there may be.
//! - `socket`: one live feed; `messages`: what it says as text; `bucket`: how much a client may say.
//! - `events`: what happens at sites, read once for all streams; `stream`: one stream. `bookmark`: the ids of events; `missed`: what comes
//!   behind one of them. `site_of`: which camera belongs to which site.
//! - `permission`: whether an open feed is still allowed.

mod bookmark;
mod bucket;
mod config;
mod events;
mod feeds;
mod messages;
mod metrics;
mod missed;
mod permission;
mod places;
mod site_of;
mod socket;
mod stream;

use std::time::Duration;

pub(crate) use bookmark::Bookmark;
pub use config::LiveConfig;
pub(crate) use feeds::Feeds;
pub(crate) use permission::Credentials;
pub(crate) use socket::{Feed, serve};
pub(crate) use stream::EventStream;

/// How long Kafka may take to answer a question about the topic of alerts.
const METADATA_DEADLINE: Duration = Duration::from_secs(5);
