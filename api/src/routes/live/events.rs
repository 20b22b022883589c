use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::auth::{Permitted, actions::SeeAlerts};
use crate::http::{Code, Problem, Problems, RequestId};
use crate::live::{Bookmark, Credentials, EventStream};
use crate::state::ApiState;

const LAST_EVENT_ID: &str = "last-event-id";
const EVENT_STREAM: &str = "text/event-stream";

/// What happens at a site, as it happens: `alert.raised` and `alert.ended` with the alert, `camera.state` with `live`, `silent` or `unknown`.
/// `ready` says that from now on nothing is left out: ask for the list of alerts then. After `interrupted`, there is another `ready`, and before
/// it the alerts that came meanwhile. A client that takes the events too slowly is disconnected.
///
/// Alerts and `ready` have ids. A request with `Last-Event-ID` gets the alerts behind that event first, from any replica, also after a restart,
/// as long as Kafka keeps them (7 days); `gap` says that some are not kept any more, and that the list of alerts must be asked for.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site_id}/events",
    tag = "live",
    security(("session" = []), ("key" = [])),
    params(
        ("site_id" = String, Path),
        ("last-event-id" = Option<String>, Header, description = "The id of the last event that the client has")
    ),
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
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, Code::NotAcceptable, detail).at("accept"));
    }
    let from = last_event(&headers)?;
    let place = state.feeds.place(who.caller.subject())?;
    let credentials = Credentials::new(&headers, request_id);
    let stream = EventStream { state, site: who.site_id, credentials, from };
    let mut response = stream.answer(place).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers would keep the events.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn last_event(headers: &HeaderMap) -> Result<Option<Bookmark>, Problem> {
    // Browsers have an empty id before the first event.
    let Some(id) = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty()) else { return Ok(None) };
    let found = id.to_str().ok().and_then(Bookmark::from_id);
    found.map(Some).ok_or_else(|| Problem::parameter(LAST_EVENT_ID, "is no id of an event of this service"))
}

fn takes_events(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if accepted.peek().is_none() {
        return true;
    }
    let mut kinds = accepted.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| [EVENT_STREAM, "text/*", "*/*"].contains(&kind.trim()))
}
