//! Parts of requests to the API.

/// A token is a value of the headers.
pub(crate) fn session_cookie(case: &[u8]) {
    vru_api::fuzzing::session_cookie(case);
}

/// A cursor leads to the place that it was made for.
pub(crate) fn page_query(case: &[u8]) {
    vru_api::fuzzing::page_query(case);
}

/// An accepted body is within the limits, and so is what it finds.
pub(crate) fn rule_preview(case: &[u8]) {
    vru_api::fuzzing::rule_preview(case);
}

/// What is stored means the same when it is read again.
pub(crate) fn camera_settings(case: &[u8]) {
    vru_api::fuzzing::camera_settings(case);
}

/// An accepted question has so many bins, and asks for so many cameras, as are allowed.
pub(crate) fn track_counts(case: &[u8]) {
    vru_api::fuzzing::track_counts(case);
}

/// At most a hundred.
pub(crate) fn track_snapshots(case: &[u8]) {
    vru_api::fuzzing::track_snapshots(case);
}

/// As `track_counts`.
pub(crate) fn count_query(case: &[u8]) {
    vru_api::fuzzing::count_query(case);
}

/// An accepted address leads to no forbidden network.
pub(crate) fn webhook_target(case: &[u8]) {
    vru_api::fuzzing::webhook_target(case);
}
