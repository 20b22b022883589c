//! TLS to a real PostgreSQL: which servers are accepted in which mode, and that nothing secret reaches the others.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::OnceLock;

use vru_runtime::report::chain;
use vru_runtime::secret::Secret;
use vru_runtime::test_util::{Authority, PostgresServer, PostgresTls, postgres};
use vru_storage::postgres::{DatabaseConfig, connect};

struct Fixture {
    server: PostgresServer,
    ca: Authority,
    other_ca: Authority,
}

/// A server that requires TLS and whose certificate names `localhost` only; the database `needs_certificate` also requires a
/// client certificate.
fn fixture() -> &'static Fixture {
    static SHARED: OnceLock<Fixture> = OnceLock::new();
    SHARED.get_or_init(|| {
        let (ca, other_ca) = (Authority::new("right"), Authority::new("wrong"));
        let server = PostgresServer::start_tls(&PostgresTls {
            server: ca.issue("server", "DNS:localhost"),
            client_ca: ca.certificate(),
            access: &[
                "hostssl needs_certificate all all scram-sha-256 clientcert=verify-ca",
                "hostssl all all all scram-sha-256",
            ],
        });
        let database = server.database();
        server.query(&database, "create database needs_certificate");
        Fixture { server, ca, other_ca }
    })
}

/// Connects and runs a statement; returns whether the connection is encrypted, or the error.
async fn attempt(url: &str) -> Result<bool, String> {
    let config = DatabaseConfig { url: Secret::new(url), ..DatabaseConfig::default() };
    let client = connect(&config, "test").await.map_err(|error| chain(&error).to_string())?;
    let row = client.query_one("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", &[]).await;
    Ok(row.expect("the connection works").get(0))
}

fn url(host: &str, database: &str, parameters: &str) -> String {
    format!("postgres://vru:of-the-test-database@{host}:{}/{database}?{parameters}", fixture().server.port())
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test]
async fn each_ssl_mode_verifies_what_libpq_verifies() {
    let Fixture { ca, other_ca, .. } = fixture();
    let (right, wrong) = (path(&ca.certificate()), path(&other_ca.certificate()));
    for (host, parameters, accepted) in [
        ("localhost", format!("sslmode=verify-full&sslrootcert={right}"), true),
        // A CA without a mode is meant to be verified.
        ("localhost", format!("sslrootcert={right}"), true),
        ("localhost", format!("sslmode=verify-full&sslrootcert={wrong}"), false),
        ("localhost", "sslmode=verify-full".to_owned(), false),
        ("127.0.0.1", format!("sslmode=verify-full&sslrootcert={right}"), false),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={right}"), true),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={wrong}"), false),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={right}"), true),
        ("127.0.0.1", format!("sslmode=require&sslrootcert={wrong}"), false),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
        ("127.0.0.1", "sslmode=prefer".to_owned(), true),
        ("127.0.0.1", String::new(), true),
    ] {
        let found = attempt(&url(host, "postgres", &parameters)).await;
        assert_eq!(found.as_ref().ok(), accepted.then_some(&true), "{host} {parameters}: {found:?}");
        if let Err(error) = found {
            assert!(error.contains("certificate") && !error.contains("vru-test"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_server_that_requires_tls_refuses_a_client_without_it() {
    let error = attempt(&url("127.0.0.1", "postgres", "sslmode=disable")).await.unwrap_err();
    assert!(error.contains("no encryption"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_is_sent_when_the_server_asks_for_one() {
    let Fixture { ca, other_ca, .. } = fixture();
    let parameters = |authority: &Authority| {
        let client = authority.issue("client", "DNS:client");
        let (root, certificate, key) = (path(&ca.certificate()), path(&client.certificate), path(&client.key));
        format!("sslmode=verify-full&sslrootcert={root}&sslcert={certificate}&sslkey={key}")
    };
    assert_eq!(attempt(&url("localhost", "needs_certificate", &parameters(ca))).await, Ok(true));
    for refused in [parameters(other_ca), format!("sslrootcert={}", path(&ca.certificate()))] {
        let error = attempt(&url("localhost", "needs_certificate", &refused)).await.unwrap_err();
        assert!(!error.contains("vru-test"), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_when_tls_is_required() {
    let database = postgres().database();
    assert_eq!(attempt(&format!("{database}?sslmode=prefer")).await, Ok(false));
    for mode in ["require", "verify-full"] {
        let error = attempt(&format!("{database}?sslmode={mode}")).await.unwrap_err();
        assert!(error.contains("does not support TLS"), "{error}");
    }
}

/// A server that declines TLS and then asks for the password in plain text.
#[tokio::test]
async fn nothing_is_sent_to_a_server_that_declines_required_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        socket.read_exact(&mut request).unwrap();
        // "No TLS", and AuthenticationCleartextPassword.
        socket.write_all(b"NR\0\0\0\x08\0\0\0\x03").unwrap();
        let mut rest = Vec::new();
        // A connection that is closed with unread data is reset.
        drop(socket.read_to_end(&mut rest));
        (request, rest)
    });
    let url = format!("postgres://vru:of-the-test-database@{address}/d?sslmode=require");
    assert!(attempt(&url).await.unwrap_err().contains("does not support TLS"));
    let (request, rest) = server.join().unwrap();
    // SSLRequest, and nothing else.
    assert_eq!((request, rest), ([0, 0, 0, 8, 4, 210, 22, 47], Vec::new()));
}

#[tokio::test]
async fn the_first_host_that_meets_the_session_attributes_is_used() {
    let (plain, name) = (postgres(), "attributes");
    plain.query("postgres", &format!("create database {name}"));
    plain.query("postgres", &format!("alter database {name} set default_transaction_read_only = on"));
    let tls = fixture().server.port();
    fixture().server.query("postgres", &format!("create database {name}"));
    let hosts = format!("127.0.0.1:{},localhost:{tls}", plain.port());
    for (attributes, encrypted) in [("any", false), ("read-only", false), ("read-write", true)] {
        let found =
            attempt(&format!("postgres://vru:of-the-test-database@{hosts}/{name}?target_session_attrs={attributes}"))
                .await;
        assert_eq!(found, Ok(encrypted), "{attributes}");
    }
}
