//! What must be true of whatever a client sends, for `fuzzing`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::bins::{BinLength, edges};
use crate::http::Problem;

/// An error is the client's, and says what is wrong.
pub(super) fn check_problem(problem: &Problem) {
    assert!(problem.status().is_client_error(), "{problem:?}");
    assert!(!problem.detail().is_empty(), "{problem:?}");
    let is_named = problem.wrong_field().is_some() || problem.code() == "malformed_json";
    assert!(is_named, "{problem:?}");
}

/// Panics if there are more bins than allowed, or if they do not follow each other from the begin to the end.
pub(super) fn check_bins(bin: BinLength, range: (Timestamp, Timestamp), zone: &TimeZone, most: usize) {
    match edges(bin, range, zone, most) {
        Ok(edges) => {
            assert!((2..=most + 1).contains(&edges.len()) && edges.is_sorted_by(|one, next| one < next));
            assert_eq!((edges[0], edges[edges.len() - 1]), range);
        }
        Err(problem) => check_problem(&problem),
    }
}
