//! What is drawn on a camera's picture, without the camera.

use serde::Deserialize;
use vru_proto::{v1, validate};

use super::rule_schema::Rule;
use super::schema::{Line, SettingsMistake, Zone};

/// Zones, lines and rules as the settings of a camera have them. They need neither the camera's source nor its login.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DrawnRules {
    zones: Vec<Zone>,
    lines: Vec<Line>,
    rules: Vec<Rule>,
}

impl DrawnRules {
    /// The message of the camera with nothing but these.
    pub fn message(self, id: &str) -> Result<v1::CameraConfig, SettingsMistake> {
        let mistake =
            |field: &str, problem: &str| SettingsMistake { field: field.to_owned(), problem: problem.to_owned() };
        let rules = self.rules.into_iter().map(Rule::into_message).collect::<Result<_, _>>();
        let config = v1::CameraConfig {
            id: id.to_owned(),
            zones: self.zones.into_iter().map(Zone::into_message).collect(),
            lines: self.lines.into_iter().map(Line::into_message).collect(),
            rules: rules.map_err(|problem: String| mistake("rules", &problem))?,
            ..Default::default()
        };
        match validate::view(&config) {
            Ok(_) => Ok(config),
            Err(invalid) => Err(mistake(invalid.field, &invalid.problem)),
        }
    }
}
