//! A track as answers have it.

use serde::Serialize;
use utoipa::ToSchema;
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::{self, TrackDetails, TrackId};

use crate::http::Problem;
use crate::routes::picture::{PictureBox, fractions};
use crate::routes::text::time;
use crate::words::{Direction, RoadUserClass, Word as _};

/// One road user as one camera saw it. A track ends without notice: `last_seen` no longer changes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Track {
    /// Of the camera, of its session, and of the track in it, with dots.
    #[schema(example = "camera_0k4.1700000000000000.4097")]
    id: String,
    camera_id: String,
    /// Absent if the camera belongs to no site.
    #[serde(skip_serializing_if = "Option::is_none")]
    site_id: Option<String>,
    /// Capture time of the first detection.
    #[schema(format = DateTime)]
    first_seen: String,
    /// Capture time of the last detection so far.
    #[schema(format = DateTime)]
    last_seen: String,
    /// Seconds from the first detection to the last.
    duration_s: f64,
    /// What most detections took it for. Absent for a class that this version of the service does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<RoadUserClass>,
    /// Share of the detections that did, 0 to 1.
    class_share: f32,
    /// How many detections.
    detections: i64,
    /// Whether the tracker was ever sure of it.
    confirmed: bool,
    /// Confidence of the model in its best detection, 0 to 1.
    best_score: f32,
    /// Zones in which it was.
    zones: Vec<String>,
    /// Pixels of the camera's own picture a second; absent for a track that was too short to measure. Cameras have no calibration, so
    /// nothing is in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_speed_px_s: Option<f64>,
    /// Of the fastest second.
    #[serde(skip_serializing_if = "Option::is_none")]
    top_speed_px_s: Option<f64>,
    /// Whether an alert took a picture of it.
    has_snapshot: bool,
}

/// One track with its path. Positions are fractions of the picture, from its top left, as zones and lines of cameras are; what ends with
/// `_px` is in pixels of the camera's own picture.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrackDetail {
    #[serde(flatten)]
    track: Track,
    /// Width of the camera's own picture, in pixels.
    source_width: i32,
    /// Height of the camera's own picture, in pixels.
    source_height: i32,
    /// 1 to 32 of its places, among them the first and the last. Between them it moved in straight lines, as exactly as `path_error_px`
    /// says.
    path: Vec<PathPoint>,
    /// No detection is farther from the path at its time.
    path_error_px: f32,
    /// How far it went.
    travelled_px: f64,
    /// When it was in which zone.
    zone_visits: Vec<ZoneVisit>,
    /// Which lines it crossed, in the order of time.
    crossings: Vec<Crossing>,
    /// Its detection with the highest score.
    best: BestDetection,
    /// Its best picture; absent if no alert took one.
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<TrackSnapshot>,
}

/// Where the road user stood: the middle of the bottom edge of its box.
#[derive(Debug, Serialize, ToSchema)]
struct PathPoint {
    #[schema(format = DateTime)]
    at: String,
    x: f64,
    y: f64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ZoneVisit {
    zone_id: String,
    /// Of the first detection inside.
    #[schema(format = DateTime)]
    first_inside: String,
    /// Of the last detection inside. It may have left in between.
    #[schema(format = DateTime)]
    last_inside: String,
    /// How many detections were inside.
    detections: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackCrossing)]
struct Crossing {
    line_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[schema(format = DateTime)]
    at: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct BestDetection {
    #[schema(format = DateTime)]
    at: String,
    score: f32,
    #[serde(rename = "box")]
    bounds: PictureBox,
}

#[derive(Debug, Serialize, ToSchema)]
struct TrackSnapshot {
    /// Confidence of the model in that picture, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
}

impl From<tracks::Track> for Track {
    fn from(track: tracks::Track) -> Self {
        let duration = track.last_seen.duration_since(track.first_seen).unwrap_or_default();
        Self {
            id: track.id.to_string(),
            camera_id: track.id.camera_id,
            site_id: track.site_id,
            first_seen: time(track.first_seen),
            last_seen: time(track.last_seen),
            duration_s: duration.as_secs_f64(),
            class: RoadUserClass::word(track.class),
            class_share: track.class_share,
            detections: track.detections,
            confirmed: track.confirmed_detections > 0,
            best_score: track.best_score,
            zones: track.zone_ids,
            mean_speed_px_s: track.mean_speed_px_s,
            top_speed_px_s: track.top_speed_px_s,
            has_snapshot: track.snapshot_key.is_some(),
        }
    }
}

impl From<TrackDetails> for TrackDetail {
    fn from(details: TrackDetails) -> Self {
        let size = details.source_size;
        let places = details.path_x.into_iter().zip(details.path_y);
        let path = details.path_at.into_iter().zip(places).map(|(at, place)| {
            let (x, y) = fractions(place, size);
            PathPoint { at: time(at), x, y }
        });
        let inside = details.zone_first_inside.into_iter().zip(details.zone_last_inside);
        let inside = inside.zip(details.zone_detections);
        let visits = details.track.zone_ids.iter().zip(inside).map(|(zone, ((first, last), detections))| ZoneVisit {
            zone_id: zone.clone(),
            first_inside: time(first),
            last_inside: time(last),
            detections,
        });
        let crossings = details.crossings.into_iter().map(|crossing| Crossing {
            line_id: crossing.line_id,
            direction: Direction::word(crossing.direction),
            at: time(crossing.at),
        });
        let best = BestDetection {
            at: time(details.best_at),
            score: details.track.best_score,
            bounds: PictureBox::new(details.best_box, size),
        };
        let score = details.snapshot_score;
        Self {
            source_width: size.0,
            source_height: size.1,
            path: path.collect(),
            path_error_px: details.path_error_px,
            travelled_px: details.travelled_px,
            zone_visits: visits.collect(),
            crossings: crossings.collect(),
            best,
            snapshot: details.track.snapshot_key.is_some().then_some(TrackSnapshot { score }),
            track: Track::from(details.track),
        }
    }
}

/// For routes that answer with 404.
pub(super) async fn find(client: &PooledClient, site_id: Option<&str>, id: &str) -> Result<TrackDetails, Problem> {
    let missing = || Problem::not_found("track");
    let id = TrackId::from_text(id).ok_or_else(missing)?;
    tracks::find(client, site_id, &id).await?.ok_or_else(missing)
}
