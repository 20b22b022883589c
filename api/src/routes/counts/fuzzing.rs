use jiff::tz::TimeZone;

use super::question::CountQuery;
use super::series::MOST_BINS;
use crate::http::Parameters;
use crate::routes::fuzz_checks::{check_bins, check_problem};

/// Reads what is counted. Panics if more is asked for than allowed.
pub(in crate::routes) fn query(query: &str, zone: &TimeZone) {
    match Parameters::<CountQuery>::read(query).and_then(|Parameters(query)| query.checked()) {
        Ok(question) => {
            for ids in [&question.cameras, &question.lines, &question.zones] {
                assert!(
                    ids.len() <= 1_000 && ids.iter().all(|id| (1..=1_024).contains(&id.len()) && !id.contains('\0'))
                );
            }
            check_bins(question.bin, (question.from, question.to), zone, MOST_BINS);
        }
        Err(problem) => check_problem(&problem),
    }
}
