//! What ingest says about files that it cannot read.

use vru_proto::names::is_file_fault_key;
use vru_proto::v1::FileFault;
use vru_proto::validate::read_file_fault;
use vru_runtime::kafka::Record;
use vru_runtime::report::chain;
use vru_storage::audit::Actor;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::uploads::{self, State};

use super::end_job;
use crate::group_reader::Reports;
use crate::metrics::FILE_FAULTS;

pub(super) struct Faults;

impl Reports for Faults {
    const WHAT: &'static str = "store what is wrong with an upload";
    const PREFETCH_BYTES: usize = 1024 * 1024;
    type Report = FileFault;

    fn read(&self, record: &Record) -> Option<FileFault> {
        // The topic has the positions of files, too.
        if !record.key.as_deref().is_some_and(is_file_fault_key) {
            return None;
        }
        match read_file_fault(record.payload.clone()?) {
            Ok(fault) => Some(fault),
            Err(error) => {
                FILE_FAULTS.with_label_values(&["invalid"]).inc();
                tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not a fault of a file");
                None
            }
        }
    }

    async fn store(&self, database: &Pool, fault: &FileFault) -> Result<(), DatabaseError> {
        let FileFault { camera_id, session, is_final, text, is_damage } = fault;
        let mut client = database.get().await?;
        // Validated.
        let session = i64::try_from(*session).unwrap_or(i64::MAX);
        if *is_damage {
            uploads::set_damage(&client, camera_id, session, text).await?;
        } else if let Some(upload) = uploads::of_session(&client, camera_id, session).await? {
            if *is_final {
                end_job(&mut client, &Actor::default(), &upload, State::Failed, None, Some(text)).await?;
            } else {
                uploads::set_waiting(&client, &upload.id, text).await?;
            }
        }
        FILE_FAULTS.with_label_values(&["stored"]).inc();
        Ok(())
    }
}
