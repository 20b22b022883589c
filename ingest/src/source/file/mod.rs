//! A video file as a camera: each of its frames once, in order, with the same identity and times whenever it is read again.
//!
//! The file is on this machine, or an object in the bucket ([`StoredObject`]).
//!
//! [`FileFrames`] reads ([`reader`], with its pipeline in [`branch`]), numbers ([`numbering`]) and times ([`times`]) the frames, and
//! reports what the file lacks ([`report`], [`container`]); [`stream()`] publishes them and records how far it is ([`position`]).

mod branch;
mod container;
mod context;
mod fields;
mod frames;
mod identity;
mod numbering;
mod object;
mod object_source;
mod options;
mod position;
mod progress;
mod publish;
mod reader;
mod report;
mod stated_in_stream;
mod stream;
mod times;
mod tracks;
mod unchanged;

pub use frames::FileFrames;
pub use object::StoredObject;
pub use options::FileOptions;
pub use report::{FileReport, Missing, SharedReport};
pub use stream::stream;
pub use unchanged::FileStamp;

#[cfg(test)]
mod tests;
