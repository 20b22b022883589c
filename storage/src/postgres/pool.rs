//! Connections that are kept open and shared, for services that answer many short requests.

use std::time::Duration;

use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, PoolError, RecyclingMethod, Runtime, TimeoutType};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use vru_runtime::config::Problems;

use super::config::{DatabaseConfig, Target};
use super::error::DatabaseError;

/// A bounded set of connections. Cloning it shares it.
#[derive(Debug, Clone)]
pub struct Pool {
    connections: deadpool_postgres::Pool,
    location: String,
    wait: Duration,
}

/// One connection of a [`Pool`], which gets it back when this is dropped.
pub type PooledClient = Object;

impl Pool {
    /// Connects at the first use. `application` is the name shown in `pg_stat_activity`. With `size` connections in use, others wait for
    /// `wait` at most.
    pub fn new(config: &DatabaseConfig, application: &str, size: usize, wait: Duration) -> Result<Self, DatabaseError> {
        let mut problems = Problems::default();
        let Some(target) = config.resolve(application, &mut problems) else {
            return Err(DatabaseError::Settings { problems: problems.found().join("; ") });
        };
        let location = target.location.clone();
        let connector = Connector { config: config.clone(), application: application.to_owned() };
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_connect(target.client, connector, ManagerConfig { recycling_method });
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(size)
            .wait_timeout(Some(wait))
            .create_timeout(Some(config.connect_timeout * 2))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| DatabaseError::Settings { problems: error.to_string() })?;
        Ok(Self { connections, location, wait })
    }

    /// Closes the connections that nobody uses.
    pub fn close_idle(&self) {
        self.connections.retain(|_, _| false);
    }

    pub async fn get(&self) -> Result<PooledClient, DatabaseError> {
        self.connections.get().await.map_err(|error| match error {
            PoolError::Backend(source) => DatabaseError::Connect { location: self.location.clone(), source },
            PoolError::Timeout(TimeoutType::Wait) => {
                DatabaseError::Timeout { operation: "get a connection, because all are in use", after: self.wait }
            }
            PoolError::Timeout(_) => DatabaseError::Timeout { operation: "connect", after: self.wait },
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                DatabaseError::Settings { problems: error.to_string() }
            }
        })
    }
}

/// Reads the certificates for each connection, so that renewed ones are used.
struct Connector {
    config: DatabaseConfig,
    application: String,
}

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl Connect for Connector {
    fn connect(&self, client: &Config) -> BoxFuture<'_, Connected> {
        let mut problems = Problems::default();
        let target = self.config.resolve(&self.application, &mut problems);
        let mut client = client.clone();
        async move {
            match target {
                Some(Target { client, tls: Some(tls), .. }) => {
                    let (client, connection) = client.connect(MakeRustlsConnect::new(tls)).await?;
                    Ok((client, drive(connection)))
                }
                Some(Target { client, tls: None, .. }) => {
                    let (client, connection) = client.connect(NoTls).await?;
                    Ok((client, drive(connection)))
                }
                // The certificates were readable when the pool was made. An attempt that must encrypt but cannot fails.
                None => {
                    let problems = problems.found().join("; ");
                    tracing::error!(problems, "cannot read the certificates of the PostgreSQL connection");
                    let (client, connection) = client.ssl_mode(SslMode::Require).connect(NoTls).await?;
                    Ok((client, drive(connection)))
                }
            }
        }
        .boxed()
    }
}

fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "PostgreSQL connection closed");
        }
    })
}
