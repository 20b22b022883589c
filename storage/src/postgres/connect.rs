use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{DatabaseConfig, SslMode};
use super::error::DatabaseError;

/// Opens a connection, which closes when the client is dropped. `application` is the name shown in `pg_stat_activity`.
pub async fn connect(config: &DatabaseConfig, application: &str) -> Result<Client, DatabaseError> {
    let fail = |source| DatabaseError::Connect { location: config.location(), source };
    let settings = config.client_config(application).map_err(fail)?;
    let connecting = async {
        if config.ssl_mode == SslMode::Disable {
            let (client, connection) = settings.connect(NoTls).await.map_err(fail)?;
            drive(connection);
            return Ok(client);
        }
        let (client, connection) = settings.connect(tls_connector(config)?).await.map_err(fail)?;
        drive(connection);
        Ok(client)
    };
    // `connect_timeout` covers the socket only. A suspended server accepts the connection and then sends nothing.
    let deadline = config.connect_timeout * 2;
    match tokio::time::timeout(deadline, connecting).await {
        Ok(result) => result,
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

fn tls_connector(config: &DatabaseConfig) -> Result<MakeRustlsConnect, DatabaseError> {
    let own_ca = !config.ssl_ca.as_os_str().is_empty();
    let certificates = if own_ca { config.ssl_ca.display().to_string() } else { "the system".to_owned() };
    let fail = |error: &dyn std::fmt::Display| DatabaseError::Tls {
        certificates: certificates.clone(),
        source: std::io::Error::other(error.to_string()),
    };
    let mut roots = RootCertStore::empty();
    if own_ca {
        for certificate in CertificateDer::pem_file_iter(&config.ssl_ca).map_err(|error| fail(&error))? {
            let certificate = certificate.map_err(|error| fail(&error))?;
            roots.add(certificate).map_err(|error| fail(&error))?;
        }
        if roots.is_empty() {
            return Err(fail(&"the file contains no certificate"));
        }
    } else {
        // If the system has none, the TLS handshake fails with a clear message.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}
