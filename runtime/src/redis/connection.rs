//! One connection, to a single server or to a cluster.

use std::fs;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo as _, Pipeline,
    RedisConnectionInfo, RedisFuture, RedisResult, TlsCertificates, Value,
};

use super::config::{Node, RedisConfig};

/// A cluster that moves slots answers with another node's address, which is asked then.
const REDIRECTIONS: u32 = 4;
const SHORTEST_PAUSE_MS: u64 = 5;
const LONGEST_PAUSE_MS: u64 = 20;

/// Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects and logs in. Each server, of a cluster each master, must answer.
    pub(super) async fn open(config: &RedisConfig) -> RedisResult<Self> {
        let nodes =
            config.nodes().map_err(|problem| redis::RedisError::from((ErrorKind::InvalidClientConfig, problem)))?;
        let limit = config.connect_timeout;
        let mut connection = if config.cluster {
            Self::Cluster(cluster(config, &nodes, limit)?.get_async_connection().await?)
        } else {
            let Some(node) = nodes.first() else {
                return Err((ErrorKind::InvalidClientConfig, "there is no server").into());
            };
            let info = address(node).into_connection_info()?.set_redis_settings(login(config));
            let client = match tls(config, node)? {
                Some(certificates) => Client::build_with_tls(info, certificates)?,
                None => Client::open(info)?,
            };
            // Every command has a time limit of its own.
            let settings = AsyncConnectionConfig::new().set_connection_timeout(Some(limit)).set_response_timeout(None);
            Self::Single(client.get_multiplexed_async_connection_with_config(&settings).await?)
        };
        connection.ping().await?;
        Ok(connection)
    }

    pub(super) async fn ping(&mut self) -> RedisResult<()> {
        match self {
            Self::Single(single) => redis::cmd("PING").exec_async(single).await,
            Self::Cluster(cluster) => {
                let masters = (MultipleNodeRoutingInfo::AllMasters, Some(ResponsePolicy::AllSucceeded));
                cluster.route_command(redis::cmd("PING"), RoutingInfo::MultiNode(masters)).await.map(drop)
            }
        }
    }
}

fn address(node: &Node) -> ConnectionAddr {
    let Node { host, port, tls } = node.clone();
    if tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    }
}

fn login(config: &RedisConfig) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default();
    if !config.username.is_empty() {
        login = login.set_username(&config.username);
    }
    if !config.password.is_empty() {
        login = login.set_password(config.password.expose());
    }
    login
}

/// `None` without TLS.
fn tls(config: &RedisConfig, node: &Node) -> RedisResult<Option<TlsCertificates>> {
    if !node.tls {
        return Ok(None);
    }
    let own = !config.tls_ca.as_os_str().is_empty();
    let root_cert = own.then(|| fs::read(&config.tls_ca)).transpose()?;
    Ok(Some(TlsCertificates { client_tls: None, root_cert }))
}

fn cluster(config: &RedisConfig, nodes: &[Node], limit: Duration) -> RedisResult<ClusterClient> {
    let addresses: RedisResult<Vec<_>> = nodes.iter().map(|node| address(node).into_connection_info()).collect();
    let mut builder = ClusterClient::builder(addresses?)
        .connection_timeout(limit)
        .response_timeout(limit)
        .retries(REDIRECTIONS)
        .min_retry_wait(SHORTEST_PAUSE_MS)
        .max_retry_wait(LONGEST_PAUSE_MS);
    if !config.username.is_empty() {
        builder = builder.username(&config.username);
    }
    if !config.password.is_empty() {
        builder = builder.password(config.password.expose());
    }
    if let Some(node) = nodes.first()
        && let Some(certificates) = tls(config, node)?
    {
        builder = builder.certs(certificates);
    }
    builder.build()
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(single) => single.req_packed_command(cmd),
            Self::Cluster(cluster) => cluster.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(single) => single.req_packed_commands(cmd, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        0
    }
}
