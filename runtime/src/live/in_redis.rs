//! In Redis: a key for each camera and each worker, which expires, and a set of the ids of each kind. How much of its time a key has left tells
//! how old it is, so that no clock of a host counts.

use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::LiveError;
use super::state::{IngestPod, Seen, Update, Worker};
use super::{EXPIRY, WORKER_EXPIRY};
use crate::redis::{Redis, RedisError, cmd};

const CAMERAS: &str = "live:cameras";
const WORKERS: &str = "live:workers";
const PODS: &str = "live:pods";

fn camera_key(redis: &Redis, camera: &str) -> String {
    redis.key(&format!("live:camera:{camera}"))
}

/// Of a worker or a pod; `set` has the names of its kind.
fn process_key(redis: &Redis, set: &str, name: &str) -> String {
    let kind = if set == PODS { "pod" } else { "worker" };
    redis.key(&format!("live:{kind}:{name}"))
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

/// All at once: they share the connection, and so one way there and back.
pub(super) async fn write(redis: &Redis, worker: &Worker, updates: &[Update]) -> Result<(), (Vec<String>, LiveError)> {
    let states = join_all(updates.iter().map(async |Update { camera, state, new_frame }| {
        let mut set = cmd("SET");
        set.arg(camera_key(redis, camera)).arg(text(state));
        if *new_frame {
            set.arg("PX").arg(millis(EXPIRY));
        } else {
            set.arg("XX").arg("KEEPTTL");
        }
        // Without the key that is not to become younger, the answer is nil.
        redis.query::<Option<String>>(&set).await.map_err(|error| (camera.clone(), error))
    }));
    let workers = write_process(redis, WORKERS, &worker.name, worker);
    let known = async {
        if updates.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = updates.iter().map(|update| update.camera.as_str()).collect();
        redis.query::<()>(cmd("SADD").arg(redis.key(CAMERAS)).arg(ids)).await
    };
    let (states, worker, known) = futures::join!(states, workers, known);
    let (failed, mut errors): (Vec<String>, Vec<RedisError>) = states.into_iter().filter_map(Result::err).unzip();
    errors.extend(worker.err());
    errors.extend(known.err());
    match errors.into_iter().next() {
        None => Ok(()),
        Some(error) => Err((failed, error.into())),
    }
}

pub(super) async fn read(redis: &Redis, cameras: &[String]) -> Result<Vec<Option<Seen>>, LiveError> {
    let keys = cameras.iter().map(|camera| camera_key(redis, camera));
    let values = join_all(keys.map(async |key| value(redis, &key, EXPIRY).await)).await;
    let seen = |value: Option<_>| value.map(|(state, age)| Seen { state, age });
    values.into_iter().map(|value| value.map(seen)).collect()
}

pub(super) async fn cameras(redis: &Redis, after: &str, limit: usize) -> Result<Vec<String>, LiveError> {
    let mut ids: Vec<String> = redis.query(cmd("SMEMBERS").arg(redis.key(CAMERAS))).await?;
    ids.retain(|id| id.as_str() > after);
    ids.sort_unstable();
    let mut found = Vec::new();
    // Those that have expired leave the set when somebody finds out.
    for some in ids.chunks(limit.max(1)) {
        let there =
            join_all(some.iter().map(async |id| redis.query::<bool>(cmd("EXISTS").arg(camera_key(redis, id))).await));
        let there = there.await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (known, gone): (Vec<_>, Vec<_>) = some.iter().zip(there).partition(|(_, there)| *there);
        if !gone.is_empty() {
            let gone: Vec<&str> = gone.into_iter().map(|(id, _)| id.as_str()).collect();
            redis.query::<()>(cmd("SREM").arg(redis.key(CAMERAS)).arg(gone)).await?;
        }
        found.extend(known.into_iter().map(|(id, _)| id.clone()));
        if found.len() >= limit {
            break;
        }
    }
    found.truncate(limit);
    Ok(found)
}

pub(super) async fn workers(redis: &Redis) -> Result<Vec<(Worker, Duration)>, LiveError> {
    processes(redis, WORKERS).await
}

pub(super) async fn pods(redis: &Redis) -> Result<Vec<(IngestPod, Duration)>, LiveError> {
    processes(redis, PODS).await
}

pub(super) async fn write_pod(redis: &Redis, pod: &IngestPod) -> Result<(), LiveError> {
    Ok(write_process(redis, PODS, &pod.name, pod).await?)
}

async fn write_process(redis: &Redis, set: &str, name: &str, state: &impl Serialize) -> Result<(), RedisError> {
    let mut put = cmd("SET");
    put.arg(process_key(redis, set, name)).arg(text(state)).arg("PX").arg(millis(WORKER_EXPIRY));
    redis.query::<()>(&put).await?;
    redis.query::<()>(cmd("SADD").arg(redis.key(set)).arg(name)).await
}

async fn processes<T: DeserializeOwned>(redis: &Redis, set: &str) -> Result<Vec<(T, Duration)>, LiveError> {
    let mut names: Vec<String> = redis.query(cmd("SMEMBERS").arg(redis.key(set))).await?;
    names.sort_unstable();
    let mut found = Vec::new();
    let read = async |name: &String| value(redis, &process_key(redis, set, name), WORKER_EXPIRY).await;
    for (name, value) in names.iter().zip(join_all(names.iter().map(read)).await) {
        match value? {
            Some(process) => found.push(process),
            None => redis.query::<()>(cmd("SREM").arg(redis.key(set)).arg(name)).await?,
        }
    }
    Ok(found)
}

/// The value of a key, and how long ago it was written with that expiry. `None` if there is none.
async fn value<T: DeserializeOwned>(
    redis: &Redis,
    key: &str,
    expiry: Duration,
) -> Result<Option<(T, Duration)>, LiveError> {
    let (mut get, mut left) = (cmd("GET"), cmd("PTTL"));
    get.arg(key);
    left.arg(key);
    let (text, left) = futures::join!(redis.query::<Option<String>>(&get), redis.query::<i64>(&left));
    let (Some(text), left) = (text?, left?) else { return Ok(None) };
    // It may have expired in between.
    let Ok(left) = u64::try_from(left) else { return Ok(None) };
    let value = serde_json::from_str(&text).map_err(|error| LiveError::Unreadable(error.to_string()))?;
    Ok(Some((value, expiry.saturating_sub(Duration::from_millis(left)))))
}
