use std::time::Duration;

use super::error::LiveError;
use super::in_redis;
use super::memory::Memory;
use super::state::{IngestPod, Seen, Update, Worker};
use crate::redis::Redis;

/// Where live states are. Clones share it.
#[derive(Debug, Clone)]
pub enum LiveStore {
    Redis(Redis),
    /// Of this process.
    Memory(Memory),
}

impl LiveStore {
    /// An empty one in this process.
    pub fn in_memory() -> Self {
        Self::Memory(Memory::default())
    }

    /// Writes what the worker has, and that it is there. Returns the cameras whose state could not be written, and why.
    pub async fn write(&self, worker: &Worker, updates: &[Update]) -> Result<(), (Vec<String>, LiveError)> {
        match self {
            Self::Redis(redis) => in_redis::write(redis, worker, updates).await,
            Self::Memory(memory) => {
                memory.write(worker, updates);
                Ok(())
            }
        }
    }

    /// The states of these cameras, in this order; `None` where none is known.
    pub async fn read(&self, cameras: &[String]) -> Result<Vec<Option<Seen>>, LiveError> {
        match self {
            Self::Redis(redis) => in_redis::read(redis, cameras).await,
            Self::Memory(memory) => Ok(memory.read(cameras)),
        }
    }

    /// The cameras of which a state is known, in the order of their ids, after that one.
    pub async fn cameras(&self, after: &str, limit: usize) -> Result<Vec<String>, LiveError> {
        match self {
            Self::Redis(redis) => in_redis::cameras(redis, after, limit).await,
            Self::Memory(memory) => Ok(memory.cameras(after, limit)),
        }
    }

    /// The workers, and how long ago each wrote.
    pub async fn workers(&self) -> Result<Vec<(Worker, Duration)>, LiveError> {
        match self {
            Self::Redis(redis) => in_redis::workers(redis).await,
            Self::Memory(memory) => Ok(memory.workers()),
        }
    }

    /// Writes that the pod of ingest is there, and what it has dropped.
    pub async fn write_pod(&self, pod: &IngestPod) -> Result<(), LiveError> {
        match self {
            Self::Redis(redis) => in_redis::write_pod(redis, pod).await,
            Self::Memory(memory) => {
                memory.write_pod(pod);
                Ok(())
            }
        }
    }

    /// The pods of ingest, and how long ago each wrote.
    pub async fn pods(&self) -> Result<Vec<(IngestPod, Duration)>, LiveError> {
        match self {
            Self::Redis(redis) => in_redis::pods(redis).await,
            Self::Memory(memory) => Ok(memory.pods()),
        }
    }
}
