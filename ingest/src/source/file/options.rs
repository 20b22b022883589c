use std::fs::File;
use std::io::{Error, Read, Result, Seek};
use std::path::PathBuf;
use std::time::SystemTime;

use vru_proto::CameraId;
use vru_proto::v1::FileSource;

use super::object::StoredObject;
use crate::source::OutputPlan;

/// Which file is read, and as which camera.
#[derive(Debug, Clone)]
pub struct FileOptions {
    pub camera: CameraId,
    pub path: PathBuf,
    /// The file, if it is in the bucket; `path` is then its key.
    pub object: Option<StoredObject>,
    /// Capture time of the first frame in microseconds since the Unix epoch; the file's modification time when 0.
    pub start_time_us: i64,
    /// The session of the frames; derived from the camera's id and the file's content when 0.
    pub session: u64,
    /// How frames are encoded. Every frame is returned, whatever `plan.max_fps` is.
    pub plan: OutputPlan,
    /// How many frames to skip from the start. It is also the sequence number of the first frame returned.
    pub skip: u64,
    /// JPEGs with more bytes are encoded again, as small as this.
    pub max_picture_bytes: Option<usize>,
}

impl FileOptions {
    /// From a camera's configuration.
    pub fn new(camera: CameraId, source: &FileSource, plan: OutputPlan) -> Self {
        Self {
            camera,
            path: PathBuf::from(&source.path),
            object: None,
            start_time_us: source.start_time_us,
            session: source.session,
            plan,
            skip: 0,
            max_picture_bytes: None,
        }
    }

    /// The content, from its start.
    pub(super) fn open(&self) -> Result<Box<dyn Content>> {
        match &self.object {
            Some(object) => Ok(Box::new(object.reader())),
            None => Ok(Box::new(File::open(&self.path)?)),
        }
    }

    /// Length, and when it was written.
    pub(super) fn stamp(&self) -> Result<(u64, SystemTime)> {
        if let Some(object) = &self.object {
            return Ok((object.length(), object.written_at()));
        }
        let metadata = std::fs::metadata(&self.path)?;
        if !metadata.is_file() {
            return Err(Error::other("the path is not a regular file"));
        }
        Ok((metadata.len(), metadata.modified()?))
    }
}

/// What a file holds, wherever it is.
pub(super) trait Content: Read + Seek {}

impl<T: Read + Seek> Content for T {}
