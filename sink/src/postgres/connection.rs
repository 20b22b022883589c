use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{PostgresConfig, SslChoice};
use super::error::PostgresError;

/// Opens a connection. It ends when the client is dropped.
pub async fn connect(config: &PostgresConfig) -> Result<Client, PostgresError> {
    let fail = |source| PostgresError::Connect { place: config.place(), source };
    let settings = config.client().map_err(fail)?;
    let deadline = config.connect_timeout * 2;
    let connecting = async {
        if config.ssl_mode == SslChoice::Disable {
            let (client, connection) = settings.connect(NoTls).await.map_err(fail)?;
            drive(connection);
            return Ok(client);
        }
        let (client, connection) = settings.connect(tls(config)?).await.map_err(fail)?;
        drive(connection);
        Ok(client)
    };
    // `connect_timeout` covers the socket only; a server that is stopped accepts and then says nothing.
    match tokio::time::timeout(deadline, connecting).await {
        Ok(result) => result,
        Err(_) => Err(PostgresError::Timeout { operation: "connect", after: deadline }),
    }
}

fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a PostgreSQL connection ended");
        }
    });
}

fn tls(config: &PostgresConfig) -> Result<MakeRustlsConnect, PostgresError> {
    let named = !config.ssl_ca.as_os_str().is_empty();
    let certificates = if named { config.ssl_ca.display().to_string() } else { "the system".to_owned() };
    let fail = |source| PostgresError::Tls { certificates: certificates.clone(), source };
    let other = |error: &dyn std::fmt::Display| fail(std::io::Error::other(error.to_string()));
    let mut roots = RootCertStore::empty();
    if named {
        let read = CertificateDer::pem_file_iter(&config.ssl_ca).map_err(|error| other(&error))?;
        for certificate in read {
            let certificate = certificate.map_err(|error| other(&error))?;
            roots.add(certificate).map_err(|error| other(&error))?;
        }
        if roots.is_empty() {
            return Err(other(&"the file holds no certificate"));
        }
    } else {
        // Without any, a server that offers TLS is refused with its own message.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| other(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}
