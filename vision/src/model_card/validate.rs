//! Validation of a card's values.

use std::fmt;

use super::{LayoutName, MAX_DETECTIONS, ModelCard};

/// A card that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The text is not TOML, or a field is unknown or has the wrong type.
    #[error("cannot parse the model card")]
    Syntax(#[source] toml::de::Error),
    /// Values are out of range or contradict each other. Contains every problem.
    #[error("the model card has {} problem(s): {}", .0.len(), join(.0))]
    Invalid(Vec<CardProblem>),
}

/// One invalid value of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardProblem {
    /// The field with its section, such as `input.width`.
    pub field: &'static str,
    /// What is wrong, and which values are allowed.
    pub message: String,
}

impl fmt::Display for CardProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

fn join(problems: &[CardProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

// A larger input is a mistake in the card: a batch of its tensors would not fit in memory.
const MAX_SIDE: u32 = 8192;
const MAX_EXTRAS: u32 = 10_000;
// No data set has more.
const MAX_LABELS: usize = 10_000;

impl ModelCard {
    /// Every invalid value; empty if the card is valid.
    pub fn problems(&self) -> Vec<CardProblem> {
        let mut problems = Vec::new();
        let mut refuse = |field, message: &str| problems.push(CardProblem { field, message: message.to_owned() });

        if self.name.trim().is_empty() {
            refuse("name", "is empty");
        }
        if self.version.trim().is_empty() {
            refuse("version", "is empty");
        }
        for (field, side) in [("input.width", self.input.width), ("input.height", self.input.height)] {
            if side.is_some_and(|side| side == 0 || side > MAX_SIDE) {
                refuse(field, "must be 1 to 8192 pixels");
            }
        }
        if self.input.width.is_some() != self.input.height.is_some() {
            refuse("input", "must have both width and height, or neither");
        }
        if self.input.scale.is_some_and(|scale| !scale.is_finite() || scale <= 0.0) {
            refuse("input.scale", "must be finite and above 0");
        }
        if self.input.mean.iter().any(|mean| !mean.is_finite()) {
            refuse("input.mean", "must be finite");
        }
        if self.input.std.iter().any(|std| !std.is_finite() || *std <= 0.0) {
            refuse("input.std", "must be finite and above 0");
        }
        self.check_output(&mut refuse);
        let within = |value: f32| value.is_finite() && (0.0..=1.0).contains(&value);
        if !within(self.thresholds.score) {
            refuse("thresholds.score", "must be 0 to 1");
        }
        if !within(self.thresholds.nms_iou) {
            refuse("thresholds.nms_iou", "must be 0 to 1");
        }
        if !(1..=MAX_DETECTIONS).contains(&self.thresholds.max_detections) {
            refuse("thresholds.max_detections", &format!("must be 1 to {MAX_DETECTIONS}"));
        }
        for (field, message) in self.tracker.problems() {
            refuse("tracker", &format!("{field} {message}"));
        }
        if let Some(at) = self.labels.iter().position(|label| label.trim().is_empty()) {
            refuse("labels", &format!("label {at} is empty"));
        }
        problems
    }

    fn check_output(&self, refuse: &mut impl FnMut(&'static str, &str)) {
        if let Some(strides) = &self.output.strides {
            let ordered = strides.windows(2).all(|pair| pair[0] < pair[1]);
            if strides.is_empty() || strides.contains(&0) || !ordered {
                refuse("output.strides", "must be one or more numbers above 0 in ascending order");
            }
        }
        if self.output.reg_max.is_some_and(|reg_max| reg_max == 0 || reg_max > 64) {
            refuse("output.reg_max", "must be 1 to 64");
        }
        if self.output.cell_offset.is_some_and(|offset| !(0.0..=1.0).contains(&offset)) {
            refuse("output.cell_offset", "must be 0 to 1");
        }
        if self.output.extras.is_some_and(|extras| extras > MAX_EXTRAS) {
            refuse("output.extras", &format!("must be 0 to {MAX_EXTRAS}"));
        }
        if self.labels.len() > MAX_LABELS {
            refuse("labels", &format!("must be at most {MAX_LABELS}"));
        }
        if self.output.layout == Some(LayoutName::NanoDet) && self.labels.is_empty() {
            refuse("labels", "are required for the nanodet layout: its shape does not determine the number of classes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letterbox::{ColourOrder, Element, Resize};
    use crate::model_card::{BoxForm, BoxUnits, ScoreForm};

    const FULL: &str = r#"
        name = "nanodet-g"
        version = "1"
        licence = "Apache-2.0"
        labels = ["person", "bicycle"]
        [input]
        width = 416
        height = 416
        colour = "bgr"
        scale = 1.0
        mean = [103.53, 116.28, 123.675]
        std = [57.375, 57.12, 58.395]
        element = "f16"
        resize = "letterbox-top-left"
        pad = 0
        [output]
        layout = "nanodet"
        strides = [8, 16, 32]
        reg_max = 7
        cell_offset = 0.5
        scores = "sigmoid"
        boxes = "cxcywh"
        box_units = "normalised"
        [thresholds]
        score = 0.3
        nms_iou = 0.5
        max_detections = 100
        [tracker]
        max_lost_seconds = 3.5
    "#;

    #[test]
    fn a_full_card_is_parsed() {
        let card = ModelCard::parse(FULL).unwrap();
        assert_eq!(card.input.colour, ColourOrder::Bgr);
        assert_eq!(card.input.element, Some(Element::F16));
        assert_eq!(card.input.resize, Resize::LetterboxTopLeft);
        assert_eq!(card.output.layout, Some(LayoutName::NanoDet));
        assert_eq!(card.output.scores, Some(ScoreForm::Sigmoid));
        assert_eq!(card.output.boxes, Some(BoxForm::CxCyWh));
        assert_eq!(card.output.box_units, Some(BoxUnits::Normalised));
        assert_eq!(card.thresholds.max_detections, 100);
        assert!((card.tracker.max_lost_seconds - 3.5).abs() < 1e-6 && card.tracker.confirm_frames == 3);
    }

    #[test]
    fn a_card_with_only_a_name_and_version_has_the_defaults() {
        let card = ModelCard::parse("name = \"a\"\nversion = \"2\"").unwrap();
        assert_eq!(card.input.scale, None);
        assert_eq!(card.input.pad, 114);
        assert_eq!(card.output, crate::model_card::OutputCard::default());
    }

    #[test]
    fn every_problem_is_listed_at_once() {
        let text = r#"
            name = " "
            version = "1"
            [input]
            width = 0
            std = [1.0, 0.0, 1.0]
            [output]
            layout = "nanodet"
            strides = [16, 8]
            [thresholds]
            score = 1.5
            max_detections = 0
            [tracker]
            min_overlap = 0.0
            max_lost_seconds = -1.0
        "#;
        let Err(CardError::Invalid(problems)) = ModelCard::parse(text) else { panic!("accepted") };
        let fields: Vec<_> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            [
                "name",
                "input.width",
                "input",
                "input.std",
                "output.strides",
                "labels",
                "thresholds.score",
                "thresholds.max_detections",
                "tracker",
                "tracker"
            ]
        );
    }

    #[test]
    fn a_card_cannot_allow_more_detections_than_there_are_track_ids() {
        let refused = |max: u32| {
            let text = format!("name = \"a\"\nversion = \"1\"\n[thresholds]\nmax_detections = {max}");
            match ModelCard::parse(&text) {
                Err(CardError::Invalid(problems)) => problems.iter().any(|p| p.field == "thresholds.max_detections"),
                _ => false,
            }
        };
        assert!(!refused(MAX_DETECTIONS));
        assert!(refused(MAX_DETECTIONS + 1));
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let error = ModelCard::parse("name = \"a\"\nversion = \"2\"\n[input]\nwidht = 3").unwrap_err();
        let CardError::Syntax(source) = error else { panic!("{error}") };
        assert!(source.to_string().contains("widht"), "{source}");
    }

    #[test]
    fn an_unknown_layout_names_the_known_ones() {
        let error = ModelCard::parse("name = \"a\"\nversion = \"2\"\n[output]\nlayout = \"ssd\"").unwrap_err();
        let CardError::Syntax(source) = error else { panic!("{error}") };
        assert!(source.to_string().contains("yolov8"), "{source}");
    }
}
