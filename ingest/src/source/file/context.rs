use std::sync::Arc;

use crate::source::colours::SharedColours;
use crate::source::orientation::SharedOrientation;
use crate::source::unconverted::Notices;

/// What is known of a file beside its video: what its container states about the pictures, and what was said about them.
#[derive(Debug, Clone)]
pub(super) struct FileContext {
    pub(super) orientation: SharedOrientation,
    pub(super) colours: SharedColours,
    pub(super) notices: Arc<Notices>,
}
