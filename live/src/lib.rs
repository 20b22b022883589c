//! What watched cameras show at this moment: each picture with its own boxes, read from Kafka once for all who watch.
//!
//! A record takes this way:
//!
//! 1. `reader` reads the partitions of watched cameras, on a thread of its own, without a consumer group. It ends some seconds after
//!    the last viewer has left. Records of other cameras are passed over.
//! 2. Detections become an `analysis` (boxes and `trails` in fractions of the picture). Who watches without pictures gets it at once.
//! 3. `renderer` has a few threads, and each camera is on one of them. There, `stage` joins pictures with their analysis ([`join`]), decodes
//!    what has to be decoded ([`source`]), and makes each rendition that somebody wants, once.
//!    Access units go through `units` instead; `recent` keeps those since the last key frame for whoever comes in between.
//! 4. `message` is what a viewer gets, in one piece of memory for all of them; `mailbox` is a viewer's bounded queue: whoever is slow skips
//!    pictures.
//!
//! [`LiveFeed`] is where viewers come; [`wishes`] is what they say.

mod analysis;
mod camera;
mod feed;
pub mod join;
mod mailbox;
mod message;
mod metrics;
mod privacy;
mod reader;
mod recent;
mod renderer;
mod rendition;
pub mod source;
mod stage;
mod trails;
mod units;
mod watched;
pub mod wishes;

pub use feed::{CameraState, LiveFeed, LiveOptions, Viewer};
pub use mailbox::ViewerRate;
pub use rendition::Rendition;
