//! Counts as GeoJSON (RFC 7946): one feature for each bin, where its camera is.

use std::collections::BTreeMap;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vru_runtime::cameras::Location;
use vru_storage::counts::CountedCamera;
use vru_storage::sites;

use super::answer::{Counts, Series};
use crate::http::Problem;
use crate::routes::bins::BinLength;
use crate::words::{Direction, RoadUserClass};

pub(super) const GEOJSON: &str = "application/geo+json";

/// Where cameras are.
pub(super) struct Positions {
    site: Option<sites::Location>,
    cameras: BTreeMap<String, Location>,
}

impl Positions {
    pub(super) fn of(site: Option<sites::Location>, cameras: &[CountedCamera]) -> Self {
        let located = |camera: &CountedCamera| {
            // Settings of another version of the service may say it in another way: then it is not known.
            let location = serde_json::from_value(camera.settings.get("location")?.clone()).ok()?;
            Some((camera.id.clone(), location))
        };
        Self { site, cameras: cameras.iter().filter_map(located).collect() }
    }

    /// Of the camera, or else of its site: longitude and latitude, and where the camera looks.
    fn find(&self, camera_id: &str) -> Option<(PositionOf, [f64; 2], Option<f64>)> {
        if let Some(Location { latitude, longitude, heading }) = self.cameras.get(camera_id) {
            return Some((PositionOf::Camera, [*longitude, *latitude], *heading));
        }
        let sites::Location { latitude, longitude } = self.site?;
        Some((PositionOf::Site, [longitude, latitude], None))
    }
}

/// Counts as a feature collection of RFC 7946.
#[derive(Serialize, ToSchema)]
#[schema(as = CountFeatures)]
pub(super) struct FeatureCollection<'a> {
    #[schema(value_type = String, pattern = "^FeatureCollection$")]
    r#type: &'static str,
    bin: BinLength,
    /// IANA name, of the site.
    time_zone: &'a str,
    features: Vec<Feature<'a>>,
}

/// One bin of one line or zone.
#[derive(Serialize, ToSchema)]
#[schema(as = CountFeature)]
struct Feature<'a> {
    #[schema(value_type = String, pattern = "^Feature$")]
    r#type: &'static str,
    /// `null` if neither the camera nor the site has a position.
    geometry: Option<PointGeometry>,
    properties: Properties<'a>,
}

#[derive(Serialize, ToSchema)]
struct PointGeometry {
    #[schema(value_type = String, pattern = "^Point$")]
    r#type: &'static str,
    /// Longitude and latitude: WGS 84, degrees.
    coordinates: [f64; 2],
}

/// Whose position it is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PositionOf {
    Camera,
    /// The camera has none.
    Site,
}

/// As in the JSON answer. All are there, so that a table of features has the same columns for all: what does not apply is `null`.
#[derive(Serialize, ToSchema)]
#[schema(as = CountProperties)]
struct Properties<'a> {
    position: Option<PositionOf>,
    /// Where the camera looks: degrees from north, clockwise.
    heading: Option<f64>,
    camera_id: &'a str,
    line_id: Option<&'a str>,
    zone_id: Option<&'a str>,
    direction: Option<Direction>,
    class: Option<RoadUserClass>,
    session: Option<&'a str>,
    /// With the offset of the site's time zone.
    #[schema(format = DateTime)]
    from: &'a str,
    #[schema(format = DateTime)]
    to: &'a str,
    seconds: i64,
    watched_seconds: f64,
    /// `null`: nobody looked.
    count: Option<i64>,
}

pub(super) fn features<'a>(counts: &'a Counts, positions: &Positions) -> FeatureCollection<'a> {
    let of_series = |series: &'a Series| {
        let found = positions.find(&series.camera_id);
        let position = found.map(|(position, _, _)| position);
        let heading = found.and_then(|(_, _, heading)| heading);
        series.bins.iter().map(move |bin| Feature {
            r#type: "Feature",
            geometry: found.map(|(_, coordinates, _)| PointGeometry { r#type: "Point", coordinates }),
            properties: Properties {
                position,
                heading,
                camera_id: &series.camera_id,
                line_id: series.line_id.as_deref(),
                zone_id: series.zone_id.as_deref(),
                direction: series.direction,
                class: series.class,
                session: series.session.as_deref(),
                from: &bin.from,
                to: &bin.to,
                seconds: bin.seconds,
                watched_seconds: bin.watched_seconds,
                count: bin.count,
            },
        })
    };
    let features = counts.series.iter().flat_map(of_series).collect();
    FeatureCollection { r#type: "FeatureCollection", bin: counts.bin, time_zone: &counts.time_zone, features }
}

pub(super) fn geojson_answer(features: &FeatureCollection<'_>) -> Result<Response, Problem> {
    let text = serde_json::to_vec(features).map_err(|error| {
        tracing::error!(%error, "cannot write counts as GeoJSON");
        Problem::internal()
    })?;
    let headers =
        [(header::CONTENT_TYPE, GEOJSON), (header::CONTENT_DISPOSITION, "attachment; filename=\"counts.geojson\"")];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn camera(id: &str, settings: Value) -> CountedCamera {
        CountedCamera { id: id.to_owned(), settings, deleted: false, file: false }
    }

    #[test]
    fn a_camera_is_at_its_own_position_else_at_that_of_its_site_else_nowhere() {
        let cameras = [
            camera("own", json!({ "location": { "latitude": 52.5, "longitude": 13.4, "heading": 90.0 } })),
            camera("none", json!({})),
            camera("unreadable", json!({ "location": { "latitude": "north" } })),
        ];
        let found = |site: Option<sites::Location>, id: &str| {
            let found = Positions::of(site, &cameras).find(id);
            found.map(|(of, at, heading)| (matches!(of, PositionOf::Camera), at, heading))
        };
        let site = Some(sites::Location { latitude: 48.1, longitude: 11.6 });
        assert_eq!(found(site, "own"), Some((true, [13.4, 52.5], Some(90.0))), "longitude is first");
        assert_eq!(found(site, "none"), Some((false, [11.6, 48.1], None)));
        assert_eq!(found(site, "unreadable"), Some((false, [11.6, 48.1], None)));
        assert_eq!(found(None, "own"), Some((true, [13.4, 52.5], Some(90.0))));
        assert_eq!(found(None, "none"), None);
    }
}
