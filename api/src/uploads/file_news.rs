//! What ingest says about files: how many frames they announce, and what is wrong with them.

use vru_proto::names::is_file_fault_key;
use vru_proto::v1::FileFault;
use vru_proto::validate::{ReadError, read_file_fault, read_file_position};
use vru_runtime::kafka::Record;
use vru_runtime::report::chain;
use vru_storage::audit::Actor;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::uploads::{self, State};

use super::end_job;
use crate::group_reader::Reports;
use crate::metrics::FILE_FAULTS;

pub(super) struct FileNews;

pub(super) enum News {
    Fault(FileFault),
    Estimate { camera: String, session: u64, frames: u64 },
}

impl Reports for FileNews {
    const WHAT: &'static str = "store what is known of an upload";
    const PREFETCH_BYTES: usize = 1024 * 1024;
    type Report = News;

    fn read(&self, record: &Record) -> Option<News> {
        let payload = record.payload.clone()?;
        let read = if record.key.as_deref().is_some_and(is_file_fault_key) {
            read_file_fault(payload).map(|fault| Some(News::Fault(fault)))
        } else {
            estimate(payload)
        };
        match read {
            Ok(news) => news,
            Err(error) => {
                FILE_FAULTS.with_label_values(&["invalid"]).inc();
                let partition = &record.partition;
                tracing::warn!(%partition, offset = record.offset, error = %chain(&error), "not a message about a file");
                None
            }
        }
    }

    async fn store(&self, database: &Pool, news: &News) -> Result<(), DatabaseError> {
        let mut client = database.get().await?;
        // Validated.
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        match news {
            News::Estimate { camera, session, frames } => {
                return uploads::set_estimate(&client, camera, number(*session), number(*frames)).await;
            }
            News::Fault(FileFault { camera_id, session, text, is_damage: true, .. }) => {
                uploads::set_damage(&client, camera_id, number(*session), text).await?;
            }
            News::Fault(FileFault { camera_id, session, is_final, text, .. }) => {
                if let Some(upload) = uploads::of_session(&client, camera_id, number(*session)).await? {
                    if *is_final {
                        end_job(&mut client, &Actor::default(), &upload, State::Failed, None, Some(text)).await?;
                    } else {
                        uploads::set_waiting(&client, &upload.id, text).await?;
                    }
                }
            }
        }
        FILE_FAULTS.with_label_values(&["stored"]).inc();
        Ok(())
    }
}

/// `None` if the position tells none.
fn estimate(payload: bytes::Bytes) -> Result<Option<News>, ReadError> {
    let (key, position) = read_file_position(payload)?;
    let (camera, session, frames) = (key.camera.to_string(), key.session, position.expected_frames);
    // Uploads have sessions of 63 bits; those of other files may have 64.
    let known = frames > 0 && i64::try_from(session).is_ok();
    Ok(known.then_some(News::Estimate { camera, session, frames }))
}
