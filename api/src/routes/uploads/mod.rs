//! Uploads of video files by tus 1.0.0, and what becomes of them.

mod cancel;
mod create;
mod delete;
mod frames;
mod get;
mod head;
mod list;
mod options;
mod patch;
mod upload;
mod video;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Code, Problem};
use crate::state::ApiState;
use crate::uploads::{Uploads, tus};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create, options::options))
        .routes(routes!(get::get, head::head, patch::patch, delete::delete))
        .routes(routes!(cancel::cancel))
        .layer(from_fn(say_version))
        .routes(routes!(frames::frames))
        .routes(routes!(video::video))
}

/// Every answer says the version of the protocol.
async fn say_version(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(tus::RESUMABLE, HeaderValue::from_static(tus::VERSION));
    response
}

/// What takes uploads, if the operator has configured it.
fn configured(state: &ApiState) -> Result<&Uploads, Problem> {
    state.uploads.as_ref().ok_or_else(|| {
        let detail =
            "this service takes no uploads: its operator must set `uploads.enabled`, and the bucket in section `s3`";
        Problem::conflict(Code::UploadsNotConfigured, "", detail)
    })
}
