//! A site as requests and answers have it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::sites;

use crate::http::Problem;
use crate::routes::text::{check_display_name, time};

/// A place with cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Site {
    id: String,
    name: String,
    /// IANA name.
    time_zone: String,
    location: Option<Location>,
    units: Units,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    changed_at: String,
}

/// What people choose about a site.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteSettings {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200, example = "North crossing")]
    name: String,
    /// IANA name. Days and hours of counts are those of this zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// Where the site is, if it is known.
    location: Option<Location>,
    /// How speeds and lengths are shown.
    #[serde(default)]
    units: Units,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Location {
    /// WGS 84, degrees, north positive.
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    /// WGS 84, degrees, east positive.
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Units {
    #[default]
    Metric,
    Imperial,
}

impl SiteSettings {
    /// As it is stored; names the field that is wrong.
    pub(super) fn checked(self) -> Result<sites::SiteSettings, Problem> {
        let Self { name, time_zone, location, units } = self;
        check_display_name("name", &name)?;
        if !is_time_zone(&time_zone) {
            return Err(Problem::field("time_zone", "is not the IANA name of a time zone, such as Europe/Berlin"));
        }
        if let Some(Location { latitude, longitude }) = location {
            if !(-90.0..=90.0).contains(&latitude) {
                return Err(Problem::field("location.latitude", "is not between -90 and 90"));
            }
            if !(-180.0..=180.0).contains(&longitude) {
                return Err(Problem::field("location.longitude", "is not between -180 and 180"));
            }
        }
        Ok(sites::SiteSettings {
            name,
            time_zone,
            location: location.map(|Location { latitude, longitude }| sites::Location { latitude, longitude }),
            units: match units {
                Units::Metric => sites::Units::Metric,
                Units::Imperial => sites::Units::Imperial,
            },
        })
    }
}

impl From<sites::Site> for Site {
    fn from(site: sites::Site) -> Self {
        let sites::Site { id, settings, created_at, changed_at, .. } = site;
        let sites::SiteSettings { name, time_zone, location, units } = settings;
        Self {
            id,
            name,
            time_zone,
            location: location.map(|sites::Location { latitude, longitude }| Location { latitude, longitude }),
            units: match units {
                sites::Units::Metric => Units::Metric,
                sites::Units::Imperial => Units::Imperial,
            },
            created_at: time(created_at),
            changed_at: time(changed_at),
        }
    }
}

fn is_time_zone(name: &str) -> bool {
    // The library also takes POSIX rules and offsets, which are no names.
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-+".contains(&byte))
        && jiff::tz::TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_time_zones_are_time_zones() {
        for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"] {
            assert!(is_time_zone(name), "{name}");
        }
        for name in ["", "Berlin", "Europe/Atlantis", "CET-1CEST,M3.5.0,M10.5.0/3", "+02:00", "../etc/passwd"] {
            assert!(!is_time_zone(name), "{name}");
        }
    }
}
