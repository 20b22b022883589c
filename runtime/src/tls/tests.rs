use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

use super::metrics::{LOADS, REFUSED};
use super::*;
use crate::test_util::{CertificateFiles, eventually, wait_until};

const DEADLINE: Duration = Duration::from_mins(1);

/// Answers each connection with what it sends.
async fn echo_server(tls: ServerTls) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = TlsAcceptor::from(tls.current());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let (mut read, mut write) = tokio::io::split(stream);
                tokio::io::copy(&mut read, &mut write).await.ok();
            });
        }
    });
    address
}

/// Connects as a client that trusts this certificate only.
async fn connect(address: std::net::SocketAddr, trusted: &CertificateFiles) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&trusted.certificate).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(std::sync::Arc::new(client)).connect(name, stream).await?;
    echo(&mut stream).await?;
    Ok(stream)
}

async fn echo(stream: &mut TlsStream<TcpStream>) -> std::io::Result<()> {
    stream.write_all(b"hello").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"hello");
    Ok(())
}

async fn served_to(address: std::net::SocketAddr, trusted: &CertificateFiles) -> Result<(), String> {
    connect(address, trusted).await.map(drop).map_err(|error| error.to_string())
}

fn loads(server: &str, outcome: &str) -> u64 {
    LOADS.with_label_values(&[server, outcome]).get()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_served_and_a_broken_one_keeps_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name| CertificateFiles::create(folder.path(), name);
    let (served, first, second, third) = (make("served"), make("first"), make("second"), make("third"));
    let expired = CertificateFiles::create_expired(folder.path(), "expired");
    first.replace(&served);
    let stop = CancellationToken::new();
    let server = "reload-test";
    let tls = ServerTls::start(server, &served.certificate, &served.key, &[], stop.clone()).unwrap();
    let address = echo_server(tls).await;
    let mut long = connect(address, &first).await.unwrap();

    second.replace(&served);
    eventually(DEADLINE, "the new certificate to be served", async || served_to(address, &second).await).await;
    assert!(connect(address, &first).await.is_err(), "the old certificate is still served");
    echo(&mut long).await.expect("the open connection goes on");

    let broken: [(&str, &dyn Fn()); 5] = [
        ("a key of another certificate", &|| {
            std::fs::copy(&first.key, &served.key).unwrap();
        }),
        ("an empty certificate", &|| std::fs::write(&served.certificate, "").unwrap()),
        ("no PEM", &|| std::fs::write(&served.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap()),
        ("an expired certificate", &|| expired.replace(&served)),
        ("a missing file", &|| std::fs::remove_file(&served.certificate).unwrap()),
    ];
    for (kind, make_it_so) in broken {
        let before = loads(server, "refused");
        make_it_so();
        wait_until(DEADLINE, &format!("{kind} to be refused"), || loads(server, "refused") > before);
        assert_eq!(REFUSED.with_label_values(&[server]).get(), 1, "{kind}");
        connect(address, &second).await.unwrap_or_else(|error| panic!("after {kind}: {error}"));
    }

    third.replace(&served);
    eventually(DEADLINE, "the third certificate to be served", async || served_to(address, &third).await).await;
    assert_eq!(REFUSED.with_label_values(&[server]).get(), 0);
    echo(&mut long).await.expect("the open connection goes on");
    stop.cancel();
}

#[tokio::test]
async fn a_server_does_not_start_with_files_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name| CertificateFiles::create(folder.path(), name);
    let (first, second) = (make("first"), make("second"));
    let expired = CertificateFiles::create_expired(folder.path(), "expired");
    let missing = folder.path().join("missing.pem");
    let start = |certificate: &std::path::Path, key: &std::path::Path| {
        assert_eq!(
            ServerTls::check(certificate, key).is_ok(),
            ServerTls::start("start-test", certificate, key, &[], CancellationToken::new()).is_ok()
        );
        ServerTls::check(certificate, key).err().map(|error| crate::report::chain(&error).to_string())
    };
    assert_eq!(start(&first.certificate, &first.key), None);
    for (certificate, key, wanted) in [
        (&first.certificate, &second.key, "second.key"),
        (&first.key, &first.key, "no certificate"),
        (&first.certificate, &first.certificate, "no private key"),
        (&missing, &first.key, "missing.pem cannot be read"),
        (&expired.certificate, &expired.key, "has expired"),
    ] {
        let error = start(certificate, key).unwrap_or_else(|| panic!("{wanted} was accepted"));
        assert!(error.contains(wanted), "{wanted} is not in {error}");
    }
}
