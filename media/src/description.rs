//! Pipeline descriptions: the launch lines with which GStreamer decodes a camera's video and encodes its pictures.
//!
//! `pipelines/README.md` documents the fields and how the parts are joined.

use std::path::PathBuf;

use serde::Deserialize;

use crate::launch::{self, LaunchError};
use crate::{Codec, InitError};

/// What a pipeline sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineOutput {
    /// Pictures as JPEG.
    Jpeg,
    /// Access units in byte-stream format.
    Passthrough,
}

/// Launch lines from an elementary stream to the input of `encode`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecodeLines {
    h264: String,
    h265: String,
}

/// The content of one YAML file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineDescription {
    /// The file name without `.yaml`.
    pub name: String,
    /// For people; nothing depends on it.
    pub summary: String,
    pub output: PipelineOutput,
    /// Elements that exist only on hosts with their driver and device.
    #[serde(default)]
    pub hardware: Vec<String>,
    decode: DecodeLines,
    encode: Option<String>,
}

/// The values of the placeholders in launch lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceholderValues {
    /// `{decoder_threads}`: threads of a software decoder. One adds no latency; each more adds a frame of latency.
    pub decoder_threads: u32,
    /// `{jpeg_quality}`: 1 to 100.
    pub jpeg_quality: u32,
}

/// Why a description cannot be used. A retry does not help.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    #[error("there is no pipeline named `{name}`; the pipelines are {}", known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    /// The folder or a file in it cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The text is not YAML, or a field is unknown, missing or has the wrong type.
    #[error("cannot parse pipeline description `{name}`")]
    Syntax {
        name: String,
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// The fields do not fit together, or this host cannot run the launch lines.
    #[error("pipeline description `{name}` is not valid: {problem}")]
    Invalid { name: String, problem: String },
    #[error(transparent)]
    Init(#[from] InitError),
}

impl PipelineDescription {
    /// Parses and validates the description in the file `name`.yaml. The launch lines are not parsed:
    /// [`PipelineDescription::check_elements`] does that.
    pub fn parse(name: &str, yaml: &str) -> Result<Self, DescriptionError> {
        let description: Self = serde_yaml_ng::from_str(yaml)
            .map_err(|source| DescriptionError::Syntax { name: name.to_owned(), source })?;
        description.check(name).map_err(|problem| DescriptionError::Invalid { name: name.to_owned(), problem })?;
        Ok(description)
    }

    fn check(&self, name: &str) -> Result<(), String> {
        if self.name != name {
            return Err(format!("its `name` is `{}`, but must be the file name, `{name}`", self.name));
        }
        match (self.output, &self.encode) {
            (PipelineOutput::Jpeg, None) => return Err("output `jpeg` needs `encode`".to_owned()),
            (PipelineOutput::Passthrough, Some(_)) => return Err("output `passthrough` has no `encode`".to_owned()),
            (PipelineOutput::Jpeg, Some(encode)) if !encode.contains("capsfilter name=size") => {
                return Err("`encode` has no `capsfilter name=size`".to_owned());
            }
            _ => {}
        }
        for line in self.launch_lines(PlaceholderValues { decoder_threads: 1, jpeg_quality: 85 }) {
            if line.contains(['{', '}']) {
                return Err(format!("has an unknown placeholder: {line}"));
            }
        }
        Ok(())
    }

    /// Lets GStreamer parse every launch line. Only elements in `hardware` may be missing on this host.
    pub fn check_elements(&self) -> Result<(), DescriptionError> {
        crate::init()?;
        for line in self.launch_lines(PlaceholderValues { decoder_threads: 1, jpeg_quality: 85 }) {
            let Err(LaunchError { missing, source }) = launch::bin(&line) else { continue };
            let undeclared: Vec<_> = missing.iter().filter(|element| !self.hardware.contains(*element)).collect();
            let problem = if missing.is_empty() {
                format!("GStreamer cannot parse `{line}`: {source}")
            } else if let Some(element) = undeclared.first() {
                format!(
                    "this host has no GStreamer element `{element}`; if it needs special hardware, add it to `hardware`"
                )
            } else {
                continue;
            };
            return Err(DescriptionError::Invalid { name: self.name.clone(), problem });
        }
        Ok(())
    }

    /// Every launch line, with the placeholders replaced.
    fn launch_lines(&self, values: PlaceholderValues) -> impl Iterator<Item = String> {
        let decode = [Codec::H264, Codec::H265].map(|codec| self.decode_launch(codec, values));
        decode.into_iter().chain(self.encode_launch(values))
    }

    /// The launch line from an elementary stream of `codec` to raw pictures, or to access units with passthrough.
    pub fn decode_launch(&self, codec: Codec, values: PlaceholderValues) -> String {
        let line = match codec {
            Codec::H264 => &self.decode.h264,
            Codec::H265 => &self.decode.h265,
        };
        fill(line, values)
    }

    /// The launch line from raw pictures to JPEG; `None` with passthrough.
    pub fn encode_launch(&self, values: PlaceholderValues) -> Option<String> {
        self.encode.as_deref().map(|line| fill(line, values))
    }
}

fn fill(line: &str, values: PlaceholderValues) -> String {
    line.replace("{decoder_threads}", &values.decoder_threads.to_string())
        .replace("{jpeg_quality}", &values.jpeg_quality.to_string())
}
