use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redis::{Cmd, ErrorKind, FromRedisValue, ServerErrorKind};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::config::RedisConfig;
use super::connection::Connection;
use super::error::{RedisError, words};
use super::metrics::{self, CONNECTED, FAILED};
use super::script::Script;
use crate::admin::ReadyFlag;
use crate::retry::{Backoff, BackoffConfig};

/// How often a connection that nobody uses is tried.
const PING_EVERY: Duration = Duration::from_secs(1);
/// Nobody waits for a connection, so a server that is back should be noticed soon.
const BACKOFF: BackoffConfig = BackoffConfig { initial: Duration::from_millis(100), max: Duration::from_secs(2) };
/// A server that answers for so long is well. One that refuses commands, but not connections, is asked less and less often.
const WELL_AFTER: Duration = Duration::from_secs(5);

/// A client of a Redis server or cluster. Clones share its connection, which [`Redis::watch`] opens and keeps.
///
/// The first command that fails or takes too long closes the connection for everybody: until there is another one, every command fails
/// at once.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    config: RedisConfig,
    link: Mutex<Link>,
    lost: Notify,
}

enum Link {
    Up {
        connection: Connection,
        number: u64,
    },
    /// The reason that `/ready` and errors give.
    Down(String),
}

impl Redis {
    /// It has no connection until [`Redis::watch`] runs.
    pub fn new(config: RedisConfig) -> Self {
        metrics::init();
        let link = Mutex::new(Link::Down("not connected yet".to_owned()));
        Self(Arc::new(Inner { config, link, lost: Notify::new() }))
    }

    /// The whole key.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0.config.prefix)
    }

    /// Why nothing can be asked now; `None`: it can.
    pub fn down(&self) -> Option<String> {
        match &*self.0.link.lock() {
            Link::Up { .. } => None,
            Link::Down(reason) => Some(reason.clone()),
        }
    }

    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        self.limited(async |mut connection: Connection| command.query_async(&mut connection).await).await
    }

    /// Executes a script on the server that has the key.
    pub async fn eval<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &str,
        arguments: &[u64],
    ) -> Result<T, RedisError> {
        let command = |name: &str, what: &str| {
            let mut command = redis::cmd(name);
            command.arg(what).arg(1).arg(key).arg(arguments);
            command
        };
        self.limited(async |mut connection: Connection| {
            let known = command("EVALSHA", &script.hash).query_async(&mut connection).await;
            match known {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    command("EVAL", &script.text).query_async(&mut connection).await
                }
                known => known,
            }
        })
        .await
    }

    async fn limited<T>(&self, ask: impl AsyncFnOnce(Connection) -> redis::RedisResult<T>) -> Result<T, RedisError> {
        let found = match &*self.0.link.lock() {
            Link::Up { connection, number } => Ok((connection.clone(), *number)),
            Link::Down(reason) => Err(RedisError::Unavailable(reason.clone())),
        };
        let asked = match found {
            Err(error) => Err(error),
            Ok((connection, number)) => {
                let limit = self.0.config.timeout;
                let asked = match timeout(limit, ask(connection)).await {
                    Ok(Ok(answer)) => Ok(answer),
                    Ok(Err(error)) => Err(RedisError::Failed(words(&error))),
                    Err(_) => Err(RedisError::Timeout(limit)),
                };
                asked.inspect_err(|error| self.lose(number, error))
            }
        };
        asked.inspect_err(|error| FAILED.with_label_values(&[error.word()]).inc())
    }

    /// Gives the connection of that number up.
    fn lose(&self, number: u64, error: &RedisError) {
        let mut link = self.0.link.lock();
        if matches!(&*link, Link::Up { number: current, .. } if *current == number) {
            *link = Link::Down(error.to_string());
            CONNECTED.with_label_values(&[] as &[&str]).set(0);
            self.0.lost.notify_one();
        }
    }

    /// Connects, and again whenever the connection is lost, until the stop. `ready` tells how it is.
    pub async fn watch(self, ready: ReadyFlag, stop: CancellationToken) {
        let mut backoff = Backoff::new(BACKOFF);
        let mut number = 0;
        let location = self.0.config.location();
        loop {
            let limit = self.0.config.connect_timeout;
            let opened = stop.run_until_cancelled(timeout(limit, Connection::open(&self.0.config))).await;
            let Some(opened) = opened else { return };
            let down = match opened {
                Ok(Ok(connection)) => {
                    number += 1;
                    *self.0.link.lock() = Link::Up { connection, number };
                    CONNECTED.with_label_values(&[] as &[&str]).set(1);
                    tracing::info!(location, "connected to Redis");
                    ready.ready();
                    let since = Instant::now();
                    let Some(reason) = stop.run_until_cancelled(self.until_lost()).await else { return };
                    if since.elapsed() >= WELL_AFTER {
                        backoff.reset();
                    }
                    reason
                }
                Ok(Err(error)) => words(&error),
                Err(_) => format!("no connection within {limit:?}"),
            };
            let reason = format!("{location}: {down}");
            *self.0.link.lock() = Link::Down(reason.clone());
            ready.not_ready(reason);
            if !backoff.wait(&stop).await {
                return;
            }
        }
    }

    /// Returns why it was lost.
    async fn until_lost(&self) -> String {
        loop {
            if let Some(reason) = self.down() {
                return reason;
            }
            tokio::select! {
                () = self.0.lost.notified() => {}
                () = tokio::time::sleep(PING_EVERY) => {
                    // A failure loses the connection.
                    drop(self.limited(async |mut connection: Connection| connection.ping().await).await);
                }
            }
        }
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("location", &self.0.config.location()).finish_non_exhaustive()
    }
}
