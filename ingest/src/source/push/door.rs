use std::sync::Arc;

use super::admission::Admission;
use super::path_registry::PathRegistry;
use super::refusal::Refusals;
use crate::config::PushConfig;

/// What the connections of one server share.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) config: PushConfig,
    pub(super) paths: Arc<PathRegistry>,
    pub(super) admission: Arc<Admission>,
    pub(super) refusals: Refusals,
}

impl Door {
    pub(super) fn new(config: PushConfig, paths: Arc<PathRegistry>) -> Arc<Self> {
        let admission = Admission::new(config.max_connections, config.max_pending_per_address);
        Arc::new(Self { config, paths, admission, refusals: Refusals::default() })
    }
}
