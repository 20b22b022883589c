use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response};
use axum::middleware::Next;
use axum::response::IntoResponse as _;

use super::headers::{LIMIT, REMAINING, RESET};
use super::{Decision, Limit};
use crate::auth::{Sender, identify};
use crate::http::{ClientAddress, network};
use crate::state::ApiState;

/// What is not below it shows no data, and asks the database nothing.
const ROUTES: &str = "/api/";

/// Finds out who sends a request, once, and counts it: for a person or a key that is known, whatever its address, and otherwise for the
/// address. Neighbours behind one address who have logged in do not limit each other, and whoever guesses tokens is limited as one.
pub(crate) async fn count_request(
    State(state): State<ApiState>,
    ClientAddress(address): ClientAddress,
    mut request: Request,
    next: Next,
) -> Response<axum::body::Body> {
    let mut subject = None;
    if request.uri().path().starts_with(ROUTES) {
        let sender = identify(request.headers(), &state).await;
        subject = sender.subject();
        request.extensions_mut().insert::<Sender>(sender);
    }
    let decision = match subject {
        Some(subject) => state.limits.count(Limit::Caller, &subject).await,
        None => state.limits.count(Limit::Address, &network(address).to_string()).await,
    };
    let Some(decision) = decision else { return next.run(request).await };
    let mut response = match decision.checked() {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let Decision { burst, remaining, reset, .. } = decision;
    // Rounded up: after it, the whole burst is there.
    let reset = reset.as_millis().div_ceil(1000) as u64;
    for (name, value) in [(LIMIT, burst), (REMAINING, remaining), (RESET, reset)] {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}
