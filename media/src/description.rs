//! The pipeline descriptions of `pipelines/`, embedded in the binary.
//!
//! See `pipelines/README.md` for what the fields mean and how the parts are joined.

use serde::Deserialize;

use crate::Codec;

/// Every description, by name.
const EMBEDDED: [(&str, &str); 4] = [
    ("software", include_str!("../../pipelines/software.yaml")),
    ("vaapi", include_str!("../../pipelines/vaapi.yaml")),
    ("nvdec", include_str!("../../pipelines/nvdec.yaml")),
    ("passthrough", include_str!("../../pipelines/passthrough.yaml")),
];

/// The description that sends access units as they are.
pub const PASSTHROUGH: &str = "passthrough";
/// The description used when none is named.
pub const DEFAULT: &str = "software";

/// What leaves a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Pictures as JPEG.
    Jpeg,
    /// Access units in byte-stream format.
    Passthrough,
}

/// Launch lines from an elementary stream to what `encode` takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decode {
    h264: String,
    h265: String,
}

/// One file of `pipelines/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineDescription {
    /// The file's name without `.yaml`.
    pub name: String,
    /// For people.
    pub summary: String,
    /// What leaves.
    pub output: Output,
    /// Elements that exist only where their driver and device do.
    #[serde(default)]
    pub hardware: Vec<String>,
    decode: Decode,
    encode: Option<String>,
}

/// Values for the placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Values {
    /// `{decoder_threads}`: threads of a software decoder. One adds no latency; each more adds a frame.
    pub decoder_threads: u32,
    /// `{jpeg_quality}`: 1 to 100.
    pub jpeg_quality: u32,
}

/// Why a description cannot be used. Trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// No such file.
    #[error("no pipeline is named `{name}`: there are {}", names().join(", "))]
    Unknown {
        /// As given.
        name: String,
    },
    /// The file is not of this shape.
    #[error("read pipeline description `{name}`")]
    Syntax {
        /// The file's name.
        name: String,
        /// Where it went wrong.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// The file has the shape, but its parts do not fit together.
    #[error("pipeline description `{name}`: {problem}")]
    Invalid {
        /// The file's name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// Names of the embedded descriptions.
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(name, _)| *name).collect()
}

/// The embedded description of that name; the default one for an empty name.
pub fn load(name: &str) -> Result<PipelineDescription, DescriptionError> {
    let name = if name.is_empty() { DEFAULT } else { name };
    let (_, text) = EMBEDDED
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| DescriptionError::Unknown { name: name.to_owned() })?;
    PipelineDescription::parse(name, text)
}

impl PipelineDescription {
    /// Reads and checks a description that is to be named `name`.
    pub fn parse(name: &str, yaml: &str) -> Result<Self, DescriptionError> {
        let description: Self = serde_yaml_ng::from_str(yaml)
            .map_err(|source| DescriptionError::Syntax { name: name.to_owned(), source })?;
        description.check(name).map_err(|problem| DescriptionError::Invalid { name: name.to_owned(), problem })?;
        Ok(description)
    }

    fn check(&self, name: &str) -> Result<(), String> {
        if self.name != name {
            return Err(format!("its name is `{}`", self.name));
        }
        match (self.output, &self.encode) {
            (Output::Jpeg, None) => return Err("output `jpeg` needs `encode`".to_owned()),
            (Output::Passthrough, Some(_)) => return Err("output `passthrough` has no `encode`".to_owned()),
            (Output::Jpeg, Some(encode)) if !encode.contains("capsfilter name=size") => {
                return Err("`encode` has no `capsfilter name=size`".to_owned());
            }
            _ => {}
        }
        let values = Values { decoder_threads: 1, jpeg_quality: 85 };
        let lines = [Some(&self.decode.h264), Some(&self.decode.h265), self.encode.as_ref()];
        for line in lines.into_iter().flatten() {
            if fill(line, values).contains(['{', '}']) {
                return Err(format!("has an unknown placeholder: {line}"));
            }
        }
        Ok(())
    }

    /// Launch line from an elementary stream of `codec` to pictures, or to access units.
    pub fn decode_launch(&self, codec: Codec, values: Values) -> String {
        let line = match codec {
            Codec::H264 => &self.decode.h264,
            Codec::H265 => &self.decode.h265,
        };
        fill(line, values)
    }

    /// Launch line from pictures to JPEG; none with passthrough.
    pub fn encode_launch(&self, values: Values) -> Option<String> {
        self.encode.as_deref().map(|line| fill(line, values))
    }
}

fn fill(line: &str, values: Values) -> String {
    line.replace("{decoder_threads}", &values.decoder_threads.to_string())
        .replace("{jpeg_quality}", &values.jpeg_quality.to_string())
}

#[cfg(test)]
mod tests;
