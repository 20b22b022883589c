//! How the whole system is, as far as the API can know it: servers, consumers, workers, frames. Each part has a deadline of its own, and what
//! cannot be known says why.

mod config;
mod consumers;
mod frames;
mod ingest;
mod servers;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::live::LiveStore;
use vru_runtime::redis::Redis;
use vru_storage::postgres::Pool;

use crate::config::ApiConfig;
use crate::database::Reads;
use crate::pictures::Pictures;
use consumers::{Consumer, Consumers};
use frames::{Frames, Workers};
use ingest::Ingest;
use servers::{Server, Servers};

pub use config::SystemConfig;

/// How long an answer serves everybody who asks: to make one takes many questions.
const FRESH_FOR: Duration = Duration::from_secs(2);
/// How long a part may take.
const PART_DEADLINE: Duration = Duration::from_secs(3);

/// What the API asks.
#[derive(Debug, Clone)]
pub(crate) struct System(Arc<Sources>);

#[derive(Debug)]
struct Sources {
    deadline: Duration,
    config: SystemConfig,
    kafka: KafkaConfig,
    webhooks_group: String,
    database: Pool,
    reads: Reads,
    redis: Option<Redis>,
    live: Option<LiveStore>,
    pictures: Pictures,
    newest: Mutex<Option<(Instant, Arc<Health>)>>,
}

/// How the system is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SystemHealth)]
pub(crate) struct Health {
    servers: Servers,
    /// How far each consumer of Kafka is behind.
    consumers: Vec<Consumer>,
    ingest: Ingest,
    workers: Workers,
    frames: Frames,
}

impl System {
    pub(crate) fn new(
        config: &ApiConfig,
        database: Pool,
        reads: Reads,
        redis: Option<Redis>,
        live: Option<LiveStore>,
        pictures: Pictures,
    ) -> Self {
        Self(Arc::new(Sources {
            // The answer must come before the request is given up.
            deadline: PART_DEADLINE.min(config.http.timeout.mul_f64(0.4)),
            config: config.system.clone(),
            kafka: config.kafka.clone(),
            webhooks_group: config.webhooks.group.clone(),
            database,
            reads,
            redis,
            live,
            pictures,
            newest: Mutex::default(),
        }))
    }

    /// How the system is now, or was at most two seconds ago. Who asks meanwhile waits for the same answer.
    pub(crate) async fn health(&self) -> Arc<Health> {
        let mut newest = self.0.newest.lock().await;
        if let Some((at, health)) = &*newest
            && at.elapsed() < FRESH_FOR
        {
            return health.clone();
        }
        let health = Arc::new(Box::pin(self.0.ask()).await);
        *newest = Some((Instant::now(), health.clone()));
        health
    }
}

impl Sources {
    async fn ask(&self) -> Health {
        let (servers, (consumers, kafka), ingest, (workers, frames)) =
            futures::join!(self.servers(), self.consumers(), self.ingest(), self.frames());
        let Consumers(consumers) = consumers;
        Health { servers: Servers { kafka, ..servers }, consumers, ingest, workers, frames }
    }

    /// The answer of a part, or why there is none.
    async fn in_time<T>(&self, part: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        let late = |_| Err(format!("no answer within {:?}", self.deadline));
        timeout(self.deadline, part).await.unwrap_or_else(late)
    }

    async fn servers(&self) -> Servers {
        let (database, s3) =
            futures::join!(self.in_time(servers::database(&self.database)), self.in_time(servers::s3(&self.pictures)));
        Servers {
            database: Server::of(database),
            replica: servers::replica(self.reads.standing()),
            redis: servers::redis(self.redis.as_ref(), self.live.as_ref()),
            kafka: Server::ok(),
            s3: s3.unwrap_or_else(Server::failed),
        }
    }
}
