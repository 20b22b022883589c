//! How many previews of rules are computed at once.

use std::time::Duration;

use axum::http::StatusCode;

use crate::http::{Code, Full, Place, Places, Problem};

/// In this process: each reads an hour of rows and keeps a core busy while it judges them.
const AT_ONCE: usize = 3;
/// Somebody who draws quickly asks again while the last preview is computed. Others have a place then.
const OF_A_CALLER: usize = 2;

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct RulePreviews(Places);

impl RulePreviews {
    pub(crate) fn new() -> Self {
        Self(Places::new(AT_ONCE, OF_A_CALLER))
    }

    /// Taken until it is dropped.
    pub(crate) fn place(&self, caller: String) -> Result<Place, Problem> {
        self.0.take(caller).map_err(|full| {
            let detail = match full {
                Full::Caller => format!("{OF_A_CALLER} of your previews are being computed; ask again in a moment"),
                Full::Everybody => format!("{AT_ONCE} previews are being computed; ask again in a moment"),
            };
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::TooManyPreviews, detail);
            problem.retry_after(Duration::from_secs(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_all_places_and_each_is_free_again_when_its_preview_is_done() {
        let previews = RulePreviews::new();
        let place = |caller: &str| previews.place(caller.to_owned());
        let mut taken: Vec<_> = (0..OF_A_CALLER).map(|_| place("a").unwrap()).collect();
        let refused = place("a").unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_previews"));
        taken.push(place("b").unwrap());
        let refused = place("c").unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_previews"));
        taken.remove(0);
        assert!(place("c").is_ok());
    }
}
