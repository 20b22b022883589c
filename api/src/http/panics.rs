//! A request whose handler panics gets an answer, and its connection goes on. The log has the panic.

use std::any::Any;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::Problem;

type Answer = fn(Box<dyn Any + Send>) -> Response<Body>;

pub(crate) fn answer_panics() -> CatchPanicLayer<Answer> {
    CatchPanicLayer::custom(|_| Problem::internal().into_response())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_with_an_internal_problem() {
        let broken = async || -> String { panic!("a fault") };
        let app = Router::new().route("/", get(broken)).layer(answer_panics());
        let answer = app.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("a fault"), "{problem}");
    }
}
