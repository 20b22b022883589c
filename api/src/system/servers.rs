use serde::Serialize;
use utoipa::ToSchema;
use vru_runtime::live::LiveStore;
use vru_runtime::redis::Redis;
use vru_runtime::report::chain;
use vru_storage::postgres::{Pool, check_schema};

use crate::database::Standing;
use crate::pictures::Pictures;

/// The servers that the API uses.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Servers {
    pub(super) database: Server,
    /// Of the database.
    pub(super) replica: Server,
    pub(super) redis: Server,
    pub(super) kafka: Server,
    pub(super) s3: Server,
}

/// A server, as the API finds it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Server {
    state: ServerState,
    /// What is wrong, or less good.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Of a replica that is used: how old its state is at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_seconds: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ServerState {
    Ok,
    Failed,
    /// The API does without it.
    NotConfigured,
}

impl Server {
    pub(super) fn ok() -> Self {
        Self { state: ServerState::Ok, detail: None, lag_seconds: None }
    }

    pub(super) fn failed(why: String) -> Self {
        Self { state: ServerState::Failed, detail: Some(why), lag_seconds: None }
    }

    fn not_configured(detail: &str) -> Self {
        Self { state: ServerState::NotConfigured, detail: Some(detail.to_owned()), lag_seconds: None }
    }

    pub(super) fn of(asked: Result<(), String>) -> Self {
        asked.map_or_else(Self::failed, |()| Self::ok())
    }
}

pub(super) async fn database(pool: &Pool) -> Result<(), String> {
    let answer = async { check_schema(&*pool.get().await?).await };
    answer.await.map(drop).map_err(|error| format!("{}{}", chain(&error), error.advice()))
}

pub(super) fn replica(standing: Option<Standing>) -> Server {
    match standing {
        None => Server::not_configured("the primary serves all reads"),
        Some(Standing::Near(lag)) => Server { lag_seconds: Some(lag.as_secs_f64()), ..Server::ok() },
        Some(unused) => Server::failed(unused.why().unwrap_or_default().to_owned()),
    }
}

pub(super) fn redis(redis: Option<&Redis>, live: Option<&LiveStore>) -> Server {
    match (redis, live) {
        (Some(redis), _) => Server::of(redis.down().map_or(Ok(()), Err)),
        (None, Some(_)) => {
            Server::not_configured("limits and the live state are those of this process, which is the only one")
        }
        (None, None) => {
            Server::not_configured("each replica limits requests for itself, and nobody knows what cameras show now")
        }
    }
}

/// Asks for an object that nobody stores.
pub(super) async fn s3(pictures: &Pictures) -> Result<Server, String> {
    match pictures.probe().await {
        None => Ok(Server::not_configured("`s3.enabled` is not set: the API shows no pictures")),
        Some(answer) => answer.map(|()| Server::ok()),
    }
}
