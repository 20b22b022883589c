use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;
use vru_runtime::config::Problems;

use super::config::{DatabaseConfig, Target};
use super::error::DatabaseError;

/// Opens a connection, which closes when the client is dropped. `application` is the name shown in `pg_stat_activity`. Reads the
/// certificates again, so that renewed ones are used.
pub async fn connect(config: &DatabaseConfig, application: &str) -> Result<Client, DatabaseError> {
    let mut problems = Problems::default();
    let Some(Target { client, tls, location }) = config.resolve(application, &mut problems) else {
        return Err(DatabaseError::Settings { problems: problems.found().join("; ") });
    };
    let connecting = async {
        if let Some(tls) = tls {
            let (client, connection) = client.connect(MakeRustlsConnect::new(tls)).await?;
            drive(connection);
            Ok(client)
        } else {
            let (client, connection) = client.connect(NoTls).await?;
            drive(connection);
            Ok(client)
        }
    };
    // `connect_timeout` covers the socket only. A suspended server accepts the connection and then sends nothing.
    let deadline = config.connect_timeout * 2;
    match tokio::time::timeout(deadline, connecting).await {
        Ok(result) => result.map_err(|source| DatabaseError::Connect { location, source }),
        Err(_) => Err(DatabaseError::Timeout { operation: "connect", after: deadline }),
    }
}

fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "PostgreSQL connection closed");
        }
    });
}
