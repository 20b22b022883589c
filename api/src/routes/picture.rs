//! Places in a camera's picture, and the pictures themselves.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use vru_storage::audit::{self, Entry};

use super::text::time;
use crate::auth::Caller;
use crate::http::Problem;
use crate::pictures::{Address, Reader};
use crate::state::ApiState;

/// A box in fractions of the picture: from its top left, 1 is its width or height. Parts of a box may be outside.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PictureBox {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl PictureBox {
    /// `bounds`: left, top, width, height in pixels.
    pub(super) fn new(bounds: [f32; 4], size: (i32, i32)) -> Self {
        let [left, top, width, height] = bounds;
        let ((left, top), (width, height)) = (fractions((left, top), size), fractions((width, height), size));
        Self { left, top, width, height }
    }
}

/// Pixels as fractions of the picture.
pub(super) fn fractions((x, y): (f32, f32), (width, height): (i32, i32)) -> (f64, f64) {
    let of = |pixels: f32, side: i32| f64::from(pixels) / f64::from(side.max(1));
    (of(x, width), of(y, height))
}

/// Where a picture is.
#[derive(Serialize, ToSchema)]
pub(super) struct PictureAddress {
    /// An address at the bucket's server: whoever has it can get the picture with a plain GET, without log-in or key, so do not keep it and
    /// do not pass it on. Or, where the API passes pictures on (`s3.relay`), a path of the API that needs the same log-in or key.
    url: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Of whom a picture is asked for.
pub(super) struct Shown<'a> {
    /// For the audit log: `alert.see_clip`.
    pub(super) action: &'a str,
    pub(super) site_id: Option<&'a str>,
    pub(super) camera_id: &'a str,
    /// The id of the alert or track.
    pub(super) object: &'a str,
    /// Empty if there is none.
    pub(super) key: &'a str,
}

/// Every address that is given away is in the audit log. Call it without a connection to the database: the store of pictures may keep it
/// waiting.
pub(super) async fn show(state: &ApiState, caller: &Caller, shown: Shown<'_>) -> Result<PictureAddress, Problem> {
    let Shown { action, site_id, camera_id, object, key } = shown;
    let Address { url, expires_at } =
        state.pictures.address(Reader { site_id, subject: &caller.subject() }, key).await?;
    let entry =
        Entry { action, site_id: site_id.unwrap_or_default(), object, details: json!({ "camera_id": camera_id }) };
    audit::record(&state.database.get().await?, &caller.actor(), entry).await?;
    Ok(PictureAddress { url, expires_at: time(expires_at) })
}

impl IntoResponse for PictureAddress {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}
