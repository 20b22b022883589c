//! The rules of a camera's configuration as `vru_vision` judges them: for inference, and for whoever asks what rules would have found.

mod config;
mod replay;
pub mod wire;

pub use config::{default_presence, line, read_zone, rules};
pub use replay::{PastFrame, replay};
