//! `Idempotency-Key`: a POST that is sent again, because its answer was lost, is answered again and has no second effect.
//!
//! The key is claimed in the transaction of the change, through the audit log's [`Actor`](vru_storage::audit::Actor). The answer is kept
//! after it. Between the two, the service may be killed: then a repetition is told what was changed.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest as _, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use vru_runtime::report::chain;
use vru_storage::idempotency::{self, Claim, KeptAnswer, Served};
use vru_storage::postgres::{Pool, PooledClient};

use super::body::unreadable;
use super::{Code, Problem};
use crate::state::ApiState;

pub(crate) const KEY_HEADER: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 200;
/// Larger answers are not kept.
const LARGEST_ANSWER: usize = 256 * 1024;
/// The headers of an answer that are given again.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// A request with a key, on its way to its route.
#[derive(Debug, Clone)]
pub(crate) struct Repeatable {
    key: String,
    request_hash: Vec<u8>,
    found: Arc<OnceLock<Found>>,
}

#[derive(Debug)]
enum Found {
    /// It is new; the route claims the key.
    New(Claim),
    Again(KeptAnswer),
}

impl Repeatable {
    /// What the route must claim. An error if the request was served before, or the key belongs to another request.
    pub(crate) async fn claim(&self, client: &PooledClient, caller: String) -> Result<Claim, Problem> {
        let Some(Served { request_hash, object, answer }) = idempotency::find(client, &caller, &self.key).await? else {
            let claim = Claim { caller, key: self.key.clone(), request_hash: self.request_hash.clone() };
            self.found.get_or_init(|| Found::New(claim.clone()));
            return Ok(claim);
        };
        if request_hash != self.request_hash {
            let detail = "was used for another request within the last day";
            return Err(
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Code::IdempotencyKeyReused, detail).at(KEY_HEADER)
            );
        }
        if let Some(answer) = answer {
            self.found.get_or_init(|| Found::Again(answer));
        }
        // The answer if there is none that can be given again.
        let detail = format!("the request was served before; it changed `{object}`, and its answer is not kept");
        Err(Problem::conflict(Code::ServedBefore, KEY_HEADER, detail))
    }
}

/// Serves a POST with a key once.
pub(crate) async fn serve_once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let mut keys = request.headers().get_all(KEY_HEADER).iter();
    let key = match (request.method() == Method::POST, keys.next(), keys.next()) {
        (false, ..) | (_, None, _) => return next.run(request).await,
        (true, Some(key), None) => key.to_str().unwrap_or_default().to_owned(),
        (true, Some(_), Some(_)) => String::new(),
    };
    if !(1..=LONGEST_KEY).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("is not one text of 1 to {LONGEST_KEY} visible ASCII characters");
        return Problem::parameter(KEY_HEADER, detail).into_response();
    }
    let (mut parts, body) = request.into_parts();
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(rejection) => return unreadable(&rejection).into_response(),
    };
    let mut hash = Sha256::new();
    let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    hash.update(format!("{} {target}\n", parts.method));
    hash.update(&body);
    let found = Arc::new(OnceLock::new());
    parts.extensions.insert(Repeatable { key, request_hash: hash.finalize().to_vec(), found: found.clone() });
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match found.get() {
        None => response,
        Some(Found::Again(answer)) => again(answer),
        Some(Found::New(claim)) => keep(&state.database, claim, response).await,
    }
}

fn again(answer: &KeptAnswer) -> Response {
    let mut response = (StatusCode::from_u16(answer.status).unwrap_or_default(), answer.body.clone()).into_response();
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Keeps an answer that tells of a change, unless it holds a secret.
async fn keep(database: &Pool, claim: &Claim, response: Response) -> Response {
    let secret = response.headers().get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store");
    if !response.status().is_success() || secret {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_ANSWER).await else {
        tracing::error!(limit = LARGEST_ANSWER, "an answer is too large to be kept for its idempotency key");
        return Problem::internal().into_response();
    };
    let text = |name: &HeaderName| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned()));
    let headers: BTreeMap<_, _> = KEPT_HEADERS.iter().filter_map(text).collect();
    let answer = KeptAnswer { status: parts.status.as_u16(), headers, body: body.to_vec() };
    let kept = async { idempotency::keep(&database.get().await?, claim, &answer).await };
    if let Err(error) = kept.await {
        tracing::warn!(error = %chain(&error), "the answer to a request with an idempotency key is not kept");
    }
    Response::from_parts(parts, Body::from(body))
}
