//! The pipelines that a camera can use: those embedded in the binary, and those that an operator adds as files.

use std::path::{Path, PathBuf};

use crate::description::{DescriptionError, PipelineDescription};

/// The files in `pipelines/`, by name.
const EMBEDDED: [(&str, &str); 4] = [
    (DEFAULT, include_str!("../../pipelines/software.yaml")),
    ("vaapi", include_str!("../../pipelines/vaapi.yaml")),
    ("nvdec", include_str!("../../pipelines/nvdec.yaml")),
    (PASSTHROUGH, include_str!("../../pipelines/passthrough.yaml")),
];

/// The pipeline that sends the camera's access units unchanged.
pub const PASSTHROUGH: &str = "passthrough";
/// The pipeline of cameras that name none.
pub const DEFAULT: &str = "software";

/// The pipelines that a camera can use, by name.
#[derive(Debug, Clone)]
pub struct PipelineSet {
    descriptions: Vec<PipelineDescription>,
}

impl PipelineSet {
    /// The pipelines in the binary.
    pub fn embedded() -> Self {
        let parse =
            |(name, yaml)| PipelineDescription::parse(name, yaml).expect("a test parses each embedded description");
        Self { descriptions: EMBEDDED.into_iter().map(parse).collect() }
    }

    /// The pipelines in the binary, and every `.yaml` and `.yml` file in `folder`. Other files are ignored. The launch lines of
    /// the added files are parsed by GStreamer. Returns every problem of every file.
    pub fn with_folder(folder: &Path) -> Result<Self, Vec<DescriptionError>> {
        let mut set = Self::embedded();
        let mut problems = Vec::new();
        for path in yaml_files(folder).map_err(|error| vec![error])? {
            match read(&path).and_then(|description| set.add(description)) {
                Ok(()) => {}
                Err(error) => problems.push(error),
            }
        }
        if problems.is_empty() { Ok(set) } else { Err(problems) }
    }

    fn add(&mut self, description: PipelineDescription) -> Result<(), DescriptionError> {
        if self.names().any(|name| name == description.name) {
            let problem = "a pipeline with this name exists; rename the file".to_owned();
            return Err(DescriptionError::Invalid { name: description.name, problem });
        }
        description.check_elements()?;
        self.descriptions.push(description);
        Ok(())
    }

    /// The pipeline with that name, or the default pipeline for an empty name.
    pub fn get(&self, name: &str) -> Result<&PipelineDescription, DescriptionError> {
        let name = if name.is_empty() { DEFAULT } else { name };
        self.descriptions.iter().find(|description| description.name == name).ok_or_else(|| DescriptionError::Unknown {
            name: name.to_owned(),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.descriptions.iter().map(|description| description.name.as_str())
    }
}

/// Sorted, so that problems are always reported in the same order.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, DescriptionError> {
    let failed = |source| DescriptionError::Read { path: folder.to_owned(), source };
    let entries: Vec<_> = std::fs::read_dir(folder).and_then(Iterator::collect).map_err(failed)?;
    let mut files: Vec<_> = entries.into_iter().map(|entry: std::fs::DirEntry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<PipelineDescription, DescriptionError> {
    let yaml =
        std::fs::read_to_string(path).map_err(|source| DescriptionError::Read { path: path.to_owned(), source })?;
    let name = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    PipelineDescription::parse(&name, &yaml)
}

#[cfg(test)]
mod tests;
