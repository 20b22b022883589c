//! Road users: the meaning of a model's labels, and the fusion of a rider and a bicycle into one road user.

mod class;
mod duplicates;
mod fusion;
mod labelled;
mod labels;

pub use class::RoadUserClass;
pub use fusion::fuse_riders;
pub use labelled::LabelledDetection;
pub use labels::{LabelMap, ObjectKind};
