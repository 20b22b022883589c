use vru_media::description::{DescriptionError, PipelineDescription, PipelineOutput, PlaceholderValues};
use vru_media::pipeline_set::{PASSTHROUGH, PipelineSet};
use vru_proto::v1;

/// A camera's output settings, with the defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputPlan {
    /// The pipeline that decodes and encodes.
    pub description: PipelineDescription,
    /// Most frames a second.
    pub max_fps: f64,
    /// Pixels; 0 is unlimited.
    pub max_width: u32,
    /// Pixels; 0 is unlimited.
    pub max_height: u32,
    /// 1 to 100.
    pub jpeg_quality: u32,
}

impl OutputPlan {
    /// Fails when the camera names a pipeline that does not exist.
    pub fn new(output: Option<&v1::Output>, pipelines: &PipelineSet) -> Result<Self, DescriptionError> {
        let output = output.cloned().unwrap_or_default();
        let name = match output.encoding() {
            v1::Encoding::H264 | v1::Encoding::H265 => PASSTHROUGH,
            v1::Encoding::Jpeg | v1::Encoding::Unspecified => output.pipeline.as_str(),
        };
        let or = |value: u32, default: u32| if value == 0 { default } else { value };
        Ok(Self {
            description: pipelines.get(name)?.clone(),
            max_fps: if output.max_fps > 0.0 { output.max_fps } else { 10.0 },
            max_width: output.max_width,
            max_height: output.max_height,
            jpeg_quality: or(output.jpeg_quality, 85).min(100),
        })
    }

    /// Whether access units are published without decoding.
    pub fn is_passthrough(&self) -> bool {
        self.description.output == PipelineOutput::Passthrough
    }

    /// The values of the description's placeholders.
    pub fn values(&self, decoder_threads: u32) -> PlaceholderValues {
        PlaceholderValues { decoder_threads, jpeg_quality: self.jpeg_quality }
    }

    /// The size that a picture is scaled to. It keeps the aspect ratio, and is never larger than the picture.
    pub fn fit(&self, width: u32, height: u32) -> (u32, u32) {
        let ratio = |limit: u32, side: u32| if limit == 0 { 1.0 } else { f64::from(limit) / f64::from(side.max(1)) };
        let scale = ratio(self.max_width, width).min(ratio(self.max_height, height)).min(1.0);
        let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        (scaled(width), scaled(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(max_width: u32, max_height: u32) -> OutputPlan {
        let output = v1::Output { max_width, max_height, ..v1::Output::default() };
        OutputPlan::new(Some(&output), &PipelineSet::embedded()).unwrap()
    }

    #[test]
    fn pictures_keep_their_aspect_ratio_and_are_never_enlarged() {
        assert_eq!(plan(0, 0).fit(1920, 1080), (1920, 1080));
        assert_eq!(plan(960, 0).fit(1920, 1080), (960, 540));
        assert_eq!(plan(960, 270).fit(1920, 1080), (480, 270));
        assert_eq!(plan(4000, 4000).fit(768, 576), (768, 576));
        assert_eq!(plan(1, 1).fit(1920, 1), (1, 1));
    }

    #[test]
    fn defaults_are_filled_in() {
        let plan = OutputPlan::new(None, &PipelineSet::embedded()).unwrap();
        assert_eq!((plan.max_fps, plan.jpeg_quality, plan.description.name.as_str()), (10.0, 85, "software"));
        let passthrough = v1::Output { encoding: v1::Encoding::H265 as i32, ..v1::Output::default() };
        assert!(OutputPlan::new(Some(&passthrough), &PipelineSet::embedded()).unwrap().is_passthrough());
        let unknown = v1::Output { pipeline: "magic".to_owned(), ..v1::Output::default() };
        assert!(OutputPlan::new(Some(&unknown), &PipelineSet::embedded()).is_err());
    }
}
