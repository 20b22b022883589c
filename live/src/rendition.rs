use serde::{Deserialize, Serialize};

/// In which form somebody watches a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rendition {
    /// JPEG, at most 640 pixels wide, at most ten pictures a second.
    Tile,
    /// JPEG, as large as ingest publishes it.
    Full,
    /// Access units as the camera sends them, if it sends H.264 and ingest passes it through; otherwise as `Full`.
    H264,
    /// Boxes without pictures.
    None,
}

impl Rendition {
    pub const ALL: [Self; 4] = [Self::Tile, Self::Full, Self::H264, Self::None];

    /// As messages and metrics have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tile => "tile",
            Self::Full => "full",
            Self::H264 => "h264",
            Self::None => "none",
        }
    }

    pub(crate) fn has_pictures(self) -> bool {
        self != Self::None
    }
}
