//! What ingest reports.

use serde_json::Value;
use vru_proto::v1;
use vru_proto::v1::camera_test_report::Outcome as Reported;
use vru_proto::validate::read_camera_test_report;
use vru_runtime::kafka::Record;
use vru_runtime::report::chain;
use vru_storage::camera_tests::{self, Failure, Outcome};
use vru_storage::postgres::{DatabaseError, Pool};

use super::config::CameraTestsConfig;
use super::seen::Seen;
use crate::group_reader::Reports;
use crate::metrics::CAMERA_TEST_REPORTS;

pub(crate) struct TestReports {
    pub(crate) config: CameraTestsConfig,
}

impl Reports for TestReports {
    const WHAT: &'static str = "store what came of a test of a camera";
    /// Reports have a picture each.
    const PREFETCH_BYTES: usize = 4 * 1024 * 1024;
    type Report = v1::CameraTestReport;

    fn read(&self, record: &Record) -> Option<v1::CameraTestReport> {
        match read_camera_test_report(record.payload.clone().unwrap_or_default()) {
            Ok((_, report)) => Some(report),
            Err(error) => {
                CAMERA_TEST_REPORTS.with_label_values(&["invalid"]).inc();
                tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not a report of a test");
                None
            }
        }
    }

    async fn store(&self, database: &Pool, report: &v1::CameraTestReport) -> Result<(), DatabaseError> {
        self.store_report(database, report).await?;
        CAMERA_TEST_REPORTS.with_label_values(&["stored"]).inc();
        Ok(())
    }
}

impl TestReports {
    async fn store_report(&self, database: &Pool, report: &v1::CameraTestReport) -> Result<(), DatabaseError> {
        let client = database.get().await?;
        let v1::CameraTestReport { id, host, outcome } = report;
        let outcome = match outcome {
            // Validated.
            None => return Ok(()),
            Some(Reported::Started(v1::StartedTest {})) => {
                return camera_tests::start(&client, id, host, self.config.wait_for_end()).await;
            }
            Some(Reported::Seen(seen)) if seen.picture_follows => {
                let (shown, wait) = (shown(seen), CameraTestsConfig::wait_for_picture());
                return camera_tests::await_picture(&client, id, host, &shown, wait).await;
            }
            Some(Reported::Picture(v1::BlurredPicture { snapshot, problem })) => {
                let picture = if snapshot.is_empty() { Err(problem.as_str()) } else { Ok(&snapshot[..]) };
                return camera_tests::finish_picture(&client, id, picture).await;
            }
            Some(Reported::Seen(seen)) => Outcome::Seen(shown(seen), seen.snapshot.to_vec()),
            Some(Reported::Failed(v1::FailedTest { reason, phase, text })) => {
                Outcome::Failed(Failure { reason: reason.clone(), phase: phase.clone(), error: text.clone() })
            }
        };
        camera_tests::finish(&client, id, Some(host), &outcome).await
    }
}

/// As answers have it.
fn shown(seen: &v1::SeenStream) -> Value {
    serde_json::to_value(Seen::from(seen)).unwrap_or_default()
}
