//! Where a camera is. Only people and maps use it: no service acts on it, so it is not on the topic.

use serde::{Deserialize, Serialize};

/// Where a camera is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = CameraLocation))]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// WGS 84, degrees, north positive.
    #[cfg_attr(feature = "openapi", schema(minimum = -90, maximum = 90))]
    pub latitude: f64,
    /// WGS 84, degrees, east positive.
    #[cfg_attr(feature = "openapi", schema(minimum = -180, maximum = 180))]
    pub longitude: f64,
    /// Where it looks: degrees from north, clockwise; 90 is east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 360))]
    pub heading: Option<f64>,
}

impl Location {
    /// An error has the field that is wrong, and what is wrong with it.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        let limits = [
            ("latitude", Some(self.latitude), -90.0..=90.0),
            ("longitude", Some(self.longitude), -180.0..=180.0),
            ("heading", self.heading, 0.0..=360.0),
        ];
        for (name, value, limits) in limits {
            if value.is_some_and(|value| !limits.contains(&value)) {
                let problem = format!("is not between {} and {}", limits.start(), limits.end());
                return Err((format!("location.{name}"), problem));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_the_globe_are_named() {
        let wrong = |latitude, longitude, heading| {
            Location { latitude, longitude, heading }.check().err().map(|(field, _)| field)
        };
        assert_eq!(wrong(90.0, -180.0, Some(360.0)), None);
        assert_eq!(wrong(-90.0, 180.0, None), None);
        assert_eq!(wrong(90.1, 0.0, None).as_deref(), Some("location.latitude"));
        assert_eq!(wrong(f64::NAN, 0.0, None).as_deref(), Some("location.latitude"));
        assert_eq!(wrong(0.0, -180.5, None).as_deref(), Some("location.longitude"));
        assert_eq!(wrong(0.0, 0.0, Some(-1.0)).as_deref(), Some("location.heading"));
    }
}
