use std::path::PathBuf;

use serde::Deserialize;
use vru_media::pipeline_set::PipelineSet;
use vru_runtime::config::{ConfigError, Problems, Validate};
use vru_runtime::report::chain;

/// Section `pipelines`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PipelinesConfig {
    /// Folder with pipeline descriptions that are added to the built-in ones (default none). `pipelines/README.md` documents
    /// their format.
    pub folder: Option<PathBuf>,
}

impl PipelinesConfig {
    /// The built-in pipelines and those in the folder. The error lists every problem of every file.
    pub fn load(&self) -> Result<PipelineSet, ConfigError> {
        let Some(folder) = &self.folder else { return Ok(PipelineSet::embedded()) };
        PipelineSet::with_folder(folder).map_err(|problems| ConfigError {
            problems: problems.iter().map(|problem| chain(problem).to_string()).collect(),
        })
    }
}

impl Validate for PipelinesConfig {
    fn validate(&self, problems: &mut Problems) {
        for problem in self.load().err().into_iter().flat_map(|error| error.problems) {
            problems.at("folder", problem);
        }
    }
}
