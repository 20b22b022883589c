//! Uploads: the headers of tus.

/// What is accepted is possible.
pub(crate) fn headers(case: &[u8]) {
    vru_api::fuzzing::tus_headers(case);
}
