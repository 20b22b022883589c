//! Parts of requests to the API.

/// A token is a value of the headers.
pub(crate) fn session_cookie(case: &[u8]) {
    vru_api::fuzzing::session_cookie(case);
}

/// A cursor leads to the place that it was made for.
pub(crate) fn page_query(case: &[u8]) {
    vru_api::fuzzing::page_query(case);
}

/// An accepted address leads to no forbidden network.
pub(crate) fn webhook_target(case: &[u8]) {
    vru_api::fuzzing::webhook_target(case);
}
