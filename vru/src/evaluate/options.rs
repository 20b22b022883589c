use std::path::PathBuf;

use vru_vision::mot::EvaluationOptions;

/// Measures tracks against ground truth: MOTA, IDF1 and id switches as `motmetrics` does, HOTA as `trackeval` does.
///
/// Both files are in MOT Challenge format, such as those that `vru analyse --mot` writes. Ground truth with a confidence of 0 is
/// ignored, and so is a box of a track on it. Example:
///
///   vru analyse street.mp4 --mot tracks.txt && vru evaluate gt.txt tracks.txt
#[derive(Debug, Clone, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct EvaluateOptions {
    /// Ground truth: frame,id,left,top,width,height,consider, and with nine columns class,visibility.
    pub ground_truth: PathBuf,
    /// Tracks: frame,id,left,top,width,height,confidence.
    pub results: PathBuf,
    /// Classes of the ground truth to evaluate, where it has a class.
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', default_value = "1")]
    pub class: Vec<u32>,
    /// Classes of the ground truth on which a track is neither right nor wrong.
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', default_value = "2,7,8,12")]
    pub distractor: Vec<u32>,
    /// Count the boxes in frames without ground truth as false positives. Default: such frames are not compared.
    #[arg(long)]
    pub every_frame: bool,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl EvaluateOptions {
    pub(super) fn evaluation(&self) -> EvaluationOptions {
        EvaluationOptions {
            classes: self.class.clone(),
            distractors: self.distractor.clone(),
            every_frame: self.every_frame,
        }
    }
}
