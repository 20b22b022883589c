use std::collections::HashSet;

use jiff::tz::TimeZone;
use vru_storage::tracks::TrackId;

use super::counts::MOST_BINS;
use super::query::TrackBins;
use super::snapshots::SnapshotsQuery;
use crate::http::{Parameters, Problem};
use crate::routes::fuzz_checks::{check_bins, check_problem};

/// Reads what tracks are counted, in which bins. Panics if more is asked for than allowed.
pub(in crate::routes) fn counts(query: &str, zone: &TimeZone) {
    let asked = Parameters::<TrackBins>::read(query).and_then(|Parameters(asked)| {
        let (bin, range) = (asked.bin, asked.tracks.range()?);
        Ok::<_, Problem>((bin, range, asked.tracks.checked(Some("site"))?))
    });
    match asked {
        Ok((bin, range, filter)) => {
            assert!(filter.cameras.ids.len() <= 1_000 && filter.classes.len() <= 1_000);
            assert!(filter.min_class_share.is_none_or(|share| (0.0..=1.0).contains(&share)));
            assert!(filter.min_duration.zip(filter.max_duration).is_none_or(|(min, max)| min <= max));
            check_bins(bin, range, zone, MOST_BINS);
        }
        Err(problem) => check_problem(&problem),
    }
}

/// Reads of which tracks pictures are asked for. Panics if they are more than allowed, or if the text of a track means another one.
pub(in crate::routes) fn snapshots(query: &str) {
    match Parameters::<SnapshotsQuery>::read(query).and_then(|Parameters(query)| query.checked()) {
        Ok(asked) => {
            assert!((1..=100).contains(&asked.len()));
            let ids: Vec<TrackId> = asked.iter().filter_map(|text| TrackId::from_text(text)).collect();
            assert!(ids.iter().all(|id| !id.camera_id.contains('\0')));
            let texts: HashSet<String> = ids.iter().map(TrackId::to_string).collect();
            assert!(texts.iter().all(|text| asked.contains(text)));
        }
        Err(problem) => check_problem(&problem),
    }
}
