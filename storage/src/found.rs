//! What the model found of one road user in one frame.

use tokio_postgres::Row;

/// Numbered as in the messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub class: i16,
    pub score: f32,
    pub track_state: i16,
    /// Left, top, width, height in pixels.
    pub bounds: [f32; 4],
    pub zone_ids: Vec<String>,
}

impl Found {
    /// Of a row of `detections`.
    pub(crate) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            class: row.try_get("class")?,
            score: row.try_get("score")?,
            track_state: row.try_get("track_state")?,
            bounds: [
                row.try_get("box_left")?,
                row.try_get("box_top")?,
                row.try_get("box_width")?,
                row.try_get("box_height")?,
            ],
            zone_ids: row.try_get::<_, Option<_>>("zone_ids")?.unwrap_or_default(),
        })
    }
}
