//! The ranges of a camera's tracker settings. Those of `vision` are the same; this crate does not depend on it.

use crate::InvalidMessage;
use crate::v1;

/// Fails with every mistake in one text.
pub(crate) fn check(settings: &v1::TrackerSettings) -> Result<(), InvalidMessage> {
    let share = 0.0..=1.0;
    let minutes = 0.0..=60.0;
    let numbers = [
        ("high_score", settings.high_score, share.clone()),
        ("low_score", settings.low_score, share.clone()),
        ("new_track_score", settings.new_track_score, share.clone()),
        ("confirm_seconds", settings.confirm_seconds, minutes.clone()),
        ("confirm_score", settings.confirm_score, share),
        ("max_lost_seconds", settings.max_lost_seconds, minutes),
        ("growth", settings.growth, 0.0..=2.0),
        ("min_overlap", settings.min_overlap, f32::MIN_POSITIVE..=1.0),
        ("appearance", settings.appearance, 0.0..=4.0),
    ];
    let mut problems = Vec::new();
    for (field, value, range) in numbers {
        // NaN is in no range.
        if let Some(value) = value.filter(|value| !range.contains(value)) {
            let from = if *range.start() > 0.0 { "above 0" } else { "0" };
            problems.push(format!("{field} is {value}, not {from} to {}", range.end()));
        }
    }
    if let Some(frames) = settings.confirm_frames.filter(|frames| !(1..=1000).contains(frames)) {
        problems.push(format!("confirm_frames is {frames}, not 1 to 1000"));
    }
    if let (Some(low), Some(high)) = (settings.low_score, settings.high_score)
        && low > high
    {
        problems.push(format!("low_score {low} is above high_score {high}"));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(InvalidMessage::new("CameraConfig", "tracker", format!("has mistakes: {}", problems.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_listed() {
        let settings = v1::TrackerSettings {
            high_score: Some(0.2),
            low_score: Some(0.3),
            confirm_frames: Some(0),
            max_lost_seconds: Some(f32::NAN),
            min_overlap: Some(0.0),
            growth: Some(0.5),
            ..Default::default()
        };
        let text = check(&settings).unwrap_err().to_string();
        assert_eq!(
            text,
            "CameraConfig: field `tracker` has mistakes: max_lost_seconds is NaN, not 0 to 60, min_overlap is 0, not above 0 to 1, \
             confirm_frames is 0, not 1 to 1000, low_score 0.3 is above high_score 0.2"
        );
        assert!(check(&v1::TrackerSettings::default()).is_ok());
    }
}
