//! Road users: the meaning of a model's labels, and the fusion of a rider and a bicycle into one road user.

mod class;
mod fusion;
mod labels;

pub use class::RoadUserClass;
pub use fusion::{LabelledDetection, fuse_riders};
pub use labels::{LabelMap, ObjectKind};
