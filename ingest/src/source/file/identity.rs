//! The session and start time of a file. They are the same whenever the file is read, so that its frames are the same too.

use std::io::Read as _;

use sha2::{Digest as _, Sha256};
use vru_proto::validate::CAPTURE_TIME_US;
use vru_runtime::clock;

use super::options::FileOptions;
use crate::error::SourceError;

/// The session is derived from the file's length and this many bytes from its start.
const SAMPLE_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) session: u64,
    pub(super) start_time_us: i64,
}

impl Identity {
    /// Takes the values from the options. A value that is 0 there is derived from the camera's id and the file's content
    /// (session) or modification time (start time).
    pub(super) fn of(options: &FileOptions) -> Result<Self, SourceError> {
        let path = options.path.display().to_string();
        let fail = |source| SourceError::File { path: path.clone(), source };
        let (length, written_at) = options.stamp().map_err(fail)?;
        let start_time_us = match options.start_time_us {
            0 => clock::to_us(written_at),
            given => given,
        };
        if !CAPTURE_TIME_US.contains(&start_time_us) {
            let setting = "`start_time_us`, in microseconds since 1970 (the years 2000 to 2200)";
            return Err(SourceError::FileDate {
                path,
                date: vru_proto::time::utc(start_time_us).date().to_string(),
                setting,
            });
        }
        let session = match options.session {
            0 => {
                let mut sample = Vec::new();
                options.open().map_err(fail)?.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(fail)?;
                let mut hash = Sha256::new();
                hash.update(options.camera.as_str());
                hash.update([0]);
                hash.update(length.to_be_bytes());
                hash.update(&sample);
                let digest = hash.finalize();
                let first: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
                // At most 63 bits, and never 0.
                (u64::from_be_bytes(first) >> 1).max(1)
            }
            given => given,
        };
        Ok(Self { session, start_time_us })
    }
}
