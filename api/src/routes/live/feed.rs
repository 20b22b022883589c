use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use vru_live::wishes::MAX_MESSAGE_BYTES;

use crate::auth::{Permitted, actions::OpenFeed};
use crate::http::{Code, Problem, Problems, RequestId};
use crate::live::{Credentials, Feed, serve};
use crate::state::ApiState;

/// In bytes. A client says little and seldom, and each look for a message fills the whole buffer with zeros: with the default of 128 KiB
/// that was a sixth of the work, and 1,000 clients held 128 MB.
const READ_BUFFER: usize = 4 * 1024;

/// Pictures of cameras with their boxes, as they come: one WebSocket for all cameras of a page. The client sends which cameras it watches, as
/// JSON: `{"watch": [{"camera_id": "gate", "rendition": "tile"}]}`; each message replaces the one before. Renditions are `tile`, `full`,
/// `h264` and `none`. Binary messages have the length of a JSON head (32 bits, big-endian), the head, and the picture's bytes. `docs/api.md`
/// describes all messages.
#[utoipa::path(
    get,
    path = "/api/v1/live/feed",
    tag = "live",
    security(("session" = []), ("key" = [])),
    responses((status = 101, description = "The connection is a WebSocket from now on"), Problems)
)]
pub(super) async fn feed(
    State(state): State<ApiState>,
    who: Permitted<OpenFeed>,
    RequestId(request_id): RequestId,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| {
        let detail = format!("this is a WebSocket (RFC 6455, version 13): {}", rejection.body_text());
        Problem::new(StatusCode::UPGRADE_REQUIRED, Code::NotAWebsocket, detail)
    })?;
    let place = state.feeds.place(who.caller.subject())?;
    let (task, credentials) = (state.feeds.task(), Credentials::new(&headers, request_id));
    let feed = Feed { state, caller: who.caller, credentials, place };
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES);
    let upgraded = upgrade.read_buffer_size(READ_BUFFER).on_upgrade(async move |socket| {
        let _task = task;
        serve(socket, feed).await;
    });
    Ok(upgraded.into_response())
}
