//! A video file as a camera: each of its frames once, in order, with the same identity and times whenever it is read again.

mod frames;
mod identity;
mod options;
mod publish;
mod reader;

pub use frames::FileFrames;
pub use options::FileOptions;
pub use publish::stream;

#[cfg(test)]
mod tests;
