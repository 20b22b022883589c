use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::auth::{Permitted, actions::SeeAlerts};
use crate::http::{Problem, Problems, RequestId};
use crate::live::{Credentials, EventStream};
use crate::state::ApiState;

const EVENT_STREAM: &str = "text/event-stream";

/// What happens at a site, as it happens: `alert.raised` and `alert.ended` with the alert, `camera.state` with `live`, `silent` or `unknown`.
/// `ready` says that from now on nothing is left out: ask for the list of alerts then. After `interrupted`, there is another `ready`. A client
/// that takes the events too slowly is disconnected.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/events",
    tag = "live",
    security(("session" = []), ("key" = [])),
    params(("site_id" = String, Path)),
    responses(
        (status = 200, description = "Server-sent events, until the client leaves", body = String, content_type = "text/event-stream"),
        Problems
    )
)]
pub(super) async fn events(
    State(state): State<ApiState>,
    who: Permitted<SeeAlerts>,
    RequestId(request_id): RequestId,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !takes_events(&headers) {
        let detail = "the answer is a stream of events: send accept: text/event-stream";
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail).at("accept"));
    }
    let place = state.feeds.place(who.caller.subject())?;
    let credentials = Credentials::new(&headers, request_id);
    let stream = EventStream { state, site: who.site_id, credentials };
    let mut response = stream.answer(place).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers would keep the events.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn takes_events(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if accepted.peek().is_none() {
        return true;
    }
    let mut kinds = accepted.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| [EVENT_STREAM, "text/*", "*/*"].contains(&kind.trim()))
}
