//! What the tracker gets besides the detections: the settings of the camera, and what each detection looks like.

use vru_proto::v1;
use vru_vision::appearance::Appearance;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::tracker::TrackerConfig;

use crate::picture::Picture;

/// The model's settings with those that the camera sets itself. Settings that contradict the model's are refused as a whole: half
/// of them would be neither what the camera wants nor what the model was measured with.
pub fn camera_tracker(
    model: &TrackerConfig,
    camera: &v1::CameraConfig,
) -> Result<TrackerConfig, ContradictingSettings> {
    let Some(own) = camera.tracker.as_ref() else { return Ok(model.clone()) };
    let merged = TrackerConfig {
        high_score: own.high_score.unwrap_or(model.high_score),
        low_score: own.low_score.unwrap_or(model.low_score),
        new_track_score: own.new_track_score.unwrap_or(model.new_track_score),
        confirm_frames: own.confirm_frames.unwrap_or(model.confirm_frames),
        confirm_seconds: own.confirm_seconds.unwrap_or(model.confirm_seconds),
        confirm_score: own.confirm_score.unwrap_or(model.confirm_score),
        max_lost_seconds: own.max_lost_seconds.unwrap_or(model.max_lost_seconds),
        growth: own.growth.unwrap_or(model.growth),
        min_overlap: own.min_overlap.unwrap_or(model.min_overlap),
        appearance: own.appearance.unwrap_or(model.appearance),
        max_tracks: model.max_tracks,
    };
    let mut problems = Vec::new();
    if merged.low_score > merged.high_score {
        let whose = |set: Option<f32>| if set.is_some() { "the camera's" } else { "the model's" };
        problems.push(format!(
            "{} low_score {} is above {} high_score {}",
            whose(own.low_score),
            merged.low_score,
            whose(own.high_score),
            merged.high_score
        ));
    }
    let others = merged.problems().into_iter().filter(|_| problems.is_empty());
    let others: Vec<String> = others.map(|(field, message)| format!("{field} {message}")).collect();
    problems.extend(others);
    if problems.is_empty() {
        return Ok(merged);
    }
    Err(ContradictingSettings { camera: camera.id.clone(), problems: problems.join("; ") })
}

/// Settings of a camera that do not fit those of the model.
#[derive(Debug, thiserror::Error)]
#[error("the tracker settings of camera {camera} do not fit the model: {problems}")]
pub struct ContradictingSettings {
    camera: String,
    problems: String,
}

/// The settings for a camera whose configuration arrives while the worker runs: if they contradict the model's, the model's are used.
pub(super) fn tracker_config(model: &TrackerConfig, camera: Option<&v1::CameraConfig>) -> TrackerConfig {
    let Some(camera) = camera else { return model.clone() };
    camera_tracker(model, camera).unwrap_or_else(|error| {
        tracing::error!(camera = camera.id, error = %error, "the camera is tracked with the model's settings");
        model.clone()
    })
}

/// Weaker detections are mostly parts of a road user, and a picture of a part misleads.
const MIN_SCORE: f32 = 0.3;

/// The detections with their appearance in the picture, which may be scaled down.
pub(super) fn pictured(detections: &[Detection], picture: Option<&Picture>) -> Vec<Detection> {
    let Some(picture) = picture else { return detections.to_vec() };
    let (width, height) = (picture.image.width as f32, picture.image.height as f32);
    let across = width / picture.source.width.max(1) as f32;
    let down = height / picture.source.height.max(1) as f32;
    let look = |detection: &Detection| {
        let Rect { left, top, width, height } = detection.rect;
        let rect = Rect { left: left * across, top: top * down, width: width * across, height: height * down };
        let strong = detection.score >= MIN_SCORE;
        Detection { appearance: strong.then(|| Appearance::of(picture.image.view(), &rect)).flatten(), ..*detection }
    };
    detections.iter().map(look).collect()
}

#[cfg(test)]
mod tests {
    use vru_media::jpeg::Size;
    use vru_vision::image::Image;
    use vru_vision::road_user::RoadUserClass;

    use super::*;

    #[test]
    fn a_camera_overrides_single_settings_of_the_model() {
        let model = TrackerConfig { high_score: 0.4, ..TrackerConfig::default() };
        let camera = |tracker| v1::CameraConfig { tracker: Some(tracker), ..Default::default() };
        let own = v1::TrackerSettings { max_lost_seconds: Some(5.0), ..Default::default() };
        let want = TrackerConfig { max_lost_seconds: 5.0, ..model.clone() };
        assert_eq!(tracker_config(&model, Some(&camera(own))), want);
        assert_eq!(tracker_config(&model, None), model);
        // The model's low_score is 0.1.
        let contradicts = v1::TrackerSettings { high_score: Some(0.05), growth: Some(1.0), ..Default::default() };
        assert_eq!(tracker_config(&model, Some(&camera(contradicts))), model);
        let error =
            camera_tracker(&model, &v1::CameraConfig { id: "gate".to_owned(), ..camera(contradicts) }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the tracker settings of camera gate do not fit the model: the model's low_score 0.1 is above the camera's high_score 0.05"
        );
    }

    #[test]
    fn a_scaled_picture_gives_the_appearance_at_the_scaled_place() {
        let mut image = Image::filled(100, 100, [10, 10, 10]);
        for y in 20..60 {
            for x in 40..60 {
                image.data[(y * 100 + x) * 3] = 200;
            }
        }
        let picture = Picture { image, source: Size { width: 200, height: 400 } };
        let at = |left: f32, top: f32, score: f32| {
            Detection::new(Rect { left, top, width: 40.0, height: 160.0 }, RoadUserClass::Pedestrian, score)
        };
        let found = pictured(&[at(80.0, 80.0, 0.9), at(0.0, 80.0, 0.9), at(80.0, 80.0, 0.1)], Some(&picture));
        let red = Appearance::of(picture.image.view(), &Rect { left: 40.0, top: 20.0, width: 20.0, height: 40.0 });
        assert_eq!(found[0].appearance, red);
        assert!(found[1].appearance.is_some_and(|dark| Some(dark) != red));
        assert_eq!(found[2].appearance, None);
    }
}
