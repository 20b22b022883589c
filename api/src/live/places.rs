//! How many feeds are open, of everybody and of each caller.

use std::time::Duration;

use axum::http::StatusCode;

use super::metrics::REFUSED;
use crate::http::{Code, Full, Place, Places, Problem};

const TRY_AGAIN: Duration = Duration::from_secs(5);

/// A place for one more feed of this caller.
pub(super) fn take(places: &Places, caller: String) -> Result<Place, Problem> {
    places.take(caller).map_err(|full| {
        let (status, code, reason, detail) = match full {
            Full::Caller => (
                StatusCode::TOO_MANY_REQUESTS,
                Code::TooManyFeeds,
                "caller",
                "you have as many feeds open as `live.max_feeds_per_caller` allows; close one",
            ),
            Full::Everybody => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::FeedsFull,
                "replica",
                "as many feeds are open as `live.max_feeds` allows; try again",
            ),
        };
        REFUSED.with_label_values(&[reason]).inc();
        Problem::new(status, code, detail).retry_after(TRY_AGAIN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_caller_and_for_all_and_are_given_back() {
        let places = Places::new(3, 2);
        let take = |caller: &str| take(&places, caller.to_owned()).map_err(|problem| problem.code());
        let first = take("a").unwrap();
        let _second = take("a").unwrap();
        assert_eq!(take("a").unwrap_err(), "too_many_feeds");
        let _third = take("b").unwrap();
        assert_eq!(take("b").unwrap_err(), "feeds_full");
        drop(first);
        let _fourth = take("a").unwrap();
        assert_eq!(places.taken().1["a"], 2);
    }
}
