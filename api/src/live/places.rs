//! How many feeds are open, of everybody and of each caller.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use parking_lot::Mutex;

use super::metrics::REFUSED;
use crate::http::Problem;

const TRY_AGAIN: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    most_per_caller: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_caller: HashMap<String, usize>,
}

/// One open feed; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    caller: String,
    taken: Arc<Mutex<Taken>>,
}

impl Places {
    pub(crate) fn new(most: usize, most_per_caller: usize) -> Self {
        Self { most, most_per_caller, taken: Arc::default() }
    }

    pub(crate) fn take(&self, caller: String) -> Result<Place, Problem> {
        let mut taken = self.taken.lock();
        let of_caller = taken.by_caller.get(&caller).copied().unwrap_or_default();
        let refuse = |status, code, reason, detail: &str| {
            REFUSED.with_label_values(&[reason]).inc();
            Err(Problem::new(status, code, detail).retry_after(TRY_AGAIN))
        };
        if of_caller >= self.most_per_caller {
            let detail = "you have as many feeds open as `live.max_feeds_per_caller` allows; close one";
            return refuse(StatusCode::TOO_MANY_REQUESTS, "too_many_feeds", "caller", detail);
        }
        if taken.all >= self.most {
            let detail = "as many feeds are open as `live.max_feeds` allows; try again";
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "feeds_full", "replica", detail);
        }
        taken.all += 1;
        *taken.by_caller.entry(caller.clone()).or_default() += 1;
        Ok(Place { caller, taken: self.taken.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        taken.all -= 1;
        if let Some(count) = taken.by_caller.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                taken.by_caller.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_caller_and_for_all_and_are_given_back() {
        let places = Places::new(3, 2);
        let take = |caller: &str| places.take(caller.to_owned()).map_err(|problem| problem.code());
        let first = take("a").unwrap();
        let _second = take("a").unwrap();
        assert_eq!(take("a").unwrap_err(), "too_many_feeds");
        let _third = take("b").unwrap();
        assert_eq!(take("b").unwrap_err(), "feeds_full");
        drop(first);
        let _fourth = take("a").unwrap();
        assert_eq!(places.taken.lock().by_caller["a"], 2);
    }
}
