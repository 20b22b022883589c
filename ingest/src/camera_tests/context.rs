use std::path::PathBuf;
use std::sync::Arc;

use vru_media::pipeline_set::PipelineSet;

use crate::config::IngestConfig;
use crate::source::PipelineShutdowns;

/// What every test uses.
#[derive(Debug, Clone)]
pub(crate) struct TestContext {
    pub(super) config: Arc<IngestConfig>,
    pub(super) pipelines: Arc<PipelineSet>,
    pub(super) shutdowns: Arc<PipelineShutdowns>,
}

impl TestContext {
    /// Those who ask for tests are not the operator of this host, wherever the watched cameras come from: the rules for records apply.
    pub(crate) fn new(config: &IngestConfig, pipelines: Arc<PipelineSet>, shutdowns: Arc<PipelineShutdowns>) -> Self {
        let mut config = config.clone();
        config.cameras.file = PathBuf::new();
        Self { config: Arc::new(config), pipelines, shutdowns }
    }
}
