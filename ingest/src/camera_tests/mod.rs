//! Tests of cameras: somebody asks the API to try a camera, and one pod of ingest connects to it as it does to a watched one, and reports
//! what it sees ([decision 63](../../../docs/decisions/0063-tests-of-cameras.md)).
//!
//! ```text
//! vru.camera-tests ─▶ tester (group, turns) ─▶ look (the source of a pulled camera) ─▶ reports ─▶ vru.camera-test-reports
//!                                                pictures · failure (words)   vru.camera-test-pictures ─▶ inference, which blurs
//! ```

mod context;
mod failure;
mod look;
mod pictures;
mod reports;
mod tester;

pub(crate) use context::TestContext;
pub(crate) use tester::run;
