use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vru_storage::postgres::PooledClient;
use vru_storage::tracks::TrackId;
use vru_storage::uploads::{self, AnalysedFrame, FoundObject, FramePlace};

use super::upload::find;
use crate::auth::{Permitted, actions::SeeTracks};
use crate::http::{Filtered, Page, PageQuery, Problem, Problems, Time, columns_key, foreign_cursor};
use crate::routes::found::FoundRoadUser;
use crate::routes::text::{check_times, from_micros, micros, time};
use crate::state::ApiState;

/// What was found in one frame of a video file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UploadFrame {
    /// Capture time of the frame: `start_time` of the upload and `seconds`.
    #[schema(format = DateTime)]
    at: String,
    /// From the first frame of the file to this one, as a player counts, to the microsecond.
    seconds: f64,
    /// Number of the frame in the file; a gap is frames that cannot be decoded.
    sequence: i64,
    objects: Vec<FrameObject>,
}

/// One road user in a frame.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FrameObject {
    /// Absent while it has no track.
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<String>,
    #[serde(flatten)]
    found: FoundRoadUser,
}

/// All that is given must be true of a frame.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FrameQuery {
    /// Captured at this time or later: RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Captured before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
}

const LIST: &str = "frames";

/// What was found in each frame of an upload, also in those without road users: for players that draw boxes on the pictures.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/uploads/{upload_id}/frames",
    tag = "uploads",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path), ("upload_id" = String, Path), FrameQuery, PageQuery),
    responses((status = 200, description = "One page, the earliest first", body = Page<UploadFrame>), Problems)
)]
pub(super) async fn frames(
    State(state): State<ApiState>,
    who: Permitted<SeeTracks>,
    Filtered { filter, page }: Filtered<FrameQuery>,
) -> Result<Json<Page<UploadFrame>>, Problem> {
    let FrameQuery { from, to } = filter;
    check_times(from, to)?;
    let upload = find(&state.database.get().await?, &who.site_id, &who.object_id).await?;
    let after = place(&page, &upload.id)?;
    let range = (from.map_or(upload.start_time, |from| from.0), to.map(|to| to.0));
    let of = &upload;
    let limit = page.read();
    let read = |client: PooledClient| async move { Ok(uploads::frames(&client, of, range, after, limit).await?) };
    let found = state.reads.run(read).await?;
    let key = |frame: &AnalysedFrame| {
        let at = micros(frame.captured_at).to_string();
        columns_key(LIST, &[upload.id.clone(), at, frame.sequence.to_string()])
    };
    Ok(Json(page.page(found, key).map(|frame| UploadFrame::new(frame, &upload))))
}

fn place(page: &PageQuery, upload_id: &str) -> Result<Option<FramePlace>, Problem> {
    let Some([upload, at, sequence]) = page.after_columns(LIST)? else { return Ok(None) };
    let place = || Some(FramePlace { captured_at: from_micros(at)?, sequence: sequence.parse().ok()? });
    place().filter(|_| upload == upload_id).map(Some).ok_or_else(foreign_cursor)
}

impl UploadFrame {
    fn new(frame: AnalysedFrame, upload: &uploads::Upload) -> Self {
        let object = |object| FrameObject::new(object, upload, frame.size);
        Self {
            at: time(frame.captured_at),
            seconds: since(upload.start_time, frame.captured_at),
            sequence: frame.sequence,
            objects: frame.objects.into_iter().map(object).collect(),
        }
    }
}

impl FrameObject {
    fn new(object: FoundObject, upload: &uploads::Upload, size: (i32, i32)) -> Self {
        let camera_id = upload.camera_id.clone().unwrap_or_default();
        let track_id = object.track_id.map(|track_id| TrackId { camera_id, session: upload.session, track_id });
        Self { track_id: track_id.map(|id| id.to_string()), found: FoundRoadUser::new(object.found, size) }
    }
}

fn since(start: SystemTime, at: SystemTime) -> f64 {
    (micros(at) - micros(start)) as f64 / 1e6
}
