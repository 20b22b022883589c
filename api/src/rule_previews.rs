//! How many previews of rules are computed at once.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::Problem;

/// In this process: each reads an hour of rows and keeps a core busy while it judges them.
const AT_ONCE: usize = 2;

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct RulePreviews {
    places: Arc<Semaphore>,
}

impl RulePreviews {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Taken until it is dropped.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            let detail = format!("{AT_ONCE} previews are being computed; ask again in a moment");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_previews", detail);
            problem.retry_after(Duration::from_secs(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_the_preview_is_done() {
        let previews = RulePreviews::new();
        let mut taken: Vec<_> = (0..AT_ONCE).map(|_| previews.place().unwrap()).collect();
        let refused = previews.place().unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_previews"));
        taken.pop();
        assert!(previews.place().is_ok());
    }
}
