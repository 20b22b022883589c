//! A file that is an object in the bucket. It is read in blocks, of which a few are kept.

use std::collections::VecDeque;
use std::fmt;
use std::io::{Error, Read, Result, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::s3::{Bucket, BucketError, ObjectStamp};

use crate::error::SourceError;

const BLOCK_BYTES: u64 = 1024 * 1024;
/// Video, sound and the index of a file are often in different places.
const KEPT_BLOCKS: usize = 12;
/// With all tries. Less than the time after which the reader of the file gives up.
const DEADLINE: Duration = Duration::from_secs(20);

/// Cloning it shares what was read.
#[derive(Clone)]
pub struct StoredObject {
    bucket: Bucket,
    key: String,
    stamp: ObjectStamp,
    runtime: Handle,
    blocks: Arc<Mutex<VecDeque<(u64, Bytes)>>>,
}

impl fmt::Debug for StoredObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredObject").field("key", &self.key).field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

impl StoredObject {
    /// Asks the bucket's server for the object. Must be called on a runtime, which reads it later.
    pub async fn find(bucket: &Bucket, key: &str) -> std::result::Result<Self, SourceError> {
        let found = bucket.stamp(key).await;
        let found = found.map_err(|source| SourceError::Object { key: key.to_owned(), source: Box::new(source) })?;
        let stamp = found.ok_or_else(|| SourceError::ObjectMissing { key: key.to_owned() })?;
        let (bucket, key) = (bucket.clone(), key.to_owned());
        Ok(Self { bucket, key, stamp, runtime: Handle::current(), blocks: Arc::default() })
    }

    pub(super) fn length(&self) -> u64 {
        self.stamp.length
    }

    pub(super) fn written_at(&self) -> SystemTime {
        self.stamp.written_at.unwrap_or_else(SystemTime::now)
    }

    /// Reads some bytes; 0 at the end. Blocks, up to a deadline, and must not be called on the runtime.
    pub(super) fn read_at(&self, at: u64, into: &mut [u8]) -> Result<usize> {
        if at >= self.length() || into.is_empty() {
            return Ok(0);
        }
        let block = self.block(at / BLOCK_BYTES)?;
        let from = usize::try_from(at % BLOCK_BYTES).unwrap_or(usize::MAX);
        let bytes = block.get(from..).unwrap_or_default();
        let length = bytes.len().min(into.len());
        if length == 0 {
            return Err(Error::other(format!("the object {} is shorter than the server has said", self.key)));
        }
        into[..length].copy_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn block(&self, number: u64) -> Result<Bytes> {
        // Held while it is read: who wants the same block waits for it.
        let mut blocks = self.blocks.lock();
        if let Some(at) = blocks.iter().position(|(known, _)| *known == number) {
            let found = blocks.remove(at).expect("it is there");
            let bytes = found.1.clone();
            blocks.push_back(found);
            return Ok(bytes);
        }
        let bytes = self.runtime.block_on(self.fetch(number)).map_err(Error::other)?;
        if blocks.len() >= KEPT_BLOCKS {
            blocks.pop_front();
        }
        blocks.push_back((number, bytes.clone()));
        Ok(bytes)
    }

    async fn fetch(&self, number: u64) -> std::result::Result<Bytes, BucketError> {
        let range = number * BLOCK_BYTES..((number + 1) * BLOCK_BYTES).min(self.length());
        let until = Instant::now() + DEADLINE;
        let mut backoff = Backoff::default();
        loop {
            let read = self.bucket.read_range(&self.key, range.clone(), &self.stamp.tag);
            let error = match timeout_at(until, read).await {
                Ok(Ok(bytes)) => return Ok(bytes),
                Ok(Err(error)) => error,
                Err(elapsed) => {
                    let (bucket, key) = (String::new(), self.key.clone());
                    return Err(BucketError { operation: "read in time", bucket, key, source: Box::new(elapsed) });
                }
            };
            let delay = backoff.next_delay();
            if Instant::now() + delay >= until {
                return Err(error);
            }
            tracing::debug!(key = self.key, error = %chain(&error), "a part of an object is read again");
            tokio::time::sleep(delay).await;
        }
    }

    pub(super) fn reader(&self) -> ObjectReader {
        ObjectReader { object: self.clone(), at: 0 }
    }
}

/// Reads an object like a file.
#[derive(Debug)]
pub(super) struct ObjectReader {
    object: StoredObject,
    at: u64,
}

impl Read for ObjectReader {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let read = self.object.read_at(self.at, into)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.object.length().checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| Error::other("a position before the start of the object"))?;
        Ok(self.at)
    }
}
